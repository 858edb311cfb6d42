// Package orderview is all that is known about one order: what every context has recorded,
// the events by their causes, what is expected next, the dead letters that stop it, what
// the functions logged, and in one sentence why it ended, or where it stands and why.
//
// A new context appears by itself: the publishers and consumers are those of
// pkg/contract, and what is expected next is what the decisions of operator/contexts
// return.
package orderview

import (
	"encoding/json"
	"time"

	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// View is what is known about one order.
type View struct {
	ID string
	// ReadAt is when it was read.
	ReadAt time.Time
	// Order is the state in the order context, or the zero value if that has no record.
	Order order.State
	// EndedAt is when the order was shipped or cancelled, or zero.
	EndedAt       time.Time
	CorrelationID string
	// TraceIDs are those of X-Ray in the log lines.
	TraceIDs []string
	// Contexts are those with a record of the order, in the order of the catalogue. That
	// of the order context can be read.
	Contexts []Context
	// Events are the order's, each after its cause, and otherwise by time.
	Events []Event
	// DeadLetters are those about the order, the oldest first.
	DeadLetters []dlq.DeadLetter
	// Lines are the log lines of functions about the order.
	Lines []logs.Line
	// Ends are the log lines about processes of functions that ended while the order
	// waited for their contexts. Such a line names no event: the process may have
	// handled another one.
	Ends []logs.Line
	// Attempts are those of functions at the events, the first first, if they are known.
	Attempts []Attempt
	Balance  Balance
}

// Context is what one context has recorded about the order.
type Context struct {
	Name string
	participant.Record

	// Unreadable is why the record cannot be read, or nil. Then it is empty.
	Unreadable error
}

// Event is an event of the order.
type Event struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Source string `json:"source,omitzero"`
	// Publisher is the context that publishes events of this type.
	Publisher string    `json:"publisher,omitzero"`
	Time      time.Time `json:"time"`
	// Cause is the id of the event that caused this one, or "".
	Cause string `json:"cause,omitzero"`
	// Data is nil if the log does not have the event any more, and a record dropped it.
	Data json.RawMessage `json:"data,omitzero"`
	// Logged is how often the event log has it. It is published more than once if its
	// cause is handled more than once.
	Logged int `json:"logged,omitzero"`
	// LoggedAt is when the event log received it first, or zero.
	LoggedAt time.Time `json:"loggedAt,omitzero"`
	// Recorded is true if a context's record has it: the context published it or
	// handled it. Any other event was made by something else.
	Recorded bool `json:"recorded,omitzero"`
	// Invalid is why it is not a valid event, or "".
	Invalid string `json:"invalid,omitzero"`
	// Deliveries are one for each consumer.
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is what became of an event at one consumer.
type Delivery struct {
	Consumer string `json:"consumer"`
	// HandledAt is when the consumer committed what it decided, or zero. There is no
	// record of a consumer that is not a context.
	HandledAt time.Time `json:"handledAt,omitzero"`
	// LoggedAt is when the consumer first logged that it was handled, or zero.
	LoggedAt time.Time `json:"loggedAt,omitzero"`
	// Handled, Failed and Rejected count the lines in the logs of the consumer's
	// functions: each delivery that was handled, failed or was found invalid.
	Handled  int `json:"handled,omitzero"`
	Failed   int `json:"failed,omitzero"`
	Rejected int `json:"rejected,omitzero"`
	// Attempts is how often the event was given to a function of the consumer, if known.
	Attempts int `json:"attempts,omitzero"`
	// LastError is the last error in these lines.
	LastError string `json:"lastError,omitzero"`
	// Next are the types of the events that the consumer is expected to publish when it
	// handles this one. It is empty if it has handled it, or will publish nothing.
	Next []string `json:"next,omitzero"`
	// DeadLetter is the dead letter that stops the delivery, or nil.
	DeadLetter *dlq.DeadLetter `json:"-"`
}

// Pending reports whether a context has still to handle the event.
func (d Delivery) Pending() bool { return d.HandledAt.IsZero() && d.Consumer != contract.Notification }

// Repeated reports whether the event was handled more than once, which has no effect.
func (d Delivery) Repeated() bool { return d.Handled > 1 }

// Delivered returns how often the event was given to the consumer, as far as is known.
func (d Delivery) Delivered() int { return max(d.Attempts, d.Handled+d.Failed+d.Rejected) }

// Balance is what was held for the order, and what was returned. An event without data
// counts as nothing.
type Balance struct {
	Taken    contract.Money   `json:"taken"`
	Refunded contract.Money   `json:"refunded"`
	Awarded  int64            `json:"awarded"`
	Revoked  int64            `json:"revoked"`
	Reserved []contract.Stock `json:"reserved"`
	Released []contract.Stock `json:"released"`
	Shipped  []contract.Stock `json:"shipped"`
}

// Lanes returns the names of the parties of the choreography of an order: the contexts, in
// the order of the catalogue, and the notification endpoint.
func Lanes() []string { return append(contract.Catalogue().Contexts(), contract.Notification) }

// Known reports whether any context has a record of the order.
func (v View) Known() bool { return len(v.Contexts) > 0 }

// Age returns how long the order took from its placement to its end, or has taken until
// it was read.
func (v View) Age() time.Duration {
	end := v.EndedAt
	if end.IsZero() {
		end = v.ReadAt
	}
	return max(end.Sub(v.Order.PlacedAt), 0)
}

// Step is an event that a consumer has to handle.
type Step struct {
	Event

	Delivery Delivery
}

// Expected returns the steps that continue the order: deliveries which are pending and
// lead to further events or else, if there are none, to another status. Those that a dead
// letter stops come first.
func (v View) Expected() []Step {
	var stopped, leading, rest []Step
	for _, e := range v.Events {
		for _, d := range e.Deliveries {
			step := Step{e, d}
			switch {
			case !e.Recorded || !d.Pending():
			case d.DeadLetter != nil:
				stopped = append(stopped, step)
			case len(d.Next) > 0:
				leading = append(leading, step)
			case d.Consumer == contract.SourceOrder && !v.Order.Ended():
				rest = append(rest, step)
			}
		}
	}
	if len(leading)+len(stopped) == 0 {
		return rest
	}
	return append(stopped, leading...)
}

// Stopped returns the step that a dead letter stops, if there is one and the order has
// not ended.
func (v View) Stopped() (Step, bool) {
	expected := v.Expected()
	if v.Order.Ended() || len(expected) == 0 || expected[0].Delivery.DeadLetter == nil {
		return Step{}, false
	}
	return expected[0], true
}

// Slowest returns the event of a context that came latest after its cause, and how long
// that took.
func (v View) Slowest() (slowest Event, took time.Duration) {
	at := make(map[string]time.Time)
	for _, e := range v.Events {
		at[e.ID] = e.Time
		if cause, known := at[e.Cause]; known && e.Recorded && e.Time.Sub(cause) > took {
			slowest, took = e, e.Time.Sub(cause)
		}
	}
	return slowest, took
}
