package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"go.opentelemetry.io/otel/codes"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/tracing"
)

const (
	invocation = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
	another    = "Root=1-67891233-ffffffffffffffffffffffff;Parent=53995c3f42cd8ad8;Sampled=1"
	traceID    = "67891233abcdef012345678912345678"
)

// invoke sends a request as an invocation of the Lambda function in a trace.
func (s *shop) invoke(header, method, path, body string) events.LambdaFunctionURLResponse {
	s.t.Helper()
	//nolint:staticcheck // The key of package lambda.
	ctx := context.WithValue(s.t.Context(), "x-amzn-trace-id", header)
	request := events.LambdaFunctionURLRequest{
		RawPath: path, Body: body, Headers: map[string]string{"content-type": "application/json", "idempotency-key": "k-1"},
	}
	request.RequestContext.HTTP.Method = method
	response, err := httpcommand.Lambda(s.handler)(ctx, request)
	if err != nil {
		s.t.Fatal(err)
	}
	return response
}

// traces returns the trace ids of the published events.
func (s *shop) traces() []string {
	var ids []string
	for _, e := range s.publisher.Published() {
		ids = append(ids, strings.Split(e.TraceParent+"--", "-")[1])
	}
	return ids
}

func TestAnOrderIsPlacedInTheTraceOfItsInvocation(t *testing.T) {
	s := newShop(t)
	if got := s.invoke(invocation, http.MethodPost, "/orders", goodOrder); got.StatusCode != http.StatusAccepted {
		t.Fatalf("the answer is %+v", got)
	}
	spans := s.spans.GetSpans()
	if len(spans) != 1 || spans[0].SpanContext.TraceID().String() != traceID || spans[0].Parent.SpanID().String() != "53995c3f42cd8ad8" {
		t.Fatalf("the spans are %+v", spans)
	}
	if spans[0].Name != "order.place" {
		t.Errorf("the span is named %s", spans[0].Name)
	}
	if got := s.publisher.Published()[0].TraceParent; got != "00-"+traceID+"-"+spans[0].SpanContext.SpanID().String()+"-01" {
		t.Errorf("order.placed carries %s", got)
	}
}

func TestARepeatedRequestAnswersTheSameAndPublishesTheTraceOfTheFirst(t *testing.T) {
	s := newShop(t)
	first := s.invoke(invocation, http.MethodPost, "/orders", goodOrder)
	again := s.invoke(another, http.MethodPost, "/orders", goodOrder)
	if first.StatusCode != http.StatusAccepted || first.Body != again.Body {
		t.Errorf("the answers are %+v and %+v", first, again)
	}
	published := s.publisher.Published()
	if len(published) != 2 || published[0].TraceParent != published[1].TraceParent || s.traces()[0] != traceID {
		t.Errorf("published: %+v", published)
	}
}

func TestACancellationBelongsToTheTraceOfItsOrder(t *testing.T) {
	s := newShop(t)
	s.invoke(invocation, http.MethodPost, "/orders", goodOrder)
	id := s.publisher.Published()[0].Subject
	if got := s.invoke(another, http.MethodPost, "/orders/"+id+"/cancellation", ""); got.StatusCode != http.StatusAccepted {
		t.Fatalf("the answer is %+v", got)
	}
	spans, traces := s.spans.GetSpans(), s.traces()
	if len(spans) != 2 || spans[1].SpanContext.TraceID().String() != traceID || spans[1].Parent.SpanID() != spans[0].SpanContext.SpanID() {
		t.Errorf("the spans are %+v", spans)
	}
	if len(traces) != 2 || traces[1] != traceID {
		t.Errorf("the events are in the traces %v", traces)
	}
}

// The order API samples by itself, and Lambda by its own rules.
func TestTheLineOfAnAcceptedOrderHasTheTraceThatTheAPISamplesAndLambdaDoesNot(t *testing.T) {
	s := newShop(t)
	s.invoke(strings.Replace(invocation, "Sampled=1", "Sampled=0", 1), http.MethodPost, "/orders", goodOrder)
	if !strings.Contains(s.logs.String(), `"trace_id":"1-67891233-abcdef012345678912345678"`) {
		t.Errorf("the log is %s", s.logs)
	}
}

func TestAnOrderWithoutAnInvocationBeginsATrace(t *testing.T) {
	s := newShop(t)
	s.place()
	if got := s.traces()[0]; len(got) != 32 || got == traceID {
		t.Errorf("the trace is %q", got)
	}
}

func TestAnErrorOfTheClientIsNotAFault(t *testing.T) {
	s := newShop(t)
	id := s.place()
	s.handle(id, "e-1", contract.OrderShipped{
		CustomerID: "c-42", Items: []contract.Stock{{SKU: "123", Quantity: 2}},
	})
	s.send(http.MethodPost, "/orders/"+id+"/cancellation", "").isProblem(t, http.StatusConflict, "/problems/too-late")
	s.store.err = http.ErrServerClosed
	if got := s.send(http.MethodPost, "/orders", goodOrder); got.status != http.StatusServiceUnavailable {
		t.Errorf("the answer is %d %s", got.status, got.raw)
	}
	var faults []bool
	for _, span := range s.spans.GetSpans() {
		faults = append(faults, span.Status.Code == codes.Error)
	}
	if len(faults) != 3 || faults[0] || faults[1] || !faults[2] {
		t.Errorf("the faults are %v", faults)
	}
}

func TestTheLinesOfARequestCarryItsTrace(t *testing.T) {
	var got string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = tracing.ID(r.Context()) })
	s := newShop(t)
	s.handler = handler
	s.invoke(invocation, http.MethodGet, "/orders/o-1", "")
	if got != "1-67891233-abcdef012345678912345678" {
		t.Errorf("the trace id is %q", got)
	}
}
