package language

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"example.com/saga/pkg/event"
)

// Description is the documentation of an event in its schema.
type Description struct {
	// Meaning is what the event means, in a sentence or two.
	Meaning string
	// Example is the first one of the schema.
	Example event.Data
	// Schema is the URI of the schema that is published. Versions are the URIs of those
	// that are read, sorted.
	Schema   string
	Versions []string
}

// Describe returns the description of the event that the data belongs to, from the
// version of its schema that is published. event.ErrInvalid is returned if the language
// has no such event, and an error if the schema has no example, or one that cannot be
// decoded.
func (l *Language) Describe(data event.Data) (Description, error) {
	e, isKnown := l.events[data.EventType()]
	if !isKnown {
		return Description{}, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, data.EventType())
	}
	published := e.versions[e.published]
	examples := published.schema.Examples()
	if len(examples) == 0 {
		return Description{}, fmt.Errorf("schema of %s: no example", data.EventType())
	}
	example, err := published.decode(examples[0])
	if err != nil {
		return Description{}, fmt.Errorf("schema of %s: the example: %w", data.EventType(), err)
	}
	return Description{published.schema.Description(), example, e.published, slices.Sorted(maps.Keys(e.versions))}, nil
}

// Schemas returns the documents of all schemas by their URIs, those of the types that
// events share included.
func (l *Language) Schemas() map[string]json.RawMessage { return maps.Clone(l.documents) }

// PersonalMembers returns the names of the members of the given data that are personal,
// sorted: those that a schema marks with x-personal, in any version that is read.
func (l *Language) PersonalMembers(data ...event.Data) []string {
	var names []string
	for _, d := range data {
		for _, version := range l.events[d.EventType()].versions {
			names = append(names, version.schema.PersonalMembers()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
