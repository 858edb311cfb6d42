package tracing_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/tracing"
)

const (
	parent    = "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-01"
	header    = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
	xrayID    = "1-67891233-abcdef012345678912345678"
	unsampled = "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-00"
)

// invoked is the context of an invocation, as package lambda makes it.
func invoked(t *testing.T, header string) context.Context {
	t.Helper()
	return context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:staticcheck // The key of package lambda.
}

// exported returns the tracer of a service, and its exporter.
func exported(t *testing.T) (trace.Tracer, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	return tracing.NewProvider("payment", tracing.ParentBased(), exporter).Tracer("test"), exporter
}

func TestATraceIsContinued(t *testing.T) {
	for name, test := range map[string]struct {
		ctx  context.Context //nolint:containedctx // It is what is tested.
		want string
	}{
		"of an event":                           {tracing.Continue(t.Context(), parent), parent},
		"of an event that is not sampled":       {tracing.Continue(t.Context(), unsampled), unsampled},
		"of no event":                           {tracing.Continue(t.Context(), ""), ""},
		"of an invocation":                      {tracing.ContinueInvocation(invoked(t, header)), parent},
		"of an invocation that is not sampled":  {tracing.ContinueInvocation(invoked(t, strings.Replace(header, "Sampled=1", "Sampled=0", 1))), unsampled},
		"of an invocation with a lineage":       {tracing.ContinueInvocation(invoked(t, header+";Lineage=1:1234abcd:0")), parent},
		"of an invocation without a trace":      {tracing.ContinueInvocation(t.Context()), ""},
		"of an invocation with a broken header": {tracing.ContinueInvocation(invoked(t, "Root=1-1;Parent=1;Sampled=1")), ""},
		"of an event rather than of its invocation": {
			tracing.Continue(tracing.ContinueInvocation(invoked(t, strings.ReplaceAll(header, "1-6789", "1-0000"))), parent), parent,
		},
		"of the invocation, of an event with a broken trace": {
			tracing.Continue(tracing.ContinueInvocation(invoked(t, header)), "00-0-0-0"), parent,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tracing.Parent(test.ctx); got != test.want {
				t.Errorf("the trace parent is %q, not %q", got, test.want)
			}
		})
	}
}

func TestAHeaderIsMadeOfAValidTraceParent(t *testing.T) {
	for given, want := range map[string]string{
		parent: header, unsampled: strings.Replace(header, "Sampled=1", "Sampled=0", 1), "": "", "00-0-0-0": "",
	} {
		if got := tracing.Header(given); got != want {
			t.Errorf("of %q the header is %q, not %q", given, got, want)
		}
	}
}

func TestTheIDOfATraceHasTheFormatOfXRay(t *testing.T) {
	if got := tracing.ID(tracing.Continue(t.Context(), parent)); got != xrayID {
		t.Errorf("it is %q", got)
	}
	if got := tracing.ID(trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceFlags: trace.FlagsSampled}))); got != "" {
		t.Errorf("of a span without ids it is %q", got)
	}
	if got := tracing.ID(t.Context()); got != "" {
		t.Errorf("outside of a trace it is %q", got)
	}
	if got := tracing.ID(tracing.Continue(t.Context(), unsampled)); got != "" {
		t.Errorf("of a trace that is not sampled it is %q", got)
	}
}

func TestASpanIsTheChildOfTheSpanInItsContext(t *testing.T) {
	tracer, exporter := exported(t)
	ctx, span := tracing.Start(tracing.Continue(t.Context(), parent), tracer,
		event.Event{ID: "e-1", Type: "order.placed", Subject: "o-1", CorrelationID: "c-1"}, trace.SpanKindConsumer)
	own := tracing.Parent(ctx)
	if own == parent || !strings.HasPrefix(own, parent[:36]) {
		t.Errorf("its own trace parent is %s", own)
	}
	tracing.End(span, nil)
	spans := exporter.GetSpans()
	if len(spans) != 1 || spans[0].Parent.SpanID().String() != "53995c3f42cd8ad8" || spans[0].Name != "order.placed" ||
		spans[0].SpanKind != trace.SpanKindConsumer || spans[0].Status.Code != codes.Unset {
		t.Fatalf("exported: %+v", spans)
	}
	got := map[string]string{}
	for _, each := range spans[0].Attributes {
		got[string(each.Key)] = each.Value.AsString()
	}
	if len(got) != 3 || got["event_id"] != "e-1" || got["subject"] != "o-1" || got["correlation_id"] != "c-1" {
		t.Errorf("the attributes are %v", got)
	}
}

