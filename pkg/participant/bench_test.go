package participant_test

import (
	"context"
	"strconv"
	"testing"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// plain ships without a limit of stock, and so adjusts nothing.
func plain(s state, in participant.Input) (decision, error) {
	d, err := ship(s, in)
	d.Adjustments = nil
	return d, err
}

// nobody listens.
type nobody struct{}

func (nobody) Publish(context.Context, ...event.Event) error { return nil }

func toNobody(c *participant.Config[state]) { c.Publisher = nobody{} }

func BenchmarkHandle(b *testing.B) {
	b.Run("first run", func(b *testing.B) {
		w := newWarehouse(b, plain, toNobody)
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
		w := newWarehouse(b, plain, toNobody)
		e := w.placed(b, "e-1")
		w.mustHandle(b, e)
		for b.Loop() {
			w.mustHandle(b, e)
		}
	})
}
