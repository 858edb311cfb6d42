package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Unit of a metric, in CloudWatch's words.
type Unit string

// The units.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
)

// Measure is the value of a metric. Each combination of a metric and the values
// of its dimensions is a metric of its own for CloudWatch, and costs as such: a
// dimension must have few values, and an id can never be one.
type Measure struct {
	Metric string
	Unit   Unit
	Value  float64
	// By and Is are the name and the value of a dimension besides service.
	// Without a name there is none. They are members of the line like the
	// metric: no two measures of a line may have the same.
	By, Is string
}

type (
	measuresKey struct{}
	lineKey     struct{}
)

// WithMeasures returns a context to which measures can be added (see Add) on the
// way to the line that carries them.
func WithMeasures(ctx context.Context) context.Context {
	return context.WithValue(ctx, measuresKey{}, new([]Measure))
}

// Add adds measures to the line that will be written for this context (see
// Measured). It is for one goroutine at a time, and does nothing without
// WithMeasures.
func Add(ctx context.Context, measures ...Measure) {
	if added, ok := ctx.Value(measuresKey{}).(*[]Measure); ok {
		*added = append(*added, measures...)
	}
}

// Measured gives the context and the attributes of a line that carries the given
// measures and those that were added to its context. Without any it is a line
// like others.
func Measured(ctx context.Context, at time.Time, measures ...Measure) (context.Context, []slog.Attr) {
	if added, ok := ctx.Value(measuresKey{}).(*[]Measure); ok {
		measures = append(measures, *added...)
	}
	if len(measures) == 0 {
		return ctx, nil
	}
	var attrs []slog.Attr
	for _, m := range measures {
		attrs = append(attrs, slog.Float64(m.Metric, m.Value))
		if m.By != "" {
			attrs = append(attrs, slog.String(m.By, m.Is))
		}
	}
	return context.WithValue(ctx, lineKey{}, line{at, measures}), attrs
}

// line is what a log line measures. Its handler tells CloudWatch.
type line struct {
	at       time.Time
	measures []Measure
}

// metadata tells CloudWatch which members of a log line are metrics, as the
// embedded metric format specifies.
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

// metadata has one directive for all metrics of the same dimensions.
func (l line) metadata(namespace string) metadata {
	result := metadata{Timestamp: l.at.UnixMilli()}
	index := make(map[string]int)
	for _, m := range l.measures {
		i, known := index[m.By]
		if !known {
			dimensions := []string{"service"}
			if m.By != "" {
				dimensions = append(dimensions, m.By)
			}
			i = len(result.CloudWatchMetrics)
			index[m.By] = i
			result.CloudWatchMetrics = append(result.CloudWatchMetrics, directive{Namespace: namespace, Dimensions: [][]string{dimensions}})
		}
		result.CloudWatchMetrics[i].Metrics = append(result.CloudWatchMetrics[i].Metrics, metric{m.Metric, m.Unit})
	}
	return result
}
