package participant_test

import (
	"context"
	"strconv"
	"testing"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// shipUnlimited ships without taking from a stock.
func shipUnlimited(s state, in participant.Input) (decision, error) {
	d, err := ship(s, in)
	d.Adjustments = nil
	return d, err
}

// discard is a publisher without consumers.
type discard struct{}

func (discard) Publish(context.Context, ...event.Event) error { return nil }

func discarding(c *participant.Config[state]) { c.Publisher = discard{} }

func BenchmarkHandle(b *testing.B) {
	b.Run("first run", func(b *testing.B) {
		w := newWarehouse(b, shipUnlimited, discarding)
		e := w.placed(b, "")
		n := 0
		for b.Loop() {
			n++
			e.ID = strconv.Itoa(n)
			e.Subject = "o-" + e.ID
			w.mustHandle(b, e)
		}
	})
	b.Run("duplicate", func(b *testing.B) {
		w := newWarehouse(b, shipUnlimited, discarding)
		e := w.placed(b, "e-1")
		w.mustHandle(b, e)
		for b.Loop() {
			w.mustHandle(b, e)
		}
	})
}
