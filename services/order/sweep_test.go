package order_test

import (
	"testing"
	"time"

	"example.com/saga/services/order"
)

// moment is the time of a sweep, relative to the last event of the order and to its
// deadline.
type moment struct {
	name             string
	lastHandled, now time.Time
}

func moments() []moment {
	return []moment{
		{"a recent event", deadline.Add(-time.Second - order.RepublishAfter), deadline.Add(-2 * time.Second)},
		{"no recent event", deadline.Add(-time.Second - order.RepublishAfter), deadline.Add(-time.Second)},
		{"past the deadline, a recent event", deadline.Add(time.Second - order.RepublishAfter), deadline},
		{"past the deadline, no recent event", deadline.Add(-order.RepublishAfter), deadline},
	}
}

// TestSweep checks every state at every moment.
func TestSweep(t *testing.T) {
	leave, republish := order.SweepAction{}, order.SweepAction{Republish: true}
	timeOut, both := order.SweepAction{TimeOut: true}, order.SweepAction{Republish: true, TimeOut: true}
	table := []struct {
		namedState
		// want has the action at each of the moments.
		want [4]order.SweepAction
	}{
		{unplaced, [4]order.SweepAction{leave, leave, leave, leave}},
		{placed, [4]order.SweepAction{leave, republish, timeOut, both}},
		{reserved, [4]order.SweepAction{leave, leave, timeOut, timeOut}},
		{paid, [4]order.SweepAction{leave, leave, timeOut, timeOut}},
		{awarded, [4]order.SweepAction{leave, leave, timeOut, timeOut}},
		{shipped, [4]order.SweepAction{leave, leave, leave, leave}},
		{requested, [4]order.SweepAction{leave, republish, leave, republish}},
		{at(requested, order.Paid), [4]order.SweepAction{leave, republish, leave, republish}},
		{running, [4]order.SweepAction{leave, leave, leave, leave}},
		{cancelled, [4]order.SweepAction{leave, leave, leave, leave}},
		{erased, [4]order.SweepAction{leave, leave, leave, leave}},
	}
	swept := make(map[string]bool)
	for _, row := range table {
		swept[row.name] = true
		for n, m := range moments() {
			t.Run(row.name+", "+m.name, func(t *testing.T) {
				if got := order.Sweep(row.State, m.lastHandled, m.now); got != row.want[n] {
					t.Errorf("the action is %+v, want %+v", got, row.want[n])
				}
			})
		}
	}
	for _, k := range states() {
		if !swept[k.name] {
			t.Errorf("there is no row for %s", k.name)
		}
	}
}
