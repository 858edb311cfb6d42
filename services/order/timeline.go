package order

import (
	"time"

	"example.com/saga/pkg/causal"
	"example.com/saga/pkg/participant"
)

// TimelineWindow is how long an event is held back whose cause has not arrived. Events
// overtake each other by seconds; half a minute covers that and immediate retries. A
// redelivery can take minutes: until then the timeline shows a gap.
const TimelineWindow = 30 * time.Second

// Entry is one event of an order.
type Entry struct {
	Type        string    `json:"type"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Time        time.Time `json:"time"`
	CausationID string    `json:"causationId,omitempty"`
	// Gap is true if the event's cause is missing before it.
	Gap bool `json:"gap,omitempty"`
}

// Timeline returns every event in the record of an order, published and consumed. A
// cause comes before its effects, in whatever order they arrived; otherwise events are
// sorted by time. An event whose cause has not arrived is left out until the cause
// arrives, or until the window after its own arrival has ended: then it has a gap.
func Timeline(record participant.Record, now time.Time, window time.Duration) []Entry {
	var arrived []causal.Event[Entry]
	add := func(entry Entry, at time.Time) {
		arrived = append(arrived, causal.Event[Entry]{
			ID: entry.ID, Cause: entry.CausationID, Time: entry.Time, Arrived: at, Value: entry,
		})
	}
	for _, handled := range record.Handled {
		// A command has no causation id, and is not an event.
		if handled.CausationID != "" {
			add(Entry{
				Type: handled.Type, ID: handled.ID, Source: handled.Source, Time: handled.OccurredAt, CausationID: handled.CausationID,
			}, handled.HandledAt)
		}
		for _, e := range handled.Published {
			add(Entry{Type: e.Type, ID: e.ID, Source: e.Source, Time: e.Time, CausationID: e.CausationID}, handled.HandledAt)
		}
	}
	entries := []Entry{}
	for _, sorted := range causal.Sort(arrived, now, window) {
		entry := sorted.Value
		entry.Gap = sorted.Gap
		entries = append(entries, entry)
	}
	return entries
}
