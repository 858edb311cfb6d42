package causal_test

import (
	"fmt"
	"time"

	"example.com/saga/pkg/causal"
)

// The payment has overtaken the reservation that caused it. It is held back for a minute,
// and then shown with the gap.
func ExampleSort() {
	arrived := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	events := []causal.Event[string]{
		{ID: "3", Cause: "2", Time: arrived, Arrived: arrived, Value: "paid"},
		{ID: "1", Time: arrived.Add(-time.Second), Arrived: arrived, Value: "placed"},
	}
	fmt.Println(causal.Sort(events, arrived.Add(time.Second), time.Minute))
	fmt.Println(causal.Sort(events, arrived.Add(time.Hour), time.Minute))
	events = append(events, causal.Event[string]{ID: "2", Cause: "1", Time: arrived, Arrived: arrived.Add(time.Hour), Value: "reserved"})
	fmt.Println(causal.Sort(events, arrived.Add(time.Hour), time.Minute))
	// Output:
	// [{placed false}]
	// [{placed false} {paid true}]
	// [{placed false} {reserved false} {paid false}]
}
