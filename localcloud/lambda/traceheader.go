package lambda

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// traceHeader carries a trace in HTTP requests to Lambda.
const traceHeader = "X-Amzn-Trace-Id"

// The parts of a trace header.
var (
	rootPattern    = regexp.MustCompile(`(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)`)
	sampledPattern = regexp.MustCompile(`(?:^|;)Sampled=([01])(?:;|$)`)
)

type traceKey struct{}

// WithTrace returns a context whose invocations belong to the trace that a
// header of X-Ray tells, such as an event's TraceHeader.
func WithTrace(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, traceKey{}, header)
}

// trace is the header that an invocation is given. It goes on with the trace of
// who invokes, and with the decision about its sampling, or else begins a trace:
// one that is sampled, if the function's tracing is active. The parent is
// Lambda's own segment, of which nothing else is to be seen here.
func (f *Function) trace(ctx context.Context, now time.Time) string {
	random := uuid.New()
	root, sampled := fmt.Sprintf("1-%08x-%x", now.Unix(), random[:12]), "0"
	if f.ActiveTracing {
		sampled = "1"
	}
	upstream, _ := ctx.Value(traceKey{}).(string)
	if found := rootPattern.FindStringSubmatch(upstream); found != nil {
		root = found[1]
		if decided := sampledPattern.FindStringSubmatch(upstream); decided != nil {
			sampled = decided[1]
		}
	}
	parent := uuid.New()
	return fmt.Sprintf("Root=%s;Parent=%x;Sampled=%s", root, parent[:8], sampled)
}
