package telemetry

import "time"

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

func newMetadata(at time.Time, counter string) metadata {
	return metadata{
		Timestamp: at.UnixMilli(),
		CloudWatchMetrics: []directive{{
			Namespace:  namespace,
			Dimensions: [][]string{{"service", "event_type"}},
			Metrics:    []metric{{Name: counter, Unit: "Count"}, {Name: "EventDuration", Unit: "Milliseconds"}},
		}},
	}
}
