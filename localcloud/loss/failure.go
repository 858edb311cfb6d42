package loss

import "time"

// Failure is one attempt of a function that has failed: at an asynchronous event, at
// a batch of messages, or at a synchronous invocation.
type Failure struct {
	Time time.Time `json:"time"`
	// Function is the function. The engine reports its ARN; what is shown is its
	// construct path.
	Function string `json:"function"`
	// Request is the id of the invocation.
	Request string `json:"request"`
	// Attempt counts from 1. It is 0 for a synchronous invocation, which is not
	// retried. Of several messages it is that of the one received most often.
	Attempt int `json:"attempt,omitempty"`
	// Attempts is how many there are at most; 0 is no limit.
	Attempts int `json:"attempts,omitempty"`

	// Event is empty if it is not an event, or if several messages have failed.
	Event

	// Messages are the ids of the messages of a batch that have failed.
	Messages []string `json:"messages,omitempty"`
	Reason   string   `json:"reason"`
}

// DeadLetter is a message that has come to a dead-letter queue.
type DeadLetter struct {
	Time time.Time `json:"time"`
	// URL and Queue are those of the dead-letter queue, and From the queue, rule or schedule that the
	// message comes from, or empty if the message does not have it. The engine reports
	// ARNs; what is shown are construct paths.
	URL     string `json:"url"`
	Queue   string `json:"queue"`
	From    string `json:"from,omitempty"`
	Message string `json:"message"`

	Event

	// Reason is why it came there, if the message has that.
	Reason string `json:"reason,omitempty"`
}
