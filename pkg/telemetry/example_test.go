package telemetry_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"example.com/saga/pkg/telemetry"
)

// A hotel logs the deliveries of its events. The second one counts a metric.
func Example() {
	logger, err := telemetry.NewLogger(os.Stdout, telemetry.Config{
		Service: "hotel", Level: "INFO", Namespace: "travel", Subject: "booking_id",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.UnixMilli(1_772_600_767_089)
	ctx := telemetry.WithSubject(context.Background(), "b-1")
	telemetry.LogEvent(ctx, logger, telemetry.Outcome{
		Type: "booking.requested", ID: "e-1", Result: telemetry.Handled, At: at, Duration: 7 * time.Millisecond,
	})

	ctx = telemetry.WithMeasures(ctx)
	telemetry.Add(ctx, telemetry.Measure{Metric: "RoomsHeld", Unit: telemetry.Count, Value: 1})
	telemetry.LogEvent(ctx, logger, telemetry.Outcome{
		Type: "booking.requested", ID: "e-2", Result: telemetry.Handled, At: at, Duration: 9 * time.Millisecond,
	})
	// Output:
	// {"msg":"handled","service":"hotel","event":"booking.requested","event_id":"e-1","ms":7,"booking_id":"b-1"}
	// {"msg":"handled","service":"hotel","event":"booking.requested","event_id":"e-2","ms":9,"RoomsHeld":1,"_aws":{"Timestamp":1772600767089,"CloudWatchMetrics":[{"Namespace":"travel","Dimensions":[["service"]],"Metrics":[{"Name":"RoomsHeld","Unit":"Count"}]}]},"booking_id":"b-1"}
}
