// Package telemetry writes what a function has to say: JSON log lines that
// carry the correlation id and the trace id, and metrics inside of them in
// CloudWatch's embedded metric format. One event handled is one line, log and
// metric in one.
package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"example.com/saga/pkg/tracing"
)

// Result of handling an event.
type Result string

// The results: handled, given to the dead-letter queue, or to be tried again.
const (
	Handled Result = "handled"
	Invalid Result = "invalid"
	Failed  Result = "failed"
)

// Outcome tells how the handling of an event went.
type Outcome struct {
	Type, ID string
	Result   Result
	At       time.Time
	Duration time.Duration
	Err      error
}

// NewLogger makes the logger of a service: JSON lines from the given level on
// ("DEBUG", "INFO", "WARN", "ERROR"). A line that carries metrics is written at
// any level, because the level is about how much there is to read and not about
// what is measured. CloudWatch shows the metrics in the namespace, which keeps
// apart what several environments measure in one account. A line written within
// a trace carries its id, as X-Ray writes it. Texts above 8 KB are cut off.
func NewLogger(w io.Writer, namespace, service, level string) (*slog.Logger, error) {
	var parsed slog.Level
	if err := parsed.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: parsed, ReplaceAttr: shortened})
	return slog.New(correlated{handler, namespace}).With(slog.String("service", service)), nil
}

// maximumText is how many bytes of a text are logged. An event can say as much as
// it likes, but of a line above 256 KB it is not certain that CloudWatch Logs takes
// it whole, and it sees no metric in a part. The longest line has five texts that
// an event has a say in, each byte of which may take six.
const maximumText = 8 * 1024

// shortened is a slog.HandlerOptions.ReplaceAttr.
func shortened(_ []string, attr slog.Attr) slog.Attr {
	if attr.Value.Kind() != slog.KindString || len(attr.Value.String()) <= maximumText {
		return attr
	}
	return slog.String(attr.Key, strings.ToValidUTF8(attr.Value.String()[:maximumText], "")+"…")
}

type correlationKey struct{}

// WithCorrelation returns a context whose log lines carry the correlation id
// and the order id.
func WithCorrelation(ctx context.Context, correlationID, orderID string) context.Context {
	return context.WithValue(ctx, correlationKey{}, [2]string{correlationID, orderID})
}

// correlated adds the ids in the context to every line, and says which of its
// members are metrics.
type correlated struct {
	slog.Handler

	namespace string
}

func (c correlated) Enabled(ctx context.Context, level slog.Level) bool {
	return ctx.Value(lineKey{}) != nil || c.Handler.Enabled(ctx, level)
}

func (c correlated) Handle(ctx context.Context, record slog.Record) error {
	if line, ok := ctx.Value(lineKey{}).(line); ok {
		record.AddAttrs(slog.Any("_aws", line.metadata(c.namespace)))
	}
	if ids, ok := ctx.Value(correlationKey{}).([2]string); ok {
		record.AddAttrs(slog.String("correlation_id", ids[0]), slog.String("order_id", ids[1]))
	}
	if id := tracing.ID(ctx); id != "" {
		record.AddAttrs(slog.String("trace_id", id))
	}
	return c.Handler.Handle(ctx, record)
}

func (c correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{c.Handler.WithAttrs(attrs), c.namespace}
}

func (c correlated) WithGroup(name string) slog.Handler {
	return correlated{c.Handler.WithGroup(name), c.namespace}
}

// LogEvent writes the one line of an event that was handled or not. The metrics
// EventsHandled, EventsInvalid or EventsFailed (counts) and EventDuration
// (milliseconds) count every delivery, also of an event that was handled before,
// and have the dimension service. The line has the event's type too; as a
// dimension it would make, and cost, many times the metrics. What was measured
// in the context (see WithMeasures) is in the same line.
func LogEvent(ctx context.Context, logger *slog.Logger, o Outcome) {
	level, counter := slog.LevelInfo, "EventsHandled"
	switch o.Result {
	case Invalid:
		level, counter = slog.LevelError, "EventsInvalid"
	case Failed:
		level, counter = slog.LevelWarn, "EventsFailed"
	case Handled:
	}
	attrs := []slog.Attr{
		slog.String("event_type", cmp.Or(o.Type, "unknown")),
		slog.String("event_id", o.ID),
		slog.String("result", string(o.Result)),
	}
	if o.Err != nil {
		attrs = append(attrs, slog.String("error", o.Err.Error()))
	}
	ctx, measures := Measured(ctx, o.At,
		Measure{Metric: counter, Unit: Count, Value: 1},
		Measure{Metric: "EventDuration", Unit: Milliseconds, Value: float64(o.Duration.Milliseconds())})
	logger.LogAttrs(ctx, level, "event", append(attrs, measures...)...)
}
