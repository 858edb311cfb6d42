package redrive_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/redrive"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

func TestAContextHandlesValidEventsThatItConsumes(t *testing.T) {
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := language.Describe(contract.PaymentTaken{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.Caused(event.Cause{Event: event.Event{ID: "c", Source: "test", Subject: "o-1", CorrelationID: "c"}}, contract.SourcePayment, taken.Example, 0, time.Unix(0, 0))
	if err == nil {
		e, err = language.Seal(e)
	}
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	valid := string(encoded)
	for name, c := range map[string]struct{ path, payload, want string }{
		"valid":                {"Loyalty/DeadLetters", valid, ""},
		"not JSON":             {"Loyalty/DeadLetters", "{", "invalid event"},
		"unknown type":         {"Loyalty/DeadLetters", strings.ReplaceAll(valid, "payment.taken", "payment.poisoned"), `unknown type "payment.poisoned"`},
		"other schema":         {"Loyalty/DeadLetters", strings.Replace(valid, "payment.taken/1", "payment.taken/9", 1), "has the schema"},
		"for another context":  {"Warehouse/DeadLetters", valid, "the warehouse context does not consume payment.taken"},
		"not for a context":    {"Observability/Undelivered", "{", ""},
		"in a rule's envelope": {"Loyalty/Undelivered", `{"detail":` + valid + `}`, "invalid event"},
	} {
		t.Run(name, func(t *testing.T) {
			err := redrive.HandledBy(language)(c.path, []byte(c.payload))
			if c.want == "" {
				if err != nil {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, and not %s", err, c.want)
			}
		})
	}
}
