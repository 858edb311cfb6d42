package wire

import (
	"context"
	"net/http"
)

type sessionKey struct{}

// withSession returns a context that knows the session token of a request.
func withSession(ctx context.Context, r *http.Request) context.Context {
	return context.WithValue(ctx, sessionKey{}, r.Header.Get("X-Amz-Security-Token"))
}

// Session is the session token that came with the request, or "" without one.
// Each process of a function has its own.
func Session(ctx context.Context) string {
	token, _ := ctx.Value(sessionKey{}).(string)
	return token
}
