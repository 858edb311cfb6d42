package event_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/event"
)

func TestAnAttributeIsValidUpToItsLimit(t *testing.T) {
	for name, set := range map[string]struct {
		limit int
		to    func(e *event.Event, text string)
	}{
		"subject":       {100, func(e *event.Event, text string) { e.Subject = text }},
		"id":            {256, func(e *event.Event, text string) { e.ID = text }},
		"source":        {256, func(e *event.Event, text string) { e.Source = text }},
		"type":          {128, func(e *event.Event, text string) { e.Type = text }},
		"correlationid": {256, func(e *event.Event, text string) { e.CorrelationID = text }},
		"causationid":   {256, func(e *event.Event, text string) { e.CausationID = text }},
	} {
		for length, isValid := range map[int]bool{1: true, set.limit: true, set.limit + 1: false} {
			e := full()
			set.to(&e, strings.Repeat("x", length))
			if err := event.Check(e); (err == nil) != isValid || (err != nil && !errors.Is(err, event.ErrInvalid)) {
				t.Errorf("%s with %d characters: %v", name, length, err)
			}
		}
	}
}

func TestATimeIsValidInTheYearsThatRFC3339Writes(t *testing.T) {
	for year, isValid := range map[int]bool{-1: false, 0: true, 9999: true, 10000: false} {
		e := full()
		e.Time = time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		if err := event.Check(e); (err == nil) != isValid {
			t.Errorf("the year %d: %v", year, err)
		}
	}
}

func TestAnIntegerIsValidWithin32Bits(t *testing.T) {
	for number, isValid := range map[int64]bool{
		math.MinInt32 - 1: false, math.MinInt32: true, 0: true, math.MaxInt32: true, math.MaxInt32 + 1: false,
	} {
		all := members()
		all["priority"] = number
		if _, err := event.Parse(encode(t, all)); (err == nil) != isValid {
			t.Errorf("%d: %v", number, err)
		}
	}
}

func TestTheErrorNamesWhatIsMissing(t *testing.T) {
	e := full()
	e.Data, e.DataSchema = nil, ""
	err := fmt.Sprint(event.Check(e))
	if !strings.Contains(err, "data is missing") || !strings.Contains(err, "dataschema is missing") || strings.Contains(err, "data: ") {
		t.Errorf("the error is %s", err)
	}
	for _, text := range []string{"null", "[]", "1"} {
		if _, err := event.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "not a JSON object") {
			t.Errorf("the error of %s is %v", text, err)
		}
	}
	all := members()
	delete(all, "data")
	all["data_base64"] = "%%%"
	if _, err := event.Parse(encode(t, all)); err == nil || !strings.Contains(err.Error(), "data_base64 is not base64") {
		t.Errorf("the error is %v", err)
	}
}

func TestATraceParentOfAnotherTypeCountsAsAbsent(t *testing.T) {
	for _, value := range []string{`{}`, `[]`, `1.5`, `null`} {
		all := members()
		all["traceparent"] = json.RawMessage(value)
		e, err := event.Parse(encode(t, all))
		if err != nil || e.TraceParent != "" {
			t.Errorf("%s: %q, %v", value, e.TraceParent, err)
		}
	}
}

func TestTheSchemaOfAnEventHasItsAttributes(t *testing.T) {
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(event.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for name := range members() {
		if schema.Properties[name] == nil {
			t.Errorf("the schema has no %s", name)
		}
	}
}
