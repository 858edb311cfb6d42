// Package tracing makes one trace of all that happens because of an order, for
// AWS X-Ray, by means of OpenTelemetry.
//
//	front door   continues the trace of its invocation, or begins one
//	event        carries the span that published it (traceparent)
//	worker       handles an event in a span, the child of the one it carries
//	bus, queue   carry the same in X-Ray's own header, made by Header
//
// A span says who has sent for it by its context; an event does so by its
// content, so that it keeps its place in the trace however late, often or by
// what way it is delivered. Nothing here is global: who starts spans is given a
// tracer of OpenTelemetry, which may be another one than NewProvider's.
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

// serviceName is the attribute by which a resource tells its name.
const serviceName = "service.name"

// NewProvider makes tracers whose spans are the given service's, with ids that
// X-Ray takes. The sampler says which of them are exported: Followed, or, where
// traces begin, one of OpenTelemetry's that decides. Each span is exported when
// it ends, because a function is frozen as soon as it has answered. Without an
// exporter only the ids travel.
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

// Followed samples what whoever has sent for it samples, and all that nobody has
// sent for.
func Followed() sdktrace.Sampler { return sdktrace.ParentBased(sdktrace.AlwaysSample()) }

// Parent gives the span that is under way as a traceparent of W3C Trace Context,
// or nothing.
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
// invocation of a Lambda function, if Lambda has told its trace.
func ContinueInvocation(ctx context.Context) context.Context {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // The key of package lambda.
	return xray.Propagator{}.Extract(ctx, propagation.MapCarrier{xrayHeader: header})
}

// Header gives a traceparent as AWS services carry it, such as
// Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1, or
// nothing if it is empty or malformed.
func Header(traceParent string) string {
	carrier := propagation.MapCarrier{}
	xray.Propagator{}.Inject(Continue(context.Background(), traceParent), carrier)
	return carrier.Get(xrayHeader)
}

// Start begins the span in which an event or a command is handled: a child of the
// span in the context, or the beginning of a trace. Without a tracer there is no
// span, and the context says who has sent for it as before.
func Start(ctx context.Context, tracer trace.Tracer, e event.Event, kind trace.SpanKind) (context.Context, trace.Span) {
	if tracer == nil {
		tracer = noop.Tracer{}
	}
	return tracer.Start(ctx, cmp.Or(e.Type, "unknown"), trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("event_id", e.ID),
		attribute.String("order_id", e.Subject),
		attribute.String("correlation_id", e.CorrelationID),
	))
}

// End ends a span: as a fault, if there is an error and it is none of those that
// are an answer too.
func End(span trace.Span, err error, answers ...error) {
	isAnswer := func(answer error) bool { return errors.Is(err, answer) }
	if err != nil && !slices.ContainsFunc(answers, isAnswer) {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// ID gives the id of the trace that is under way as X-Ray writes it, such as
// 1-67891233-abcdef012345678912345678, or nothing.
func ID(ctx context.Context) string {
	id := trace.SpanContextFromContext(ctx).TraceID()
	if !id.IsValid() {
		return ""
	}
	return xrayID(id)
}
