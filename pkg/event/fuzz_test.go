package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// FuzzParse checks that any bytes are invalid, or an event that is the same after it
// was encoded and parsed again.
func FuzzParse(f *testing.F) {
	seed, err := json.Marshal(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"o","time":"9999-12-31T23:59:59-23:59",` +
		`"datacontenttype":"application/json","dataschema":"s:1","correlationid":"c","data":null}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"o","time":"2026-01-01T00:00:00.123456789+01:00",` +
		`"datacontenttype":"application/json","dataschema":"s:1","correlationid":"c","causationid":"","data_base64":"eyJhIjogMX0="}`))
	f.Add([]byte(`{"specversion":"1.0","id":"\u00e9","source":"urn:a","type":"t","subject":"o","time":"2026-01-01t00:00:00z",` +
		`"datacontenttype":"Application/JSON; charset=UTF-8","dataschema":"s:1","correlationid":"c","x":1,"data":{"a":5.0,"b":"\ud83d\ude00"}}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","id":"2","source":"s","type":"t","subject":"o","time":"2026-01-01T00:00:00Z",` +
		`"dataschema":"s:1","correlationid":"c","correlationId":"d","data":{},"data_base64":"e30="}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		e, err := event.Parse(encoded)
		if err != nil {
			if !errors.Is(err, event.ErrInvalid) {
				t.Fatalf("the error is not ErrInvalid: %v", err)
			}
			return
		}
		written, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("the parsed event cannot be encoded: %v", err)
		}
		if !utf8.Valid(written) || strings.ContainsAny(string(written), "\uFFFE\uFFFF") {
			t.Fatalf("SQS would reject the encoded event: %q", written)
		}
		again, err := event.Parse(written)
		if err != nil {
			t.Fatalf("the encoded event cannot be parsed: %v\n%s", err, written)
		}
		// JSON has many spellings of a value; an encoded event has one.
		e.Data = compact(t, e.Data)
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
