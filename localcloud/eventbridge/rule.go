package eventbridge

import (
	"encoding/json"
	"time"
)

// Rule sends the events of a bus that match its pattern, and those of its schedule, to
// its targets.
type Rule struct {
	Name   string
	ARN    string
	BusARN string
	// Pattern is the event pattern's JSON; nil if only a schedule triggers the rule.
	Pattern json.RawMessage
	// Schedule is the expression of the schedule that triggers the rule, which
	// something else follows; empty is none.
	Schedule string
	Enabled  bool
	Targets  []Target
}

// Target is where a rule delivers to, and what it delivers.
type Target struct {
	ID      string `json:"Id"`
	ARN     string `json:"Arn"`
	RoleARN string `json:"RoleArn,omitempty"`
	// Input, InputPath and Transformer exclude each other. Without any of them
	// the whole event is delivered.
	Input       *string           `json:",omitempty"`
	InputPath   *string           `json:",omitempty"`
	Transformer *InputTransformer `json:"InputTransformer,omitempty"`
	// MessageGroupID is a queue's message group: a literal, or a JSON path into
	// the original event.
	MessageGroupID string          `json:"-"`
	HTTP           *HTTPParameters `json:"HttpParameters,omitempty"`
	// Retry is AWS's default if it is zero.
	Retry         RetryPolicy `json:"RetryPolicy,omitzero"`
	DeadLetterARN string      `json:"-"`
}

// InputTransformer builds a target's input out of the event.
type InputTransformer struct {
	// Paths maps each variable to the JSON path of its value.
	Paths    map[string]string `json:"InputPathsMap,omitempty"`
	Template string            `json:"InputTemplate"`
}

// HTTPParameters are a target's parameters of an API destination. In a Target
// each value is a literal or a JSON path into the original event; in a Delivery
// the paths have been followed.
type HTTPParameters struct {
	Header map[string]string `json:"HeaderParameters,omitempty"`
	Query  map[string]string `json:"QueryStringParameters,omitempty"`
	// Path replaces the asterisks of the endpoint, in their order.
	Path []string `json:"PathParameterValues,omitempty"`
}

// RetryPolicy ends the retries of a delivery, whichever limit is reached first.
type RetryPolicy struct {
	MaximumAttempts int
	MaximumAge      time.Duration
}

// DefaultRetry is the policy of a target that has none: 185 retries within 24 hours.
func DefaultRetry() RetryPolicy {
	return RetryPolicy{MaximumAttempts: 185, MaximumAge: 24 * time.Hour}
}

// Counts are the results of the events that a rule matched.
type Counts struct {
	// Matched counts events; the others count deliveries, one per target.
	Matched   int `json:"matched"`
	Delivered int `json:"delivered"`
	// FailedAttempts counts every attempt that failed, also one whose retry succeeded.
	FailedAttempts int `json:"failedAttempts"`
	DeadLettered   int `json:"deadLettered"`
	// Dropped counts the failed deliveries without a dead-letter queue that
	// accepted them.
	Dropped int `json:"dropped"`
}
