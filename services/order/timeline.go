package order

import (
	"time"

	"example.com/saga/pkg/causal"
	"example.com/saga/pkg/participant"
)

// TimelineWindow is how long an event is held back whose cause has not come.
// Events overtake each other by seconds; half a minute covers that and what is
// tried again at once. Whatever takes longer is a redelivery, which can take
// minutes, and is better shown as a gap than waited for.
const TimelineWindow = 30 * time.Second

// Entry is one event of an order.
type Entry struct {
	Type        string    `json:"type"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Time        time.Time `json:"time"`
	CausationID string    `json:"causationId,omitempty"`
	// Gap tells that the event's cause is missing before it.
	Gap bool `json:"gap,omitempty"`
}

// Timeline is every event of an order that its record knows: what was published
// and what was consumed. A cause stands before its effects, in whatever order
// they came; otherwise the earlier event is first. An event whose cause has not
// come is left out until it comes, or until the window after the event's own
// arrival has closed: then it is shown with the gap.
func Timeline(record participant.Record, now time.Time, window time.Duration) []Entry {
	var arrived []causal.Event[Entry]
	add := func(entry Entry, at time.Time) {
		arrived = append(arrived, causal.Event[Entry]{
			ID: entry.ID, Cause: entry.CausationID, Time: entry.Time, Arrived: at, Value: entry,
		})
	}
	for _, handled := range record.Handled {
		// A command is no event.
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
	for _, shown := range causal.Sort(arrived, now, window) {
		entry := shown.Value
		entry.Gap = shown.Gap
		entries = append(entries, entry)
	}
	return entries
}
