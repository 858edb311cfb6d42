package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/tracing"
)

// daemon is a listener for datagrams, and a tracer that exports to it.
type daemon struct {
	trace.Tracer

	t          *testing.T
	exporter   *tracing.Daemon
	connection net.PacketConn
	log        *bytes.Buffer
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	var config net.ListenConfig
	connection, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	d := &daemon{t: t, connection: connection, log: &bytes.Buffer{}}
	exporter, err := tracing.NewDaemon(t.Context(), connection.LocalAddr().String(), slog.New(slog.NewTextHandler(d.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	d.exporter = exporter
	provider := tracing.NewProvider("payment", tracing.ParentBased(), exporter)
	t.Cleanup(func() {
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	d.Tracer = provider.Tracer("test")
	return d
}

// receive returns the next document, and checks the header that precedes it.
func (d *daemon) receive() map[string]any {
	d.t.Helper()
	if err := d.connection.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		d.t.Fatal(err)
	}
	datagram := make([]byte, 64<<10)
	n, _, err := d.connection.ReadFrom(datagram)
	if err != nil {
		d.t.Fatal(err)
	}
	head, document, _ := strings.Cut(string(datagram[:n]), "\n")
	if head != `{"format": "json", "version": 1}` {
		d.t.Errorf("the header is %s", head)
	}
	var decoded map[string]any
	if err := json.Unmarshal([]byte(document), &decoded); err != nil {
		d.t.Fatal(err)
	}
	return decoded
}

func TestASpanIsSentAsASegmentWhenItEnds(t *testing.T) {
	d := newDaemon(t)
	began := time.UnixMilli(1_772_600_767_089)
	ctx, span := d.Start(tracing.Continue(t.Context(), parent), "payment.taken", trace.WithTimestamp(began),
		trace.WithAttributes(attribute.String("order_id", "o-1"), attribute.Int("n2.öf", 7), attribute.Bool("late", true),
			attribute.StringSlice("skus", []string{"123"}), attribute.String("long", strings.Repeat("é", 600))))
	span.End(trace.WithTimestamp(began.Add(2500 * time.Microsecond)))
	want := map[string]any{
		"name": "payment", "id": trace.SpanContextFromContext(ctx).SpanID().String(), "trace_id": xrayID, "parent_id": "53995c3f42cd8ad8",
		"start_time": 1772600767.089, "end_time": 1772600767.0915,
		"annotations": map[string]any{
			"operation": "payment.taken", "order_id": "o-1", "n2__f": 7.0, "late": true, "skus": `["123"]`, "long": strings.Repeat("é", 500),
		},
	}
	if diff := cmp.Diff(want, d.receive()); diff != "" {
		t.Error(diff)
	}
}

func TestAChildSpanIsASubsegmentWithANameThatXRayAccepts(t *testing.T) {
	d := newDaemon(t)
	ctx, whole := d.Start(t.Context(), "whole")
	_, part := d.Start(ctx, `GET /v2/orders/{id}? <é>`)
	part.End()
	whole.End()
	sub, segment := d.receive(), d.receive()
	if sub["type"] != "subsegment" || sub["name"] != "GET /v2/orders/_id__ _é_" || sub["parent_id"] != segment["id"] || sub["trace_id"] != segment["trace_id"] {
		t.Errorf("the part is %v of %v", sub, segment)
	}
	if _, hasParent := segment["parent_id"]; hasParent || segment["type"] != nil || segment["name"] != "payment" {
		t.Errorf("the whole is %v", segment)
	}
}

func TestAnErrorIsTheCauseOfAFault(t *testing.T) {
	d := newDaemon(t)
	_, span := d.Start(tracing.Continue(t.Context(), parent), "work")
	tracing.End(span, errors.New("no "+strings.Repeat("x", 1200)))
	document := d.receive()
	exceptions, _ := document["cause"].(map[string]any)["exceptions"].([]any)
	if document["fault"] != true || len(exceptions) != 1 {
		t.Fatalf("it is %v", document)
	}
	exception, _ := exceptions[0].(map[string]any)
	message, _ := exception["message"].(string)
	id, _ := exception["id"].(string)
	if len(message) != 1000 || !strings.HasPrefix(message, "no xxx") || len(id) != 16 || id == document["id"] {
		t.Errorf("the exception is %v", exception)
	}
}

// A write to a connected UDP socket fails if the one before it was refused.
func TestADaemonThatIsDownIsOneWarningAndNothingElse(t *testing.T) {
	d := newDaemon(t)
	d.connection.Close()
	for range 5 {
		_, span := d.Start(t.Context(), "work")
		span.End()
	}
	if lines := strings.Count(d.log.String(), "\n"); lines != 1 || !strings.Contains(d.log.String(), "level=WARN msg=\"traces are incomplete") {
		t.Errorf("the log is %s", d.log)
	}
}

func TestEverySpanIsSentButThatWithAValueThatIsNoJSON(t *testing.T) {
	d := newDaemon(t)
	spans := tracetest.SpanStubs{
		{Name: "first"}, {Name: "broken", Attributes: []attribute.KeyValue{attribute.Float64("share", math.NaN())}}, {Name: "last"},
	}
	if err := d.exporter.ExportSpans(t.Context(), spans.Snapshots()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "last"} {
		if got := d.receive()["annotations"].(map[string]any)["operation"]; got != want {
			t.Errorf("%v is sent, not %s", got, want)
		}
	}
	if !strings.Contains(d.log.String(), "traces are incomplete") || !strings.Contains(d.log.String(), "NaN") {
		t.Errorf("the log is %s", d.log)
	}
}

func TestAnExporterThatIsShutDownSendsNothing(t *testing.T) {
	d := newDaemon(t)
	if err := d.exporter.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.exporter.Shutdown(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second time the error is %v", err)
	}
}

func TestAnInvalidAddressIsAnError(t *testing.T) {
	if _, err := tracing.NewDaemon(t.Context(), "nowhere", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}
