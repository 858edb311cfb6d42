package wire

import (
	"context"
	"net/http"
)

type sessionKey struct{}

// withSession returns a context with the session token of a request.
func withSession(ctx context.Context, r *http.Request) context.Context {
	return context.WithValue(ctx, sessionKey{}, r.Header.Get("X-Amz-Security-Token"))
}

// Session returns the session token of the request, or "" if it has none. Each
// process of a function has its own.
func Session(ctx context.Context) string {
	token, _ := ctx.Value(sessionKey{}).(string)
	return token
}
