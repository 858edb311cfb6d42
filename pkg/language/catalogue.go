package language

import (
	"io/fs"
	"slices"

	"example.com/saga/pkg/event"
)

// Catalogue defines a language, and with that a choreography: rules, permissions, tests
// and documents follow from it. Its methods need no schemas. SubjectName is optional.
type Catalogue struct {
	// SchemaBase is the absolute URI, with a slash at its end, that the ids of the events'
	// schemas begin with. It cannot be changed once an event is published.
	SchemaBase string
	// Schemas has the schemas of the events, in every version that is read, and of the
	// types that they share: all its files named *.json. It can be an embed.FS.
	Schemas fs.FS
	// Events defines the events, in any order.
	Events []Definition
	// SubjectName is the name of an event's subject in logs and traces, such as order_id.
	SubjectName string
}

// All returns an empty value of every event's data.
func (c Catalogue) All() []event.Data {
	return c.examples(func(Definition) bool { return true })
}

// PublishedBy returns an empty value of the data of every event that a context, or
// another party, publishes.
func (c Catalogue) PublishedBy(publisher string) []event.Data {
	return c.examples(func(d Definition) bool { return d.publisher == publisher })
}

// ConsumedBy returns an empty value of the data of every event that a context, or
// another party, consumes.
func (c Catalogue) ConsumedBy(consumer string) []event.Data {
	return c.examples(func(d Definition) bool { return slices.Contains(d.consumers, consumer) })
}

func (c Catalogue) examples(isWanted func(Definition) bool) []event.Data {
	var all []event.Data
	for _, d := range c.Events {
		if isWanted(d) {
			all = append(all, d.example)
		}
	}
	return all
}

// Contexts returns the bounded contexts, which are the sources of the events, in the
// order of the definitions.
func (c Catalogue) Contexts() []string {
	var all []string
	for _, d := range c.Events {
		if !slices.Contains(all, d.source) {
			all = append(all, d.source)
		}
	}
	return all
}

// BySource groups the event types of the given data by the context that is their
// source, each group sorted: the rules of a consumer are made of them.
func (c Catalogue) BySource(data ...event.Data) map[string][]string {
	sources := make(map[string]string)
	for _, d := range c.Events {
		sources[d.example.EventType()] = d.source
	}
	grouped := make(map[string][]string)
	for _, eventType := range event.Types(data...) {
		source := sources[eventType]
		grouped[source] = append(grouped[source], eventType)
	}
	return grouped
}

// Words returns the words of the language that records have, see dynamo.Vocabulary: the
// contexts, the types of events and the URIs of their schemas, in every version that is
// read.
func (c Catalogue) Words() []string {
	words := c.Contexts()
	for _, d := range c.Events {
		words = append(words, d.example.EventType())
		for version := range d.decode {
			words = append(words, c.schemaID(d, version))
		}
	}
	return words
}

// schemaID returns the id of the schema of an event in a version.
func (c Catalogue) schemaID(d Definition, version string) string {
	return c.SchemaBase + d.example.EventType() + "/" + version
}
