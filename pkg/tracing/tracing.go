// Package tracing makes one trace of all work for the subject of a saga, such as an
// order, for AWS X-Ray, with OpenTelemetry.
//
//	HTTP API     continues the trace of its invocation, or begins one
//	event        carries the span that published it (traceparent)
//	worker       handles an event in a span that is a child of the one it carries
//	bus, queue   carry the same in X-Ray's own header, made by Header
//
// The parent of a span is in its context; the parent of an event's span is in the
// event. So an event keeps its place in the trace however late, how often and by
// which route it is delivered. Nothing here is global: code that starts spans takes
// an OpenTelemetry tracer, of NewProvider or any other.
//
// A trace that is not sampled has ids too, but is not exported.
package tracing

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/contrib/propagators/aws/xray"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"example.com/saga/pkg/event"
)

// The names under which W3C Trace Context and X-Ray carry a span.
const (
	w3cHeader  = "traceparent"
	xrayHeader = "X-Amzn-Trace-Id"
)

// serviceName is the attribute with the name of a resource.
const serviceName = "service.name"

// NewProvider makes a provider of tracers for a service. Its spans have ids in the
// form that X-Ray requires. The sampler decides which spans are exported: it is
// ParentBased, or another one of OpenTelemetry where traces begin. Each span is
// exported when it ends, because Lambda freezes a function as soon as it has
// answered. Without an exporter only the ids are passed on.
func NewProvider(service string, sampler sdktrace.Sampler, exporter sdktrace.SpanExporter) *sdktrace.TracerProvider {
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithIDGenerator(xray.NewIDGenerator()),
		sdktrace.WithSampler(sampler),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String(serviceName, service))),
	}
	if exporter != nil {
		options = append(options, sdktrace.WithSyncer(exporter))
	}
	return sdktrace.NewTracerProvider(options...)
}

// ParentBased samples a span if its parent was sampled, and every root span.
func ParentBased() sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.AlwaysSample()) }

// Parent returns the current span as a traceparent of W3C Trace Context, or "" if
// there is none.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get(w3cHeader)
}

// Continue returns a context whose spans are children of a traceparent. One that
// is empty or malformed changes nothing.
func Continue(ctx context.Context, traceParent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{w3cHeader: traceParent})
}

// ContinueInvocation returns a context whose spans are children of the
// invocation of a Lambda function, if Lambda has put its trace into ctx.
func ContinueInvocation(ctx context.Context) context.Context {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // The key of package lambda.
	return xray.Propagator{}.Extract(ctx, propagation.MapCarrier{xrayHeader: header})
}

// Header returns a traceparent in the format of X-Ray's header, such as
// Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1, or
// "" if it is empty or malformed.
func Header(traceParent string) string {
	carrier := propagation.MapCarrier{}
	xray.Propagator{}.Inject(Continue(context.Background(), traceParent), carrier)
	return carrier.Get(xrayHeader)
}

// subjectTracer is a tracer with a name for subjects.
type subjectTracer struct {
	trace.Tracer

	name string
}

// NameSubject returns a tracer of whose spans Start names the attribute with an event's
// subject, such as order_id. With any other tracer, or an empty name, it is subject. X-Ray
// searches by it as annotation.order_id, so it has only letters, digits and _.
func NameSubject(tracer trace.Tracer, name string) trace.Tracer {
	return subjectTracer{tracer, name}
}

// Start starts the span in which an event or a command is handled: a child of the
// span in the context, or a root span. Without a tracer there is no new span, and
// the span in the context stays the current one. The span has the attributes event_id,
// correlation_id and the subject (see NameSubject).
func Start(ctx context.Context, tracer trace.Tracer, e event.Event, kind trace.SpanKind) (context.Context, trace.Span) {
	if tracer == nil {
		tracer = noop.Tracer{}
	}
	named, _ := tracer.(subjectTracer)
	return tracer.Start(ctx, cmp.Or(e.Type, "unknown"), trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("event_id", e.ID),
		attribute.String(cmp.Or(named.name, "subject"), e.Subject),
		attribute.String("correlation_id", e.CorrelationID),
	))
}

// End ends a span. The span is a fault if there is an error, unless the error is
// one of those that are expected.
func End(span trace.Span, err error, expected ...error) {
	isErr := func(target error) bool { return errors.Is(err, target) }
	if err != nil && !slices.ContainsFunc(expected, isErr) {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// ID returns the id of the current trace in the format of X-Ray, such as
// 1-67891233-abcdef012345678912345678, or "" if there is none, or if it is not
// sampled and therefore not in X-Ray.
func ID(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() || !span.IsSampled() {
		return ""
	}
	return xrayID(span.TraceID())
}
