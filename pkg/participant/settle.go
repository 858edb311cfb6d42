package participant

import (
	"slices"

	"example.com/saga/pkg/event"
)

// settle returns the entries after an event has arrived that was caused by the event with
// an id: the event with that id was published. So it need not be published again, and
// its data is dropped. Only the cause itself counts: an event further along may have
// another cause.
func settle(handled []Handled, id string) []Handled {
	handled = slices.Clone(handled)
	for i, h := range handled {
		for j, e := range h.Published {
			if e.ID == id && e.Data != nil {
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
