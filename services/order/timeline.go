package order

import (
	"slices"
	"time"

	"example.com/saga/pkg/participant"
)

// Entry is one event of an order.
type Entry struct {
	Type        string    `json:"type"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Time        time.Time `json:"time"`
	CausationID string    `json:"causationId,omitempty"`
}

// Timeline is every event of an order that its record knows: what was published
// and what was consumed. A cause stands before its effects, in whatever order
// they came; otherwise the earlier event is first.
func Timeline(record participant.Record) []Entry {
	var entries []Entry
	for _, handled := range record.Handled {
		if handled.CausationID != "" {
			entries = append(entries, Entry{
				Type: handled.Type, ID: handled.ID, Source: handled.Source, Time: handled.Time, CausationID: handled.CausationID,
			})
		}
		for _, e := range handled.Published {
			entries = append(entries, Entry{
				Type: e.Type, ID: e.ID, Source: e.Source, Time: e.Time, CausationID: e.CausationID,
			})
		}
	}
	return causal(entries)
}

// causal sorts entries by time, and then moves each behind its cause, because
// the clocks of different machines differ.
func causal(entries []Entry) []Entry {
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	effects := make(map[string][]Entry)
	known := make(map[string]bool)
	for _, e := range entries {
		known[e.ID] = true
	}
	var ready []Entry
	for _, e := range entries {
		if known[e.CausationID] {
			effects[e.CausationID] = append(effects[e.CausationID], e)
		} else {
			ready = append(ready, e)
		}
	}
	sorted := make([]Entry, 0, len(entries))
	for len(ready) > 0 {
		first := ready[0]
		sorted = append(sorted, first)
		ready = append(ready[1:], effects[first.ID]...)
		slices.SortStableFunc(ready, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	}
	return sorted
}
