// Package activity is what happens in a local cloud, as a stream: each event that a bus
// accepts and its deliveries, each attempt of a function, and what goes wrong.
package activity

import (
	"time"

	"example.com/saga/localcloud/loss"
)

// Kind is what has happened. It is the name of the event in the stream.
type Kind string

// The kinds, with the type that each has as data.
const (
	Accepted     Kind = "accepted"     // Arrival
	Delivered    Kind = "delivered"    // Delivery
	Undelivered  Kind = "undelivered"  // Delivery, with the reason
	Attempted    Kind = "attempt"      // Attempt
	ProcessEnded Kind = "processEnded" // Ending
	DeadLetter   Kind = "deadLetter"   // loss.DeadLetter
	Lost         Kind = "loss"         // loss.Loss
	Missed       Kind = "missed"       // {"count": n, "anotherRun": true or false}
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Accepted, Delivered, Undelivered, Attempted, ProcessEnded, DeadLetter, Lost, Missed}
}

// In all of them the engines report ARNs; what is streamed are construct paths.
type (
	// Arrival is an event that a bus has accepted, from a publisher or another bus.
	Arrival struct {
		Time time.Time `json:"time"`
		Bus  string    `json:"bus"`

		loss.Event

		Source string `json:"source"`
	}

	// Delivery is an attempt of a rule to deliver an event to a target.
	Delivery struct {
		Time   time.Time `json:"time"`
		Rule   string    `json:"rule"`
		Target string    `json:"target"`

		loss.Event

		// Attempt counts from 1.
		Attempt int `json:"attempt"`
		// Reason is why the target has not accepted it, or empty.
		Reason string `json:"reason,omitempty"`
	}

	// Attempt is one attempt of a function: at an asynchronous event, at a batch of
	// messages, or at a synchronous invocation.
	Attempt struct {
		Time     time.Time `json:"time"`
		Function string    `json:"function"`
		// Request is the id of the invocation.
		Request string `json:"request"`
		// Queue is the one that the messages are from, or empty.
		Queue string `json:"queue,omitempty"`
		// Attempts is how many there are at most; 0 is no limit.
		Attempts int    `json:"attempts,omitempty"`
		Parts    []Part `json:"parts"`
		// Reason is why it failed, for those parts that did, or empty.
		Reason string `json:"reason,omitempty"`
	}

	// Part is the payload of an attempt, or one of the messages in it.
	Part struct {
		Message string `json:"message,omitempty"`

		loss.Event

		// Attempt counts from 1. It is 0 for a synchronous invocation, which is not
		// retried.
		Attempt int  `json:"attempt,omitempty"`
		Failed  bool `json:"failed,omitempty"`
	}

	// Ending is the end of a process of a function, which was killed, crashed, or has
	// exceeded its timeout.
	Ending struct {
		Time     time.Time `json:"time"`
		Function string    `json:"function"`
		PID      int       `json:"pid"`
		// Request is the invocation that it worked on, or empty.
		Request string `json:"request,omitempty"`
		Reason  string `json:"reason"`
	}
)

// Failure returns the attempt as a failure, and whether it is one.
func (a Attempt) Failure() (failure loss.Failure, failed bool) {
	failure = loss.Failure{Time: a.Time, Function: a.Function, Request: a.Request, Attempts: a.Attempts, Reason: a.Reason}
	count := 0
	for _, part := range a.Parts {
		if !part.Failed {
			continue
		}
		if part.Message != "" {
			failure.Messages = append(failure.Messages, part.Message)
		}
		failure.Attempt, failure.Event = max(failure.Attempt, part.Attempt), part.Event
		count++
	}
	if count > 1 {
		failure.Event = loss.Event{}
	}
	return failure, count > 0
}
