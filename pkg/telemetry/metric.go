package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Unit of a metric, in CloudWatch's words.
type Unit string

// The units.
const (
	Count   Unit = "Count"
	Seconds Unit = "Seconds"
)

// Measure is the value of a metric. Each combination of a metric and the values
// of its dimensions is a metric of its own for CloudWatch, and costs as such: a
// dimension must have few values, and an id can never be one.
type Measure struct {
	Metric string
	Unit   Unit
	Value  float64
	// Dimensions are those besides service, in their order: 29 at most, because a metric has
	// up to 30 in the embedded metric format. They are members of the line, as the metric
	// is, so measures of a line with one name must not have two values.
	// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
	Dimensions []Dimension
}

// Dimension is the name and the value of a dimension of a metric.
type Dimension struct{ Name, Value string }

type (
	measuresKey struct{}
	lineKey     struct{}
)

// WithMeasures returns a context that collects measures (see Add) until a line is
// written that carries them (see LineAttrs).
func WithMeasures(ctx context.Context) context.Context {
	return context.WithValue(ctx, measuresKey{}, new(collection))
}

// collection is the measures of a context. A call that ignores the end of its context
// may still add some while the line is written.
type collection struct {
	mu       sync.Mutex
	measures []Measure
}

// Add adds measures to the line that will be written for this context (see
// LineAttrs). It is safe for concurrent use, and does nothing without WithMeasures or
// after the line is written.
func Add(ctx context.Context, measures ...Measure) {
	if added, ok := ctx.Value(measuresKey{}).(*collection); ok {
		added.mu.Lock()
		defer added.mu.Unlock()
		added.measures = append(added.measures, measures...)
	}
}

// LineAttrs returns the context and the attributes with which to log a line that
// carries the given measures and those that were added to ctx. Without measures
// the line is an ordinary one.
func LineAttrs(ctx context.Context, at time.Time, measures ...Measure) (context.Context, []slog.Attr) {
	if added, ok := ctx.Value(measuresKey{}).(*collection); ok {
		added.mu.Lock()
		defer added.mu.Unlock()
		measures = append(measures, added.measures...)
	}
	if len(measures) == 0 {
		return ctx, nil
	}
	var attrs []slog.Attr
	for _, m := range measures {
		attrs = append(attrs, slog.Float64(m.Metric, m.Value))
		for _, d := range m.Dimensions {
			attrs = append(attrs, slog.String(d.Name, d.Value))
		}
	}
	return context.WithValue(ctx, lineKey{}, line{at, measures}), attrs
}

// line is what a log line measures. contextHandler writes it as metadata for
// CloudWatch.
type line struct {
	at       time.Time
	measures []Measure
}

// metadata lists the members of a log line that are metrics, in the embedded
// metric format of CloudWatch.
type metadata struct {
	Timestamp         int64 // Unix milliseconds
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct {
	Name string
	Unit Unit
}

// metadata returns one directive for each set of dimensions.
func (l line) metadata(namespace string) metadata {
	result := metadata{Timestamp: l.at.UnixMilli()}
	index := make(map[string]int)
	for _, m := range l.measures {
		dimensions := []string{"service"}
		for _, d := range m.Dimensions {
			dimensions = append(dimensions, d.Name)
		}
		set := strings.Join(dimensions, "\n")
		i, known := index[set]
		if !known {
			i = len(result.CloudWatchMetrics)
			index[set] = i
			result.CloudWatchMetrics = append(result.CloudWatchMetrics, directive{Namespace: namespace, Dimensions: [][]string{dimensions}})
		}
		result.CloudWatchMetrics[i].Metrics = append(result.CloudWatchMetrics[i].Metrics, metric{m.Metric, m.Unit})
	}
	return result
}
