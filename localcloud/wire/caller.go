package wire

import "context"

// caller is what a request is signed with.
type caller struct{ accessKeyID, service, session string }

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	from, _ := ctx.Value(callerKey{}).(caller)
	return from
}

// WithCaller returns a context with the access key id that signed the request.
func WithCaller(ctx context.Context, accessKeyID string) context.Context {
	from := callerOf(ctx)
	from.accessKeyID = accessKeyID
	return context.WithValue(ctx, callerKey{}, from)
}

// Caller returns the access key id that signed the request, or "" for a call
// from inside the local cloud.
func Caller(ctx context.Context) string { return callerOf(ctx).accessKeyID }

// Session returns the session token of the request, or "" if it has none. Each
// process of a function has its own.
func Session(ctx context.Context) string { return callerOf(ctx).session }

// Authorize decides whether the caller in ctx may do an action to a resource,
// which has an ARN or is "*". Nil allows everything.
type Authorize func(ctx context.Context, action, resource string, conditions map[string][]string) error

// Check calls Authorize, if there is one.
func (a Authorize) Check(ctx context.Context, action, resource string, conditions map[string][]string) error {
	if a == nil {
		return nil
	}
	return a(ctx, action, resource, conditions)
}
