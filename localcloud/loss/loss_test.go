package loss_test

import (
	"testing"

	"example.com/saga/localcloud/loss"
)

func TestAnEventIsIdentifiedInAndOutOfItsEnvelope(t *testing.T) {
	for name, test := range map[string]struct {
		payload string
		want    loss.Event
	}{
		"a CloudEvent": {
			`{"specversion": "1.0", "id": "1", "type": "item.sold", "subject": "s-1"}`,
			loss.Event{ID: "1", Type: "item.sold", Subject: "s-1"},
		},
		"a CloudEvent in an envelope": {
			`{"id": "e", "detail-type": "item.sold", "detail": {"id": "1", "type": "item.sold", "subject": "s-1"}}`,
			loss.Event{ID: "e", Type: "item.sold", Subject: "s-1"},
		},
		"another event in an envelope": {
			`{"id": "e", "detail-type": "thing", "detail": {"n": 1}}`,
			loss.Event{ID: "e", Type: "thing"},
		},
		"another object":       {`{"sweep": true}`, loss.Event{}},
		"an id that is none":   {`{"id": 1}`, loss.Event{}},
		"what is no object":    {`[1]`, loss.Event{}},
		"what is no JSON":      {"item.sold", loss.Event{}},
		"nothing":              {"", loss.Event{}},
		"a noncharacter in it": {"{\"id\": \"1\", \"type\": \"t\", \"data\": \"\uffff\"}", loss.Event{ID: "1", Type: "t"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := loss.Identify([]byte(test.payload)); got != test.want {
				t.Errorf("%s is identified as %+v, want %+v", test.payload, got, test.want)
			}
		})
	}
}
