package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// invoice is a write of a context's own: an invoice that is written if there is none.
func invoice(number string) participant.Adjustment {
	return participant.Adjustment{Item: "invoice#" + number, Write: types.TransactWriteItem{Put: &types.Put{
		TableName:                new("invoices"),
		Item:                     map[string]types.AttributeValue{"pk": str("invoice#" + number), "total": num("250")},
		ConditionExpression:      new("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": "pk"},
	}}}
}

func TestAWriteOfTheContextsOwnIsMadeInTheTransactionOfTheRecord(t *testing.T) {
	c := newClient()
	own := invoice("7")
	counted := participant.Adjustment{Item: "stock#1", Add: map[string]int64{"on_hand": 1}}
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), record(), []participant.Adjustment{own, counted}); err != nil {
		t.Fatal(err)
	}
	writes := c.txs[0].TransactItems
	if len(writes) != 3 || writes[0].Put == nil || writes[2].Update == nil {
		t.Fatalf("the writes are %+v", writes)
	}
	assertEqual(t, own.Write, writes[1])
}

func TestAWriteOfTheContextsOwnWhoseConditionFailsRefusesTheCommit(t *testing.T) {
	l := newLedger()
	l.items["invoice#7"] = map[string]types.AttributeValue{"pk": str("invoice#7"), "booking": str("b-1")}
	returned := invoice("7")
	returned.Write.(types.TransactWriteItem).Put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	store := dynamo.NewStore(l, table, dynamo.Vocabulary{})
	err := store.Commit(t.Context(), record(), []participant.Adjustment{invoice("6"), returned})
	refused, isRefused := errors.AsType[*participant.RefusedError](err)
	if !isRefused {
		t.Fatalf("the error is %v", err)
	}
	assertEqual(t, &participant.RefusedError{Items: []string{"invoice#7"}, Counters: participant.Counters{}}, refused)
	if l.items["invoice#6"] != nil || l.items["o-1"] != nil {
		t.Errorf("written are %v", l.items)
	}
}

func TestAWriteInTheFormOfAnotherStoreIsInvalid(t *testing.T) {
	c := newClient()
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	for _, write := range []any{"x", &types.TransactWriteItem{}} {
		adjustments := []participant.Adjustment{{Item: "i", Write: write}}
		for name, err := range map[string]error{
			"commit": store.Commit(t.Context(), record(), adjustments), "move": store.Move(t.Context(), adjustments),
		} {
			if !errors.Is(err, event.ErrInvalid) || len(c.calls) != 0 {
				t.Errorf("the error of a %s with a %T is %v after the calls %v", name, write, err, c.calls)
			}
		}
	}
}

func TestWritesOfTheContextsOwnCountAsWrites(t *testing.T) {
	var many []participant.Adjustment
	for n := range participant.MaximumWrites {
		many = append(many, invoice(fmt.Sprint(n)))
	}
	c := newClient()
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	if err := store.Commit(t.Context(), record(), many); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error of %d writes is %v", 1+len(many), err)
	}
	if err := store.Commit(t.Context(), record(), many[1:]); err != nil {
		t.Error(err)
	}
}

// An invoice is written with the record of its booking, in one transaction: neither
// exists without the other. The number is used once: the second commit is refused.
func ExampleStore_Commit_ownWrite() {
	ctx := context.Background()
	store := dynamo.NewStore(newLedger(), "bookings", dynamo.Vocabulary{})
	for _, booking := range []string{"b-1", "b-2"} {
		record := participant.Record{Subject: booking, State: json.RawMessage(`{"status":"billed"}`)}
		err := store.Commit(ctx, record, []participant.Adjustment{invoice("7")})
		if refused, isRefused := errors.AsType[*participant.RefusedError](err); isRefused {
			fmt.Println(booking, refused.Items)
			continue
		}
		fmt.Println(booking, err)
	}
	// Output:
	// b-1 <nil>
	// b-2 [invoice#7]
}
