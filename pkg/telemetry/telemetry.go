// Package telemetry writes the logs and metrics of a function: JSON log lines that
// carry the subject of an event, such as an order id, and the trace id, and metrics in
// the same lines, in CloudWatch's embedded metric format. Each delivery of an event is
// one line. An ordinary line carries no metrics, because CloudWatch Logs charges for the
// bytes of their metadata.
package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
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
	// At is the time of the line's metrics.
	At time.Time
	// Duration is that of the batch that the event was handled in.
	Duration time.Duration
	Err      error
}

// Config is the configuration of a logger. Namespace and Subject are optional.
type Config struct {
	// Service is a member of every line, and a dimension of every metric.
	Service string
	// Level is the lowest one that is written: DEBUG, INFO, WARN or ERROR. A line that
	// carries metrics is written at any level, so that the level changes how much there
	// is to read and not what is measured.
	Level string
	// Namespace is that of the metrics in CloudWatch. It separates the environments that
	// share an account. If it is empty, no line carries metrics: what was measured is only
	// a member of the lines that the level lets through.
	Namespace string
	// Subject is the name of the member that has the subject (see WithSubject), such as
	// order_id. The default is subject.
	Subject string
}

// members are those that a line has beside the subject and the metrics.
func members() []string {
	return []string{
		slog.TimeKey, slog.LevelKey, slog.MessageKey, "service", "trace_id", "_aws", "event", "event_id", "ms", "error",
	}
}

// NewLogger makes a logger of JSON lines. A line written within a sampled trace carries
// its id, in X-Ray's format. Texts above 8 KB are truncated. An error is returned if
// there is no such level, or if the name of the subject is that of another member.
//
// A line has no time, because CloudWatch Logs stores one with each line
// (@timestamp), and no level if the level is INFO.
func NewLogger(w io.Writer, config Config) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(config.Level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	subject := cmp.Or(config.Subject, "subject")
	if slices.Contains(members(), subject) {
		return nil, fmt.Errorf("the subject of log lines cannot be named %q: they have another member of this name", subject)
	}
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: shorten})
	return slog.New(contextHandler{handler, config.Namespace, subject}).With(slog.String("service", config.Service)), nil
}

// maximumText is how many bytes of a text are logged. Texts of an event can be
// long, but CloudWatch Logs may split a line above 256 KB, and finds no metric in a
// part. The longest line has four texts that come from an event, and a byte of them
// becomes up to six when it is escaped.
const maximumText = 8 * 1024

// shorten omits the level INFO and truncates texts. It is a
// slog.HandlerOptions.ReplaceAttr.
func shorten(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == slog.LevelKey && attr.Value.Any() == slog.LevelInfo {
		return slog.Attr{}
	}
	if attr.Value.Kind() != slog.KindString || len(attr.Value.String()) <= maximumText {
		return attr
	}
	return slog.String(attr.Key, strings.ToValidUTF8(attr.Value.String()[:maximumText], "")+"…")
}

type subjectKey struct{}

// WithSubject returns a context whose log lines carry the subject of an event, under the
// name in Config. The correlation id is left out: it is the same for all events of a
// subject, so it would select the same lines.
func WithSubject(ctx context.Context, subject string) context.Context {
	return context.WithValue(ctx, subjectKey{}, subject)
}

// contextHandler adds to every line the subject and the trace in the context, and the
// metadata of its metrics, and removes the time.
type contextHandler struct {
	slog.Handler

	namespace, subject string
}

func (h contextHandler) Enabled(ctx context.Context, level slog.Level) bool {
	_, measured := h.measured(ctx)
	return measured || h.Handler.Enabled(ctx, level)
}

// measured returns what the line of ctx measures. It reports false if the line carries
// no metrics, or if there is no namespace for them.
func (h contextHandler) measured(ctx context.Context) (line, bool) {
	measured, ok := ctx.Value(lineKey{}).(line)
	return measured, ok && h.namespace != ""
}

func (h contextHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Time = time.Time{}
	if line, ok := h.measured(ctx); ok {
		record.AddAttrs(slog.Any("_aws", line.metadata(h.namespace)))
	}
	if subject, ok := ctx.Value(subjectKey{}).(string); ok {
		record.AddAttrs(slog.String(h.subject, subject))
	}
	if id := tracing.ID(ctx); id != "" {
		record.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}

// LogEvent writes the line of one delivery of an event: msg is the result, and ms is
// how long the handling took, in milliseconds. The metrics EventsInvalid and
// EventsFailed count deliveries, duplicates too, and have the dimension service. The
// event's type is not a dimension: it would multiply the metrics and their cost. A
// handled event has only the measures that were added to ctx (see WithMeasures), and
// without them its line is an ordinary one of level INFO.
func LogEvent(ctx context.Context, logger *slog.Logger, o Outcome) {
	level := slog.LevelInfo
	var measures []Measure
	switch o.Result {
	case Invalid:
		level, measures = slog.LevelError, []Measure{{Metric: "EventsInvalid", Unit: Count, Value: 1}}
	case Failed:
		level, measures = slog.LevelWarn, []Measure{{Metric: "EventsFailed", Unit: Count, Value: 1}}
	case Handled:
	}
	attrs := []slog.Attr{
		slog.String("event", cmp.Or(o.Type, "unknown")),
		slog.String("event_id", o.ID),
		slog.Int64("ms", o.Duration.Milliseconds()),
	}
	if o.Err != nil {
		attrs = append(attrs, slog.String("error", o.Err.Error()))
	}
	ctx, measured := LineAttrs(ctx, o.At, measures...)
	logger.LogAttrs(ctx, level, string(o.Result), append(attrs, measured...)...) //nolint:sloglint // The results are constants.
}
