package order_test

import (
	"testing"
	"time"

	"example.com/saga/services/order"
)

// moment is when a sweep comes: so long after anything was heard of the order,
// and before or after its deadline.
type moment struct {
	name       string
	heard, now time.Time
}

func moments() []moment {
	return []moment{
		{"just heard of", deadline.Add(-time.Second - order.Patience), deadline.Add(-2 * time.Second)},
		{"quiet", deadline.Add(-time.Second - order.Patience), deadline.Add(-time.Second)},
		{"past the deadline, just heard of", deadline.Add(time.Second - order.Patience), deadline},
		{"past the deadline and quiet", deadline.Add(-order.Patience), deadline},
	}
}

// TestSweep has every state at every moment.
func TestSweep(t *testing.T) {
	leave, republish := order.Remedy{}, order.Remedy{Republish: true}
	timeOut, both := order.Remedy{TimeOut: true}, order.Remedy{Republish: true, TimeOut: true}
	table := []struct {
		known
		// want is what must be done at each of the moments.
		want [4]order.Remedy
	}{
		{unplaced, [4]order.Remedy{leave, leave, leave, leave}},
		{placed, [4]order.Remedy{leave, republish, timeOut, both}},
		{reserved, [4]order.Remedy{leave, leave, timeOut, timeOut}},
		{paid, [4]order.Remedy{leave, leave, timeOut, timeOut}},
		{awarded, [4]order.Remedy{leave, leave, timeOut, timeOut}},
		{shipped, [4]order.Remedy{leave, leave, leave, leave}},
		{requested, [4]order.Remedy{leave, republish, leave, republish}},
		{at(requested, order.Paid), [4]order.Remedy{leave, republish, leave, republish}},
		{running, [4]order.Remedy{leave, leave, leave, leave}},
		{cancelled, [4]order.Remedy{leave, leave, leave, leave}},
		{erased, [4]order.Remedy{leave, leave, leave, leave}},
	}
	swept := make(map[string]bool)
	for _, row := range table {
		swept[row.name] = true
		for n, m := range moments() {
			t.Run(row.name+", "+m.name, func(t *testing.T) {
				if got := order.Sweep(row.State, m.heard, m.now); got != row.want[n] {
					t.Errorf("the remedy is %+v, want %+v", got, row.want[n])
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
