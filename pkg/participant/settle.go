package participant

import (
	"slices"
	"time"

	"example.com/saga/pkg/event"
)

// remember returns the record with a task among what was handled, without the entries that
// have expired. An entry does not expire while the same event would still be accepted, or
// while the record is due: work for a saga that has not ended may need its first event.
func (p *Participant[S]) remember(record Record, t *task, published []event.Event, now time.Time) Record {
	all := append(settle(record.Handled, t.Event.CausationID), Handled{
		Source:      t.Event.Source,
		ID:          t.Event.ID,
		Type:        t.Event.Type,
		CausationID: t.Event.CausationID,
		Digest:      t.digest,
		OccurredAt:  t.Event.Time.UTC().Truncate(time.Millisecond),
		HandledAt:   now,
		Published:   published,
	})
	next := record
	next.Handled = nil
	for _, h := range all {
		until := later(h.HandledAt, h.OccurredAt).Add(p.config.Retention + retentionMargin)
		if !record.Due.IsZero() || until.After(now) {
			next.Handled = append(next.Handled, h)
			next.ExpiresAt = later(next.ExpiresAt, until)
		}
	}
	return next
}

// later returns the later of two times. The clock of an event's publisher may be
// ahead or behind.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// settle returns the entries after an event has arrived that was caused by the event with
// an id: the event with that id was published. So it need not be published again, and
// its data is dropped. Only the cause itself counts: an event further along may have
// another cause.
func settle(handled []Handled, id string) []Handled {
	handled = slices.Clone(handled)
	for i, h := range handled {
		for j, e := range h.Published {
			if e.ID == id {
				handled[i].Published = slices.Clone(handled[i].Published)
				handled[i].Published[j].Data = nil
			}
		}
	}
	return handled
}

// unsettled returns the events that may have to be published again.
func unsettled(published []event.Event) []event.Event {
	return slices.DeleteFunc(slices.Clone(published), func(e event.Event) bool { return e.Data == nil })
}
