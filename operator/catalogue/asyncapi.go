package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// object is a JSON object of a document.
type object map[string]any

// AsyncAPI returns an AsyncAPI 3.0 document of all events
// (https://www.asyncapi.com/docs/reference/specification/v3.0.0): channels are buses,
// operations are publishers and rules.
func (c Catalogue) AsyncAPI() ([]byte, error) {
	schemas, err := c.componentSchemas()
	if err != nil {
		return nil, err
	}
	messages, err := c.messages()
	if err != nil {
		return nil, err
	}
	channels := make(object)
	for _, bus := range c.Topology.Buses {
		on := make(object)
		for _, eventType := range c.Topology.On(bus.ID) {
			on[eventType] = refer("components", "messages", eventType)
		}
		channels[bus.ID] = object{
			"address": bus.Name, "servers": []object{refer("servers", "eventbridge")}, "messages": on,
			"description": "An event bus. Each message is the detail of an event in EventBridge: source and detail-type there are the source and the type of the message.",
		}
	}
	document := struct {
		AsyncAPI           string `json:"asyncapi"`
		Info               object `json:"info"`
		DefaultContentType string `json:"defaultContentType"`
		Servers            object `json:"servers"`
		Channels           object `json:"channels"`
		Operations         object `json:"operations"`
		Components         object `json:"components"`
	}{
		"3.0.0",
		object{"title": "Saga", "version": "1", "description": "The events of the order-fulfilment saga: who publishes them, and by which rules they reach their consumers."},
		mediaType(),
		object{"eventbridge": object{
			"host": "events.{region}.amazonaws.com", "protocol": "https",
			"description": "Amazon EventBridge: PutEvents publishes, rules deliver.",
			"variables":   object{"region": object{"description": "The AWS region of the stack."}},
		}},
		channels, c.operations(),
		object{"messages": messages, "schemas": schemas},
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(document)
	return out.Bytes(), err
}

// mediaType is the media type of an event.
func mediaType() string {
	media, _, _ := strings.Cut(event.ContentType, ";")
	return media
}

// refer refers to a part of the document.
func refer(path ...string) object { return object{"$ref": "#/" + strings.Join(path, "/")} }

// operations returns one operation for each publisher, and one for each rule.
func (c Catalogue) operations() object {
	all := make(object)
	published := make(map[string][]string)
	for _, e := range c.Events {
		published[e.Publisher] = append(published[e.Publisher], e.Type)
	}
	for publisher, types := range published {
		all[publisher+"Publishes"] = operation("send", c.Topology.Origin(types[0]), publisher+" publishes.", types)
	}
	for _, rule := range c.Topology.Rules {
		received := operation("receive", rule.Bus, "The rule sends to "+rule.Target+".", c.Topology.Matched(rule))
		if rule.Queues() {
			received["bindings"] = object{"sqs": object{
				"bindingVersion": "0.2.0", "queues": []object{{"name": rule.Target, "fifoQueue": rule.IsFIFO}},
			}}
		}
		all[rule.ID] = received
	}
	return all
}

func operation(action, bus, summary string, types []string) object {
	messages := []object{}
	for _, eventType := range types {
		messages = append(messages, refer("channels", bus, "messages", eventType))
	}
	return object{"action": action, "channel": refer("channels", bus), "summary": summary, "messages": messages}
}

// messages returns the messages by their types.
func (c Catalogue) messages() (object, error) {
	all := make(object)
	for _, e := range c.Events {
		example, err := c.Example(e)
		if err != nil {
			return nil, err
		}
		all[e.Type] = object{
			"name": e.Type, "title": e.Type, "summary": e.Meaning, "contentType": mediaType(),
			"correlationId": object{"description": "The same in all events of one order.", "location": "$message.payload#/correlationid"},
			"tags":          []object{{"name": e.Source, "description": "The bounded context that the event belongs to."}},
			"payload": object{"allOf": []object{refer("components", "schemas", "cloudEvent"), {"properties": object{
				"type": object{"const": e.Type}, "source": object{"const": e.Source}, "dataschema": object{"const": e.Schema},
				"data": refer("components", "schemas", e.Type),
			}}}},
			"examples": []object{{"name": "example", "payload": example}},
		}
	}
	return all, nil
}

// exampleOrder is the order of the examples.
const exampleOrder = "o-1"

// Example returns an example of an event, as it is published: its cause is the example of
// the first event that causes it.
func (c Catalogue) Example(e Event) (event.Event, error) {
	subject := exampleOrder
	if e.Publisher == contract.Operator {
		subject = "delivery-1"
	}
	cause := event.Cause{Event: event.Event{ID: subject, Source: e.Source, Subject: subject, CorrelationID: subject}, IsCommand: true}
	if len(e.CausedBy) > 0 {
		by, err := c.Event(e.CausedBy[0])
		if err != nil {
			return event.Event{}, err
		}
		if cause.Event, err = c.Example(by); err != nil {
			return event.Event{}, err
		}
		cause.IsCommand = false
	}
	at := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	made, err := event.Caused(cause, e.Source, e.Example, 0, at)
	made.DataSchema = e.Schema
	return made, err
}

// componentSchemas returns the schemas of the envelope, of the data of each event, and of
// the types that they share. They have other keys here than where they come from, and
// AsyncAPI's dialect, so their references are changed, and $schema and $id left out.
func (c Catalogue) componentSchemas() (object, error) {
	all := object{"cloudEvent": event.Schema()}
	for _, uri := range slices.Sorted(maps.Keys(c.Schemas)) {
		var schema object
		if err := json.Unmarshal(c.Schemas[uri], &schema); err != nil {
			return nil, fmt.Errorf("schema %s: %w", uri, err)
		}
		localize(schema)
		if shared, isShared := schema["$defs"].(map[string]any); isShared {
			maps.Copy(all, shared)
			continue
		}
		delete(schema, "$schema")
		delete(schema, "$id")
		for _, e := range c.Events {
			if e.Schema == uri {
				all[e.Type] = schema
			}
		}
	}
	return all, nil
}

// localize makes the references in a schema lead to the components of the document.
func localize(value any) {
	switch value := value.(type) {
	case object:
		localize(map[string]any(value))
	case map[string]any:
		if target, is := value["$ref"].(string); is {
			value["$ref"] = "#/components/schemas/" + target[strings.LastIndexByte(target, '/')+1:]
		}
		for _, member := range value {
			localize(member)
		}
	case []any:
		for _, element := range value {
			localize(element)
		}
	}
}
