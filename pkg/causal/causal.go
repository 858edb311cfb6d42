// Package causal sorts events that arrive in any order into the order of their
// causes. An event whose cause has not arrived is held back for a window of time.
// After the window it is shown anyway, with the gap marked.
//
// It has no state and needs no timer: it computes a view of the events that have
// arrived.
package causal

import (
	"slices"
	"time"
)

// Event is an event with what is needed to sort it.
type Event[T any] struct {
	ID string
	// Cause is the id of the event that caused this one, or "".
	Cause string
	// Time is when it happened, by its publisher's clock.
	Time time.Time
	// Arrived is when it was first received here.
	Arrived time.Time
	Value   T
}

// Entry is an event in the sorted order.
type Entry[T any] struct {
	Value T
	// Gap is true if the event's cause is missing before it: it did not arrive within
	// the window.
	Gap bool
}

// Sort returns the events that can be shown at a time, each after its cause, and
// otherwise in the order of their times. Of events with the same id only the first
// counts. An event whose cause is missing is left out until the cause arrives, or
// until the window after its own arrival has ended.
func Sort[T any](events []Event[T], now time.Time, window time.Duration) []Entry[T] {
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
	return sortReady(ready, effects)
}

// sortReady returns the ready events, earliest first. The effects of an event are
// ready as soon as the event is in the result.
func sortReady[T any](ready []Event[T], effects map[string][]Event[T]) []Entry[T] {
	var sorted []Entry[T]
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
		sorted = append(sorted, Entry[T]{Value: e.Value, Gap: e.Cause != "" && !done[e.Cause]})
		ready = append(ready, effects[e.ID]...)
	}
	return sorted
}
