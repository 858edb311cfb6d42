package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
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
	return wire.EncodeJSON(struct {
		Version string `json:"version"`
		Event
	}{"0", e.delivered()})
}

// summary is the event without its detail, as the reserved variable aws.events.event has
// it. The key detailType really is written differently there.
func (e Event) summary() ([]byte, error) {
	e = e.delivered()
	return wire.EncodeJSON(struct {
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

// Identity is what identifies the event.
func (e Event) Identity() loss.Event {
	return loss.Event{ID: e.ID, Type: e.DetailType, Subject: loss.Identify(e.Detail).Subject}
}

// maximumDepth is the deepest nesting that EventBridge processes.
const maximumDepth = 1000

var errNotAnObject = errors.New("not a JSON object")

// reserialize writes an event's detail anew, as EventBridge does before it delivers it:
// without insignificant whitespace, and of two equal keys of one object only the last
// value. The order of keys is kept, and numbers stay as they are written.
func reserialize(detail string) (json.RawMessage, error) {
	decoder := json.NewDecoder(strings.NewReader(detail))
	decoder.UseNumber()
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') {
		return nil, errNotAnObject
	}
	rewritten, err := rewriteMembers(decoder, '{', 1)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotAnObject
	}
	return rewritten, nil
}

func rewrite(decoder *json.Decoder, depth int) ([]byte, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth == maximumDepth {
			return nil, errors.New("nested too deep")
		}
		return rewriteMembers(decoder, token, depth+1)
	case json.Number:
		// EventBridge cannot hold integers that do not fit into 64 bits.
		if !strings.ContainsAny(token.String(), ".eE") {
			_, err = token.Int64()
		}
		return []byte(token), err
	default:
		return wire.EncodeJSON(token)
	}
}

// rewriteMembers rewrites the rest of an object or array.
func rewriteMembers(decoder *json.Decoder, opening json.Delim, depth int) ([]byte, error) {
	var names, members [][]byte
	for decoder.More() {
		name, err := rewriteName(decoder, opening)
		if err != nil {
			return nil, err
		}
		value, err := rewrite(decoder, depth)
		if err != nil {
			return nil, err
		}
		known := slices.IndexFunc(names, func(other []byte) bool { return opening == '{' && bytes.Equal(other, name) })
		if known < 0 {
			known = len(members)
			names, members = append(names, name), append(members, nil)
		}
		members[known] = slices.Concat(name, value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	return enclose(opening, members), nil
}

// rewriteName rewrites the name of a member, which those of arrays have not.
func rewriteName(decoder *json.Decoder, opening json.Delim) ([]byte, error) {
	if opening == '[' {
		return nil, nil
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	name, err := wire.EncodeJSON(token)
	return append(name, ':'), err
}

// enclose returns an object or array with these members.
func enclose(opening json.Delim, members [][]byte) []byte {
	const toClosing = ']' - '[' // It is the same as from { to }.
	return slices.Concat([]byte{byte(opening)}, bytes.Join(members, []byte(",")), []byte{byte(opening + toClosing)})
}
