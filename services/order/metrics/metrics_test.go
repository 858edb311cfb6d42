package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/services/order"
	"example.com/saga/services/order/metrics"
)

var (
	placedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	placed   = order.State{Progress: order.Placed, PlacedAt: placedAt}
	running  = order.State{Progress: order.Paid, PlacedAt: placedAt, Rollback: order.RollbackRunning, Reason: contract.TimedOut}
)

func shipped(s order.State) order.State {
	s.Progress, s.Rollback, s.Reason = order.Shipped, order.RollbackNone, ""
	return s
}

func cancelled(s order.State, reason contract.Reason) order.State {
	s.Rollback, s.Reason = order.RollbackComplete, reason
	return s
}

func TestAnOrderIsCountedOnceWhenItIsPlacedAndOnceWhenItEnds(t *testing.T) {
	const minute = "60 Seconds"
	paid := placed
	paid.Progress = order.Paid
	for name, c := range map[string]struct {
		before, after order.State
		want          map[string]any
	}{
		"placed":         {order.State{}, placed, map[string]any{"OrdersPlaced": "1 Count"}},
		"placed again":   {placed, placed, nil},
		"not placed":     {order.State{}, order.State{}, nil},
		"a step":         {placed, paid, nil},
		"rolling back":   {paid, running, nil},
		"shipped":        {placed, shipped(placed), map[string]any{"OrdersShipped": "1 Count", "SagaDuration": minute, "outcome": "shipped"}},
		"shipped before": {shipped(placed), shipped(placed), nil},
		"cancelled": {running, cancelled(running, contract.TimedOut), map[string]any{
			"OrdersCancelled": "1 Count", "reason": "timed-out", "SagaDuration": minute, "outcome": "cancelled",
		}},
		"cancelled at once": {placed, cancelled(placed, contract.OutOfStock), map[string]any{
			"OrdersCancelled": "1 Count", "reason": "out-of-stock", "SagaDuration": minute, "outcome": "cancelled",
		}},
		"cancelled before": {cancelled(placed, contract.OutOfStock), cancelled(placed, contract.OutOfStock), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, written(t, c.before, c.after)); diff != "" {
				t.Errorf("measured (-want +got):\n%s", diff)
			}
		})
	}
}

// written returns the measures of a step, a minute after the order was placed, with their
// units.
func written(t *testing.T, before, after order.State) map[string]any {
	t.Helper()
	var out bytes.Buffer
	logger, err := telemetry.NewLogger(&out, telemetry.Config{Service: "order", Level: "INFO", Namespace: "saga-test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := telemetry.WithMeasures(t.Context())
	metrics.Committed(ctx, before, after, participant.Input{Now: placedAt.Add(time.Minute)})
	ctx, measured := telemetry.LineAttrs(ctx, placedAt)
	logger.LogAttrs(ctx, slog.LevelInfo, "step", measured...)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		AWS struct {
			CloudWatchMetrics []struct{ Metrics []struct{ Name, Unit string } }
		} `json:"_aws"`
	}
	if err := json.Unmarshal(out.Bytes(), &metadata); err != nil {
		t.Fatal(err)
	}
	for _, set := range metadata.AWS.CloudWatchMetrics {
		for _, metric := range set.Metrics {
			line[metric.Name] = fmt.Sprint(line[metric.Name], " ", metric.Unit)
		}
	}
	for _, member := range []string{"msg", "service", "_aws"} {
		delete(line, member)
	}
	if len(line) == 0 {
		return nil
	}
	return line
}
