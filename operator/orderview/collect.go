package orderview

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/saga/operator/contexts"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/envelope"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/causal"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
)

// collector collects the events of an order from the records and the event log.
type collector struct {
	language participant.Language
	// found has each event once, by its source and id.
	found map[string]*collected
	keys  []string // In the order in which they were found.
}

// collected is an event, and when each context handled it.
type collected struct {
	event.Event
	view    Event
	handled map[string]time.Time
}

// newCollector makes a collector with the events in the records of an order.
func newCollector(language participant.Language, records []Context) *collector {
	c := &collector{language: language, found: make(map[string]*collected)}
	parties := newParties()
	for _, record := range records {
		for _, h := range record.Handled {
			// A command is not an event.
			if _, isEvent := parties.publisher[h.Type]; isEvent {
				found := c.add(event.Event{ID: h.ID, Source: h.Source, Type: h.Type, Time: h.OccurredAt, CausationID: h.CausationID})
				found.view.Recorded = true
				found.handled[record.Name] = h.HandledAt
			}
			for _, e := range h.Published {
				c.add(e).view.Recorded = true
			}
		}
	}
	return c
}

// add returns what is collected of an event. The first data that is found counts.
func (c *collector) add(e event.Event) *collected {
	key := e.Source + "/" + e.ID
	known, exists := c.found[key]
	if !exists {
		known = &collected{Event: e, handled: make(map[string]time.Time)}
		c.found[key] = known
		c.keys = append(c.keys, key)
	}
	if known.Data == nil && e.Data != nil {
		known.Event = e
	}
	return known
}

// readLog adds the events of the order in the event log.
func (c *collector) readLog(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, in stack.Stack, query logs.Query) error {
	var err error
	if query.Group, err = in.EventLog(); err != nil {
		return err
	}
	return logs.Read(ctx, client, query, func(logged types.FilteredLogEvent) {
		message := aws.ToString(logged.Message)
		content := (deadletter.Message{Body: message}).Content()
		if content.Order != query.Text {
			return // It only mentions the order.
		}
		e, _, err := envelope.Parse(message)
		if err != nil {
			e = event.Event{ID: content.ID, Type: content.Type, Subject: content.Order, Time: time.UnixMilli(aws.ToInt64(logged.Timestamp)).UTC()}
		}
		found := c.add(e)
		if err != nil {
			found.view.Invalid = err.Error()
		}
		found.view.Logged++
		if found.view.Logged == 1 {
			found.view.LoggedAt = time.UnixMilli(aws.ToInt64(logged.IngestionTime)).UTC()
		}
	})
}

// events returns the events, each after its cause.
func (c *collector) events(ctx context.Context, v View) ([]Event, error) {
	parties := newParties()
	var all []causal.Event[Event]
	for _, key := range c.keys {
		found := c.found[key]
		e := found.view
		e.Type, e.ID, e.Source, e.Time, e.Cause, e.Data = found.Type, found.ID, found.Source, found.Time, found.CausationID, found.Data
		e.Publisher = parties.publisher[e.Type]
		in := participant.Input{Event: found.Event, Now: v.ReadAt}
		var err error
		if in.Data, err = c.decode(found.Event); err != nil && e.Invalid == "" {
			e.Invalid = err.Error()
		}
		if e.Deliveries, err = found.deliveries(ctx, v, in, parties.consumers[e.Type]); err != nil {
			return nil, err
		}
		all = append(all, causal.Event[Event]{ID: e.ID, Cause: e.Cause, Time: e.Time, Arrived: e.Time, Value: e})
	}
	var sorted []Event
	for _, entry := range causal.Sort(all, v.ReadAt, 0) {
		sorted = append(sorted, entry.Value)
	}
	return sorted, nil
}

// deliveries returns what became of an event at each consumer, by the records and the
// dead letters.
func (c *collected) deliveries(ctx context.Context, v View, in participant.Input, consumers []string) ([]Delivery, error) {
	var all []Delivery
	for _, consumer := range consumers {
		d := Delivery{Consumer: consumer, HandledAt: c.handled[consumer]}
		// The dead letter of a duplicate stops nothing.
		if d.HandledAt.IsZero() {
			d.DeadLetter = deadLetterOf(v.DeadLetters, c.ID, consumer, consumers)
		}
		if d.Pending() && in.Data != nil {
			var err error
			if d.Next, err = next(ctx, v, consumer, in); err != nil {
				return nil, err
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// decode returns the data of an event, or nil if it is not known any more.
func (c *collector) decode(e event.Event) (event.Data, error) {
	if e.Data == nil {
		return nil, nil
	}
	return c.language.Decode(e)
}

// next returns the types of what a context publishes when it handles an event.
func next(ctx context.Context, v View, consumer string, in participant.Input) ([]string, error) {
	for _, each := range contexts.All() {
		if each.Name != consumer {
			continue
		}
		published, err := each.Next(ctx, v.record(consumer).State, in)
		if errors.Is(err, event.ErrInvalid) {
			return nil, nil // It will be a dead letter.
		}
		return event.Types(published...), err
	}
	return nil, nil
}

// deadLetterOf returns the dead letter of an event that stops its delivery to a consumer,
// or nil. In a queue of a context that does not consume the event it is one of a rule
// that forwards it, and stops the delivery to all.
func deadLetterOf(deadLetters []dlq.DeadLetter, id, consumer string, consumers []string) *dlq.DeadLetter {
	for i, d := range deadLetters {
		if d.Event.ID == id && (d.Context == consumer || !slices.Contains(consumers, d.Context)) {
			return &deadLetters[i]
		}
	}
	return nil
}

// count counts the line of a delivery.
func (e *Event) count(line logs.Line) {
	for i := range e.Deliveries {
		d := &e.Deliveries[i]
		if d.Consumer != line.Context {
			continue
		}
		switch {
		case line.Is(telemetry.Handled):
			if d.Handled++; d.Handled == 1 {
				d.LoggedAt = line.Time
			}
		case line.Is(telemetry.Failed):
			d.Failed++
		case line.Is(telemetry.Invalid):
			d.Rejected++
		}
		if line.Error != "" {
			d.LastError = line.Error
		}
	}
}

// parties are the publisher and the consumers of each type of event.
type parties struct {
	publisher map[string]string
	consumers map[string][]string
}

func newParties() parties {
	p := parties{make(map[string]string), make(map[string][]string)}
	for _, name := range append(Lanes(), contract.Operator) {
		for _, eventType := range event.Types(contract.Catalogue().PublishedBy(name)...) {
			p.publisher[eventType] = name
		}
		for _, eventType := range event.Types(contract.Catalogue().ConsumedBy(name)...) {
			p.consumers[eventType] = append(p.consumers[eventType], name)
		}
	}
	return p
}
