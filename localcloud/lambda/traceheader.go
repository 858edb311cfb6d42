package lambda

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// traceHeader is the header of HTTP requests to Lambda that has the trace.
const traceHeader = "X-Amzn-Trace-Id"

// The parts of a trace header.
var (
	rootPattern    = regexp.MustCompile(`(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)`)
	sampledPattern = regexp.MustCompile(`(?:^|;)Sampled=([01])(?:;|$)`)
)

type traceKey struct{}

// WithTrace returns a context whose invocations belong to the trace of an X-Ray
// header, such as an event's TraceHeader.
func WithTrace(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, traceKey{}, header)
}

// trace returns the trace header of an invocation. It continues the caller's
// trace, with the decision about its sampling. Without one it begins a trace,
// which is sampled if the function's tracing is active. The parent is Lambda's
// own segment, which does not exist here.
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
