package telemetry

import (
	"context"
	"log/slog"
	"time"
)

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
	Unit string
}

func newMetadata(at time.Time, dimensions []string, metrics ...metric) metadata {
	return metadata{
		Timestamp: at.UnixMilli(),
		CloudWatchMetrics: []directive{{
			Namespace:  namespace,
			Dimensions: [][]string{dimensions},
			Metrics:    metrics,
		}},
	}
}

// Age is how old something is that should not grow old.
type Age struct {
	// Metric is the name of the metric.
	Metric string
	Age    time.Duration
}

// LogAges writes one line with ages as metrics, in seconds and with the
// dimension service.
func LogAges(ctx context.Context, logger *slog.Logger, at time.Time, ages ...Age) {
	var attrs []slog.Attr
	var metrics []metric
	for _, a := range ages {
		attrs = append(attrs, slog.Float64(a.Metric, a.Age.Seconds()))
		metrics = append(metrics, metric{Name: a.Metric, Unit: "Seconds"})
	}
	attrs = append(attrs, slog.Any("_aws", newMetadata(at, []string{"service"}, metrics...)))
	logger.LogAttrs(withMetrics(ctx), slog.LevelInfo, "ages", attrs...)
}
