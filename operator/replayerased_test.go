package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

var errAway = errors.New("away")

// orders is a table with these states, all of erased orders but those of o-0.
type orders struct {
	states map[string]string
	err    error
}

func (o orders) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out := &dynamodb.ScanOutput{}
	for id, state := range o.states {
		item, err := dynamo.Vocabulary{}.Item(participant.Record{Subject: id, State: []byte(state), Erased: id != "o-0"})
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, item)
	}
	return out, o.err
}

func TestAReplayDoesNotSendErasedOrdersToWhereTheyWouldBeAccepted(t *testing.T) {
	known := orders{states: map[string]string{
		"o-0": `{"progress":5}`,
		"o-1": `{"progress":6,"erasedAt":"2026-03-01T10:00:00Z"}`,
		"o-2": `{"progress":6,"erasedAt":"2026-03-01T11:00:00Z"}`,
	}}
	before := time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		what replayed
		in   orders
		want string
	}{
		"a time, to a context":                   {replayed{to: "Payment", from: before}, known, ""},
		"a time, to the endpoint":                {replayed{to: "Notification", from: before}, known, "Notification would get events of 1 orders"},
		"a longer time, to the log":              {replayed{to: "Observability", from: before.Add(-time.Hour)}, known, "Observability would get events of 2 orders"},
		"a time after all erasures":              {replayed{to: "Notification", from: before.Add(time.Hour)}, known, ""},
		"a time, although orders were erased":    {replayed{to: "Notification", from: before, erased: true}, known, ""},
		"an erased order":                        {replayed{to: "Notification", order: "o-1"}, known, "Notification would get events of 1 orders"},
		"an erased order, to a context":          {replayed{to: "Order", order: "o-1"}, known, ""},
		"another order":                          {replayed{to: "Notification", order: "o-0"}, known, ""},
		"an order that is not known":             {replayed{to: "Notification", order: "o-9"}, known, ""},
		"when the table is away":                 {replayed{to: "Notification", from: before}, orders{err: errAway}, "away"},
		"when what is in the table has no sense": {replayed{to: "Notification", from: before}, orders{states: map[string]string{"o-1": "?"}}, "state of order o-1"},
	} {
		err := c.what.checkErased(t.Context(), c.in, stack.Stack{Tables: map[string]string{"Order/Table": "orders"}})
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: the error is %v, and not %q", name, err, c.want)
		}
	}
	err := (&replayed{to: "Notification"}).checkErased(t.Context(), known, stack.Stack{})
	if err == nil || err.Error() != "the stack has no Order/Table" {
		t.Errorf("without a table the error is %v", err)
	}
}
