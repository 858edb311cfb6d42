package eventbridge

import (
	"bytes"
	"encoding/json"
	"time"

	"example.com/saga/localcloud/loss"
)

// Event is an event that a bus has accepted. It is the same for every rule and
// every target.
type Event struct {
	ID         string
	DetailType string
	Source     string
	Account    string
	Time       time.Time
	Region     string
	Resources  []string
	// Detail is a JSON object without insignificant whitespace.
	Detail json.RawMessage
	// TraceHeader travels beside the event, not in it.
	TraceHeader string
	// ReplayName is empty unless a replay brings the event.
	ReplayName string

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

// envelope has the fields in the order in which EventBridge delivers them.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	ReplayName string          `json:"replay-name,omitempty"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// summary is the event without its detail, as the reserved variable
// aws.events.event has it. The key detailType really is written differently
// there.
type summary struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detailType"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
}

// Envelope is the event's JSON as targets get it.
func (e Event) Envelope() ([]byte, error) {
	return encodeJSON(envelope{
		Version: "0", ID: e.ID, DetailType: e.DetailType, Source: e.Source, Account: e.Account,
		Time: e.timestamp(), Region: e.Region, ReplayName: e.ReplayName, Resources: e.resources(), Detail: e.Detail,
	})
}

func (e Event) summary() ([]byte, error) {
	return encodeJSON(summary{
		Version: "0", ID: e.ID, DetailType: e.DetailType, Source: e.Source, Account: e.Account,
		Time: e.timestamp(), Region: e.Region, Resources: e.resources(),
	})
}

// identity is what identifies the event when it is lost.
func (e Event) identity() loss.Event {
	return loss.Event{ID: e.ID, Type: e.DetailType, Subject: loss.Identify(e.Detail).Subject}
}

// timestamp has a resolution of one second: fractions are cut off.
func (e Event) timestamp() string { return e.Time.UTC().Truncate(time.Second).Format(time.RFC3339) }

// resources is never null in the envelope.
func (e Event) resources() []string {
	if e.Resources == nil {
		return []string{}
	}
	return e.Resources
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
