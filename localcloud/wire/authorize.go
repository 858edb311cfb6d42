package wire

import "context"

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
