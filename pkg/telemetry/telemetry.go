// Package telemetry writes the logs and metrics of a function: JSON log lines that
// carry the correlation id and the trace id, and metrics in the same lines, in
// CloudWatch's embedded metric format. Each delivery of an event is one line, with
// its log and its metrics.
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

// The results: handled, put into the dead-letter queue, or to be delivered again.
const (
	Handled Result = "handled"
	Invalid Result = "invalid"
	Failed  Result = "failed"
)

// Outcome is how the handling of an event ended.
type Outcome struct {
	Type, ID string
	Result   Result
	At       time.Time
	Duration time.Duration
	Err      error
}

// NewLogger makes the logger of a service: JSON lines from the given level on
// ("DEBUG", "INFO", "WARN", "ERROR"). A line that carries metrics is written at
// any level, so that the level changes how much there is to read and not what is
// measured. The namespace is that of the metrics in CloudWatch. It separates the
// environments that share an account. A line written within a trace carries its
// id, in X-Ray's format. Texts above 8 KB are truncated.
func NewLogger(w io.Writer, namespace, service, level string) (*slog.Logger, error) {
	var parsed slog.Level
	if err := parsed.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: parsed, ReplaceAttr: truncate})
	return slog.New(contextHandler{handler, namespace}).With(slog.String("service", service)), nil
}

// maximumText is how many bytes of a text are logged. Texts of an event can be
// long, but CloudWatch Logs may split a line above 256 KB, and finds no metric in a
// part. The longest line has five texts that come from an event, and a byte of them
// becomes up to six when it is escaped.
const maximumText = 8 * 1024

// truncate is a slog.HandlerOptions.ReplaceAttr.
func truncate(_ []string, attr slog.Attr) slog.Attr {
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

// contextHandler adds to every line the ids in the context, and the metadata of
// its metrics.
type contextHandler struct {
	slog.Handler

	namespace string
}

func (h contextHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return ctx.Value(lineKey{}) != nil || h.Handler.Enabled(ctx, level)
}

func (h contextHandler) Handle(ctx context.Context, record slog.Record) error {
	if line, ok := ctx.Value(lineKey{}).(line); ok {
		record.AddAttrs(slog.Any("_aws", line.metadata(h.namespace)))
	}
	if ids, ok := ctx.Value(correlationKey{}).([2]string); ok {
		record.AddAttrs(slog.String("correlation_id", ids[0]), slog.String("order_id", ids[1]))
	}
	if id := tracing.ID(ctx); id != "" {
		record.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs), h.namespace}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name), h.namespace}
}

// LogEvent writes the line of one delivery of an event. The metrics EventsHandled,
// EventsInvalid or EventsFailed (counts) and EventDuration (milliseconds) count
// every delivery, duplicates too, and have the dimension service. The line has the
// event's type as well, but not as a dimension: it would multiply the metrics and
// their cost. The measures that were added to ctx (see WithMeasures) are in the
// same line.
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
	ctx, measures := LineAttrs(ctx, o.At,
		Measure{Metric: counter, Unit: Count, Value: 1},
		Measure{Metric: "EventDuration", Unit: Milliseconds, Value: float64(o.Duration.Milliseconds())})
	logger.LogAttrs(ctx, level, "event", append(attrs, measures...)...)
}
