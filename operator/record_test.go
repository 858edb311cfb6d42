package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	sagaevent "example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// tables is a fake of DynamoDB that reads one item of each table.
type tables struct {
	dynamo.Client // No other method is called.

	err   error
	items map[string]map[string]types.AttributeValue
}

func (f tables) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: f.items[*in.TableName]}, f.err
}

// allTables is a stack with the table of each context, which has the context's name.
func allTables() stack.Stack {
	found := stack.Stack{Tables: make(map[string]string)}
	for _, name := range contract.Catalogue().Contexts() {
		found.Tables[strings.ToUpper(name[:1])+name[1:]+"/Table"] = name
	}
	return found
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} }

// binaryItem is the item of a record with all that a record can have.
func binaryItem(t *testing.T) map[string]types.AttributeValue {
	t.Helper()
	known, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		t.Fatal(err)
	}
	published := func(eventType, id, data string) sagaevent.Event {
		e := sagaevent.Event{Type: eventType, ID: id, Source: "loyalty", Subject: "o-1", Time: now, CorrelationID: "c-1", CausationID: "e-1"}
		if data != "" {
			e.Data = []byte(data)
		}
		return e
	}
	found, err := known.Item(participant.Record{
		Subject: "o-1", Version: 1, State: []byte(`{"customerId":"c-42"}`), ExpiresAt: now.Add(time.Hour), Due: now.Add(time.Minute),
		Entry: participant.Entry{Account: "customer#c-42", Amount: 25, ExpiresAt: now.Add(time.Hour)},
		Handled: []participant.Handled{{
			Source: "payment", ID: "e-1", Type: "payment.taken", CausationID: "e-0", OccurredAt: now.Add(-time.Second), HandledAt: now,
			Published: []sagaevent.Event{published("loyalty.points-awarded", "e-2", ""), published("loyalty.points-revoked", "e-3", `{"points":25}`)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// jsonItem is the item of a tombstone in the form before the binary one, for which an
// event was handled.
func jsonItem() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": text("o-1"), "version": number("3"), "state": text(`{"note":"<\u001b[2J>"}`), "erased": &types.AttributeValueMemberBOOL{Value: true},
		"handled": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"source": text("order"), "id": text("e-9\u202e"), "type": text("order.placed"), "time": number("1000"), "at": number("2000"),
		}}}},
	}
}

func TestTheRecordsOfAnOrderAreShownInWhateverFormTheyAreStored(t *testing.T) {
	o := newOffice()
	client := tables{items: map[string]map[string]types.AttributeValue{contract.SourceLoyalty: binaryItem(t), contract.SourceWarehouse: jsonItem()}}
	if err := o.showRecords(t.Context(), client, allTables(), "o-1"); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "what is shown", `{
  "loyalty": {
    "version": 2,
    "expiresAt": "2026-03-01T13:00:00Z",
    "due": "2026-03-01T12:01:00Z",
    "entry": {
      "account": "customer#c-42",
      "amount": 25,
      "expiresAt": "2026-03-01T13:00:00Z"
    },
    "state": {
      "customerId": "c-42"
    },
    "handled": [
      {
        "source": "payment",
        "id": "e-1",
        "type": "payment.taken",
        "cause": "e-0",
        "occurredAt": "2026-03-01T11:59:59Z",
        "handledAt": "2026-03-01T12:00:00Z",
        "published": [
          {
            "type": "loyalty.points-awarded",
            "id": "e-2",
            "settled": true
          },
          {
            "type": "loyalty.points-revoked",
            "id": "e-3",
            "data": {
              "points": 25
            }
          }
        ]
      }
    ]
  },
  "warehouse": {
    "version": 3,
    "erased": true,
    "state": {
      "note": "<\u001b[2J>"
    },
    "handled": [
      {
        "source": "order",
        "id": "e-9\u202e",
        "type": "order.placed",
        "occurredAt": "1970-01-01T00:00:01Z",
        "handledAt": "1970-01-01T00:00:02Z",
        "published": []
      }
    ]
  }
}
`, o.out.String())
}

func TestAnOrderWithoutARecordIsAnError(t *testing.T) {
	o := newOffice()
	err := o.showRecords(t.Context(), tables{}, allTables(), "o-1")
	if err == nil || err.Error() != `no context has a record of the order "o-1"` || o.out.Len() > 0 {
		t.Errorf("the error is %v after %q", err, o.out.String())
	}
}

func TestARecordThatCannotBeReadIsAnErrorWithItsContext(t *testing.T) {
	denied := errors.New("access denied")
	unreadable := binaryItem(t)
	unreadable["record"] = text("x")
	for want, client := range map[string]tables{
		"the record in order: load o-1: access denied":                                       {err: denied},
		"the record in loyalty: decode the record of o-1: the attribute record has no bytes": {items: map[string]map[string]types.AttributeValue{contract.SourceLoyalty: unreadable}},
		"the record in warehouse: decode the record of o-1: version is not a number":         {items: map[string]map[string]types.AttributeValue{contract.SourceWarehouse: {"pk": text("o-1")}}},
	} {
		o := newOffice()
		err := o.showRecords(t.Context(), client, allTables(), "o-1")
		if err == nil || !strings.HasPrefix(err.Error(), want) || o.out.Len() > 0 {
			t.Errorf("the error is %v after %q, want %s", err, o.out.String(), want)
		}
	}
}
