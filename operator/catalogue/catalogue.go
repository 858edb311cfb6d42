// Package catalogue documents the events of the saga: what each means, who publishes and
// consumes it, what causes it and what it causes, and by which rules it travels. It makes
// an AsyncAPI document of that, and pages, and pages of the order API. All of it comes from
// the published language, a CloudFormation template, the state tables and the OpenAPI
// document.
package catalogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

// Catalogue has the events of a stack.
type Catalogue struct {
	// Events are in the order of the language.
	Events   []Event
	Contexts []Context
	Topology Topology
	Wiring   Wiring
	// Schemas are the documents of all schemas by their URIs.
	Schemas map[string]json.RawMessage
}

// Event is a type of event.
type Event struct {
	language.Description

	Type, Source, Publisher string
	Consumers               []string
	// CausedBy and Causes are types of events. An event without a cause is published
	// because of a command.
	CausedBy, Causes []string
	// Compensates is the step that the event undoes, or "". CompensatedBy is the event
	// that undoes this step, or "".
	Compensates, CompensatedBy string
}

// Context is a bounded context with its state table.
type Context struct {
	Name                string
	Publishes, Consumes []string
	Table               Table
}

// New returns the catalogue of a stack, given its template.
func New(template []byte) (Catalogue, error) {
	read, err := readResources(template)
	if err != nil {
		return Catalogue{}, err
	}
	topology, err := read.topology()
	if err != nil {
		return Catalogue{}, err
	}
	wiring, err := read.wiring(topology.Rules)
	if err != nil {
		return Catalogue{}, err
	}
	published, err := contract.NewLanguage()
	if err != nil {
		return Catalogue{}, err
	}
	c := Catalogue{Topology: topology, Wiring: wiring, Schemas: published.Schemas()}
	for _, name := range contract.Catalogue().Contexts() {
		c.Contexts = append(c.Contexts, Context{
			Name: name, Table: stateTable(name),
			Publishes: event.Types(contract.Catalogue().PublishedBy(name)...), Consumes: event.Types(contract.Catalogue().ConsumedBy(name)...),
		})
	}
	for _, data := range contract.Catalogue().All() {
		description, err := published.Describe(data)
		if err != nil {
			return Catalogue{}, err
		}
		c.Events = append(c.Events, describe(data, description, c.Contexts))
	}
	for i := range c.Events {
		for _, e := range c.Events {
			if e.Compensates == c.Events[i].Type {
				c.Events[i].CompensatedBy = e.Type
			}
		}
	}
	return c, nil
}

// compensates begins the meaning of a compensation: the step follows.
const compensates = "Compensates "

// describe returns an event, without what compensates it.
func describe(data event.Data, description language.Description, contexts []Context) Event {
	e := Event{Description: description, Type: data.EventType()}
	if rest, is := strings.CutPrefix(e.Meaning, compensates); is {
		step, _, _ := strings.Cut(rest, " ")
		e.Compensates = strings.TrimRight(step, ".,:;")
	}
	for source := range contract.Catalogue().BySource(data) {
		e.Source = source
	}
	for _, party := range append(contract.Catalogue().Contexts(), contract.Operator, contract.Notification) {
		if slices.Contains(event.Types(contract.Catalogue().PublishedBy(party)...), e.Type) {
			e.Publisher = party
		}
		if slices.Contains(event.Types(contract.Catalogue().ConsumedBy(party)...), e.Type) {
			e.Consumers = append(e.Consumers, party)
		}
	}
	e.Causes, e.CausedBy = effects(e.Type, contexts), causes(e.Type, contexts)
	return e
}

// effects returns the types that contexts publish because of an event, sorted.
func effects(eventType string, contexts []Context) []string {
	var all []string
	for _, context := range contexts {
		for _, row := range context.Table.Rows {
			if row.Event == eventType {
				all = append(all, row.published()...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// causes returns the types of events because of which contexts publish an event, sorted.
func causes(eventType string, contexts []Context) []string {
	return slices.DeleteFunc(event.Types(contract.Catalogue().All()...), func(cause string) bool {
		return !slices.Contains(effects(cause, contexts), eventType)
	})
}

// Event returns the event of a type.
func (c Catalogue) Event(eventType string) (Event, error) {
	i := slices.IndexFunc(c.Events, func(e Event) bool { return e.Type == eventType })
	if i < 0 {
		return Event{}, fmt.Errorf("there is no event %q", eventType)
	}
	return c.Events[i], nil
}
