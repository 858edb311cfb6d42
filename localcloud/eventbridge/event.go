package eventbridge

import (
	"bytes"
	"encoding/json"
	"time"

	"example.com/saga/localcloud/loss"
)

// Event is an event that a bus has accepted. It is the same for every rule and
// every target. Its JSON has the fields in the order in which EventBridge delivers them.
type Event struct {
	ID         string    `json:"id"`
	DetailType string    `json:"detail-type"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Time       time.Time `json:"time"`
	Region     string    `json:"region"`
	// ReplayName is empty unless a replay brings the event.
	ReplayName string   `json:"replay-name,omitempty"`
	Resources  []string `json:"resources"`
	// Detail is a JSON object without insignificant whitespace.
	Detail json.RawMessage `json:"detail"`
	// TraceHeader travels beside the event, not in it.
	TraceHeader string `json:"-"`

	// forwarded is set on an event that came from another bus: it may not be
	// sent on to a third one.
	forwarded bool
}

// Size is what the event counts towards the limit and the bill. AWS adds 14 bytes
// for a time that the publisher gave.
func (e Event) Size() int {
	detail := string(e.Detail)
	return PutEventsEntry{Source: e.Source, DetailType: e.DetailType, Detail: &detail, Resources: e.Resources}.size()
}

// Envelope is the event's JSON as targets get it.
func (e Event) Envelope() ([]byte, error) {
	return encodeJSON(struct {
		Version string `json:"version"`
		Event
	}{"0", e.delivered()})
}

// summary is the event without its detail, as the reserved variable aws.events.event has
// it. The key detailType really is written differently there.
func (e Event) summary() ([]byte, error) {
	e = e.delivered()
	return encodeJSON(struct {
		Version    string    `json:"version"`
		ID         string    `json:"id"`
		DetailType string    `json:"detailType"`
		Source     string    `json:"source"`
		Account    string    `json:"account"`
		Time       time.Time `json:"time"`
		Region     string    `json:"region"`
		Resources  []string  `json:"resources"`
	}{"0", e.ID, e.DetailType, e.Source, e.Account, e.Time, e.Region, e.Resources})
}

// delivered returns the event with a time in whole seconds, of which fractions are cut
// off, and with resources that are never null.
func (e Event) delivered() Event {
	e.Time = e.Time.UTC().Truncate(time.Second)
	e.Resources = append([]string{}, e.Resources...)
	return e
}

// identity is what identifies the event when it is lost.
func (e Event) identity() loss.Event {
	return loss.Event{ID: e.ID, Type: e.DetailType, Subject: loss.Identify(e.Detail).Subject}
}

// encodeJSON is json.Marshal without escaping <, > and &.
func encodeJSON(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