func TestASpanHasTheSubjectUnderTheNameOfItsTracer(t *testing.T) {
	tracer, exporter := exported(t)
	_, span := tracing.Start(t.Context(), tracing.NameSubject(tracer, "booking_id"), event.Event{Subject: "b-1"}, trace.SpanKindServer)
	tracing.End(span, nil)
	spans := exporter.GetSpans()
	if len(spans) != 1 || !slices.Contains(spans[0].Attributes, attribute.String("booking_id", "b-1")) {
		t.Errorf("exported: %+v", spans)
	}
}

func TestASpanWithoutAParentBeginsATraceThatIsSampled(t *testing.T) {
	tracer, exporter := exported(t)
	_, span := tracing.Start(t.Context(), tracer, event.Event{}, trace.SpanKindServer)
	tracing.End(span, nil)
	if spans := exporter.GetSpans(); len(spans) != 1 || spans[0].Parent.IsValid() || spans[0].Name != "unknown" {
		t.Errorf("exported: %+v", spans)
	}
}

// The id of a trace of X-Ray has the time of its first request
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html).
func TestTheIDOfATraceBeginsWithItsTime(t *testing.T) {
	tracer, _ := exported(t)
	before := time.Now().Unix()
	_, span := tracer.Start(t.Context(), "work")
	id := span.SpanContext().TraceID()
	if began := int64(binary.BigEndian.Uint32(id[:4])); began < before || began > time.Now().Unix() {
		t.Errorf("the id is %s", id)
	}
}

// Without a sampler the SDK reads the environment.
func TestTheSamplerDecidesWhatIsExported(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	for sampler, want := range map[sdktrace.Sampler]int{tracing.ParentBased(): 1, sdktrace.NeverSample(): 0} {
		exporter := tracetest.NewInMemoryExporter()
		_, span := tracing.NewProvider("payment", sampler, exporter).Tracer("test").Start(t.Context(), "work")
		span.End()
		if spans := exporter.GetSpans(); len(spans) != want {
			t.Errorf("%v: %d spans are exported", sampler, len(spans))
		}
	}
}

func TestATraceThatIsNotSampledHasIDsButIsNotExported(t *testing.T) {
	tracer, exporter := exported(t)
	ctx, span := tracing.Start(tracing.Continue(t.Context(), unsampled), tracer, event.Event{}, trace.SpanKindConsumer)
	tracing.End(span, nil)
	if own := tracing.Parent(ctx); own == unsampled || !strings.HasPrefix(own, unsampled[:36]) || !strings.HasSuffix(own, "-00") {
		t.Errorf("its own trace parent is %s", own)
	}
	if spans := exporter.GetSpans(); len(spans) != 0 {
		t.Errorf("exported: %+v", spans)
	}
}

func TestWithoutATracerTheSpanInTheContextStaysTheCurrentOne(t *testing.T) {
	ctx, span := tracing.Start(tracing.Continue(t.Context(), parent), nil, event.Event{}, trace.SpanKindConsumer)
	tracing.End(span, errors.New("broken"))
	if got := tracing.Parent(ctx); got != parent {
		t.Errorf("the trace parent is %q", got)
	}
}

func TestAnErrorIsAFaultUnlessItIsExpected(t *testing.T) {
	broken, late := errors.New("broken"), errors.New("too late")
	for name, test := range map[string]struct {
		err  error
		want sdktrace.Status
	}{
		"no error":          {nil, sdktrace.Status{}},
		"an error":          {broken, sdktrace.Status{Code: codes.Error, Description: "broken"}},
		"an expected error": {errors.Join(late), sdktrace.Status{}},
	} {
		t.Run(name, func(t *testing.T) {
			tracer, exporter := exported(t)
			_, span := tracer.Start(t.Context(), "work")
			tracing.End(span, test.err, late)
			if got := exporter.GetSpans()[0].Status; got != test.want {
				t.Errorf("the status is %+v", got)
			}
		})
	}
}
