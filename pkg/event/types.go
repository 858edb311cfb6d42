package event

import "slices"

// Types returns the event types of the given data, sorted.
func Types(data ...Data) []string {
	types := make([]string, len(data))
	for i, d := range data {
		types[i] = d.EventType()
	}
	slices.Sort(types)
	return types
}
