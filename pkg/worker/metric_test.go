package worker_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/worker"
)

// CloudWatch drops a metric whose timestamp is more than two weeks old.
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html)
func TestTheMetricsOfAnEventHaveTheTimeAtWhichItsHandlingBeganAndItsDuration(t *testing.T) {
	began := time.UnixMilli(1_772_600_767_089)
	now := began
	var log bytes.Buffer
	logger, err := telemetry.NewLogger(&log, telemetry.Config{Service: "payment", Level: "INFO", Namespace: "saga-test", Subject: "order_id"})
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, func(ctx context.Context, id string) error {
		now = now.Add(7 * time.Millisecond)
		telemetry.Add(ctx, telemetry.Measure{Metric: "Handled", Unit: "Count", Value: 1})
		return failing("failed")(ctx, id)
	}, inParallel(1), func(c *worker.Config) {
		c.Clock = func() time.Time { return now }
		c.Logger = logger
	})
	f.batch(t, message(t, standard, "", "handled"), message(t, standard, "", "failed"))
	lines := parse(t, log.String())
	if len(lines) != 2 {
		t.Fatalf("the log is %v", lines)
	}
	for _, line := range lines {
		metadata, _ := line["_aws"].(map[string]any)
		if metadata["Timestamp"] != float64(began.UnixMilli()) || line["ms"] != 14.0 {
			t.Errorf("the line of the event %s has the time %v and %v ms: %v", line["event_id"], metadata["Timestamp"], line["ms"], line)
		}
	}
}
