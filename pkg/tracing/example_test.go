package tracing_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/tracing"
)

// An event carries the span that published it, and its consumer continues the trace. In
// a function, the exporter is a Daemon.
func Example() {
	exporter := tracetest.NewInMemoryExporter()
	provider := tracing.NewProvider("hotel", tracing.ParentBased(), exporter)
	tracer := tracing.NameSubject(provider.Tracer("example.com/travel"), "booking_id")

	e := event.Event{
		ID: "e-1", Type: "booking.requested", Subject: "b-1", CorrelationID: "b-1",
		TraceParent: "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-01",
	}
	ctx, span := tracing.Start(tracing.Continue(context.Background(), e.TraceParent), tracer, e, trace.SpanKindConsumer)
	fmt.Println(tracing.ID(ctx))
	tracing.End(span, nil)

	for _, exported := range exporter.GetSpans() {
		fmt.Println(exported.Name, "is caused by", exported.Parent.SpanID())
		for _, attribute := range exported.Attributes {
			fmt.Println(attribute.Key, attribute.Value.AsString())
		}
	}
	// Output:
	// 1-67891233-abcdef012345678912345678
	// booking.requested is caused by 53995c3f42cd8ad8
	// event_id e-1
	// booking_id b-1
	// correlation_id b-1
}
