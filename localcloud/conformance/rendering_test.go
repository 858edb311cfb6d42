package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInputPathsAndConstants(t *testing.T) {
	t.Parallel()
	// The template has the ARN of the rule's bus instead of its name.
	rule(t, "CF-8", "IT-1", "IT-2", "IT-3", "TSQ-2")
	test := unique()
	publish(t, "rendered", fmt.Sprintf(`{"test": %q, "numbers": [7, 42.5]}`, test))
	for rule, body := range map[string]string{
		"an object is delivered as JSON":    fmt.Sprintf(`{"test":%q,"numbers":[7,42.5]}`, test),
		"a text keeps its quotes":           fmt.Sprintf("%q", test),
		"a number is delivered as a number": "42.5",
		"a constant is delivered as it is":  `{ "constant" : true }`,
	} {
		t.Run(rule, func(t *testing.T) {
			eventually(t, "the body "+body, func() error {
				for _, message := range cloud.mailbox.all(t, body) {
					if *message.Body == body {
						return nil
					}
				}
				return errors.New("it has not arrived")
			})
		})
	}
	// What becomes of an event in which the path leads nowhere is not documented.
	// It must not be lost without a trace.
	t.Run("a path that leads nowhere makes a dead letter", func(t *testing.T) {
		got := cloud.undelivered.deadLetter(t, cloud.output("RenderedArn"), test)
		decode[envelope](t, *got.Body)
	})
}

// transformed publishes an event for the rule whose targets have transformers,
// and returns its id. Its name stands in the detail.
func transformed(t *testing.T) (test, id string) {
	t.Helper()
	test = unique()
	detail := fmt.Sprintf(`{"test": %q, "number": 1.50, "flag": true, "list": ["a", "b"], "object": {"k": "v", "n": 1}}`, test)
	return test, publish(t, "transformed", detail)
}

func TestVariablesOutsideOfQuotesAreJSON(t *testing.T) {
	t.Parallel()
	rule(t, "IT-4", "IT-6", "IT-9")
	test, _ := transformed(t)
	got := decode[map[string]any](t, *cloud.mailbox.one(t, test, `"values"`).Body)
	want := map[string]any{
		"case": "values", "test": test, "again": test, "number": 1.5, "flag": true,
		"list": []any{"a", "b"}, "object": map[string]any{"k": "v", "n": 1.0},
		// By the documentation, a missing value does not appear at all. It was
		// observed that it is an empty text.
		"missing": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesInsideOfQuotesAreText(t *testing.T) {
	t.Parallel()
	rule(t, "IT-5", "IT-6")
	test, _ := transformed(t)
	got := decode[map[string]string](t, *cloud.mailbox.one(t, test, `"inside"`).Body)
	// Whether quotes in a value are escaped is contradictory: no value here has any.
	if want := test + " 1.50 true []"; got["text"] != want && got["text"] != test+" 1.5 true []" {
		t.Errorf("the text is %q, want %q", got["text"], want)
	}
}

func TestATemplateOfQuotedTextsComesOutLineByLineWithItsQuotes(t *testing.T) {
	t.Parallel()
	rule(t, "IT-5", "IT-8")
	test, _ := transformed(t)
	// Objects and arrays inside of quotes lose all quotes of their own.
	want := fmt.Sprintf("\"%s has {k:v,n:1}\"\n\"and [a,b]\"", test)
	if got := *cloud.mailbox.one(t, test, " has ").Body; got != want {
		t.Errorf("the body is %s, want %s", got, want)
	}
}

func TestReservedVariables(t *testing.T) {
	t.Parallel()
	rule(t, "IT-10")
	test, id := transformed(t)
	type reserved struct {
		Case     string    `json:"case"`
		Rule     string    `json:"rule"`
		ARN      string    `json:"arn"`
		Ingested time.Time `json:"ingested"`
		Event    envelope  `json:"event"`
	}
	got := decode[reserved](t, *cloud.mailbox.one(t, test, `"reserved"`).Body)
	if got.Event.ID != id || got.Event.DetailType != "transformed" || got.Event.Detail == nil {
		t.Errorf("aws.events.event.json is %+v, want the whole event %s", got.Event, id)
	}
	if arn := cloud.output("TransformedArn"); got.ARN != arn || got.Rule != resourceName(arn) {
		t.Errorf("the rule is %s, %s, want %s", got.Rule, got.ARN, arn)
	}
	if age := time.Since(got.Ingested).Abs(); age > 5*time.Minute {
		t.Errorf("the time of ingestion is %s", got.Ingested)
	}
}

func TestTheEventVariableHasNoDetailAndACamelCaseType(t *testing.T) {
	t.Parallel()
	rule(t, "IT-10", "IT-11")
	test, id := transformed(t)
	type summary struct {
		Case  string
		Test  string
		Event map[string]json.RawMessage
	}
	got := decode[summary](t, *cloud.mailbox.one(t, test, `"summary"`).Body).Event
	if got["detail"] != nil || string(got["detailType"]) != `"transformed"` || string(got["id"]) != `"`+id+`"` {
		t.Errorf("aws.events.event is %s", got)
	}
}
