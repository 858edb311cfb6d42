// Package causal puts events that arrive in any order into the order of their
// causes. An event whose cause has not arrived is held back for a window of
// time; when the window closes it is shown all the same, with the gap marked.
//
// It keeps nothing and needs no timer: it is a view of what has arrived, asked
// for whenever somebody looks.
package causal

import (
	"slices"
	"time"
)

// Event is what must be known of an event to put it in its place.
type Event[T any] struct {
	ID string
	// Cause is the id of the event that caused this one, or "".
	Cause string
	// Time is when it happened, by its publisher's clock.
	Time time.Time
	// Arrived is when it was first seen here.
	Arrived time.Time
	Value   T
}

// Entry is an event in its place.
type Entry[T any] struct {
	Value T
	// Gap tells that the event's cause should stand before it, but was not seen
	// within the window.
	Gap bool
}

// Sort returns the events that can be shown at a moment, each behind its cause,
// and the earlier before the later where causes leave it open. Of events with
// one id only the first counts. What waits for a cause is left out until the
// cause is there, or until the window after its arrival has closed.
func Sort[T any](events []Event[T], now time.Time, window time.Duration) []Entry[T] {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event[T]) int { return a.Time.Compare(b.Time) })

	seen := make(map[string]bool)
	for _, e := range events {
		seen[e.ID] = true
	}
	effects := make(map[string][]Event[T])
	var ready []Event[T]
	for _, e := range events {
		switch {
		case seen[e.Cause]:
			effects[e.Cause] = append(effects[e.Cause], e)
		case e.Cause == "" || !now.Before(e.Arrived.Add(window)):
			ready = append(ready, e)
		}
	}
	return walk(ready, effects)
}

// walk shows what is ready, earliest first; what an event caused is ready as
// soon as the event itself is shown.
func walk[T any](ready []Event[T], effects map[string][]Event[T]) []Entry[T] {
	var shown []Entry[T]
	done := make(map[string]bool)
	for len(ready) > 0 {
		earliest := 0
		for i, e := range ready {
			if e.Time.Before(ready[earliest].Time) {
				earliest = i
			}
		}
		e := ready[earliest]
		ready = slices.Delete(ready, earliest, earliest+1)
		if done[e.ID] {
			continue
		}
		done[e.ID] = true
		shown = append(shown, Entry[T]{Value: e.Value, Gap: e.Cause != "" && !done[e.Cause]})
		ready = append(ready, effects[e.ID]...)
	}
	return shown
}
