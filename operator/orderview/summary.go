package orderview

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// record returns the record of a context, or the zero value.
func (v View) record(name string) participant.Record {
	for _, c := range v.Contexts {
		if c.Name == name {
			return c.Record
		}
	}
	return participant.Record{}
}

// event returns the event with an id.
func (v View) event(id string) (Event, bool) {
	i := slices.IndexFunc(v.Events, func(e Event) bool { return e.ID == id })
	if i < 0 {
		return Event{}, false
	}
	return v.Events[i], true
}

// readOrder reads the state in a record of the order context, and when the order ended.
func readOrder(record participant.Record) (state order.State, ended time.Time, err error) {
	if record.Version == 0 {
		return state, ended, nil
	}
	if err := json.Unmarshal(record.State, &state); err != nil {
		return state, ended, fmt.Errorf("the state of order %s: %w", record.Subject, err)
	}
	if state, err = order.Upgrade(state, record); err != nil || !state.Ended() {
		return state, ended, err
	}
	return state, endOf(record), nil
}

// endOf returns when the order of a record was shipped or cancelled. A refused cancellation
// is known to be later than the shipment.
func endOf(record participant.Record) (ended time.Time) {
	for _, h := range record.Handled {
		switch h.Type {
		case contract.OrderShipped{}.EventType():
			return h.OccurredAt
		case contract.CancellationRefused{}.EventType():
			ended = h.OccurredAt
		}
		for _, e := range h.Published {
			if e.Type == (contract.OrderCancelled{}).EventType() {
				return e.Time
			}
		}
	}
	return ended
}

// logged returns the time in which something about the order was logged. The end is zero
// if the order has not ended.
func (v View) logged() (from, until time.Time) {
	for _, c := range v.Contexts {
		for _, h := range c.Handled {
			if from.IsZero() || h.OccurredAt.Before(from) {
				from = h.OccurredAt
			}
			if h.HandledAt.After(until) {
				until = h.HandledAt
			}
		}
	}
	if !from.IsZero() {
		from = from.Add(-clockTolerance)
	}
	if !v.Order.Ended() || until.IsZero() {
		return from, time.Time{}
	}
	return from, until.Add(afterwards)
}

// wait is a time in which the order waited for a context.
type wait struct{ from, until time.Time }

// has reports whether a time of a log, which has milliseconds, is in the wait.
func (w wait) has(t time.Time) bool {
	return !t.Before(w.from.Truncate(time.Millisecond)) && !t.After(w.until)
}

// around returns the time from the first begin to the last end of some waits, or zero.
func around(waits []wait) (from, until time.Time) {
	for i, w := range waits {
		if i == 0 || w.from.Before(from) {
			from = w.from
		}
		if w.until.After(until) {
			until = w.until
		}
	}
	return from, until
}

// waits returns the long ones, by their contexts: for the event that came latest after its
// cause, for the end of the delivery that took longest after its commit, and for what is
// expected next. The process that ended can be one that published too late or one that
// handled too late.
func (v View) waits() map[string][]wait {
	all := make(map[string][]wait)
	add := func(from, until time.Time, contexts ...string) {
		if until.Sub(from) < slow {
			return
		}
		slices.Sort(contexts)
		for _, name := range slices.Compact(contexts) {
			all[name] = append(all[name], wait{from, until})
		}
	}
	slowest, _ := v.Slowest()
	if cause, known := v.event(slowest.Cause); known {
		add(cause.Time, slowest.Time, cause.Publisher, slowest.Publisher)
	}
	var finished Delivery
	for _, e := range v.Events {
		for _, d := range e.Deliveries {
			if d.unfinished() > finished.unfinished() {
				finished = d
			}
		}
	}
	add(finished.HandledAt, finished.LoggedAt, finished.Consumer)
	if expected := v.Expected(); len(expected) > 0 {
		add(expected[0].Time, v.ReadAt, expected[0].Publisher, expected[0].Delivery.Consumer)
	}
	return all
}

// unfinished returns how long after its commit a delivery was logged as handled: what was
// decided was published in between, if need be by another delivery.
func (d Delivery) unfinished() time.Duration {
	if d.HandledAt.IsZero() || d.LoggedAt.IsZero() {
		return 0
	}
	return d.LoggedAt.Sub(d.HandledAt)
}

// readLines sets the trace ids, and the results of deliveries by the lines of functions.
func readLines(v *View) {
	for _, line := range v.Lines {
		if line.TraceID != "" && !slices.Contains(v.TraceIDs, line.TraceID) {
			v.TraceIDs = append(v.TraceIDs, line.TraceID)
		}
		for i := range v.Events {
			if v.Events[i].ID == line.EventID {
				v.Events[i].count(line)
			}
		}
	}
}

// sum returns the balance of the events that the contexts published, as far as they have
// data.
func (c *collector) sum() Balance {
	var b Balance
	for _, key := range c.keys {
		data, err := c.decode(c.found[key].Event)
		if err != nil || !c.found[key].view.Recorded {
			continue // It is shown with its events, and has no effect.
		}
		switch data := data.(type) {
		case contract.StockReserved:
			b.Reserved = data.Items
		case contract.StockReleased:
			b.Released = data.Items
		case contract.OrderShipped:
			b.Shipped = data.Items
		case contract.PaymentTaken:
			b.Taken = data.Amount
		case contract.PaymentRefunded:
			b.Refunded = data.Amount
		case contract.PointsAwarded:
			b.Awarded = data.Points
		case contract.PointsRevoked:
			b.Revoked = data.Points
		}
	}
	return b
}
