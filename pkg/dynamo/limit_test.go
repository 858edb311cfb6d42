package dynamo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// adjustments makes n adjustments, each of another item.
func adjustments(n int) []participant.Adjustment {
	all := make([]participant.Adjustment, n)
	for i := range all {
		all[i] = participant.Adjustment{Item: fmt.Sprintf("stock#%d", i), Add: map[string]int64{"on_hand": 1}}
	}
	return all
}

func TestACommitBeyondTheLimitsIsInvalidBeforeAnyCall(t *testing.T) {
	large := record()
	large.State = json.RawMessage(`"` + strings.Repeat("x", participant.MaximumRecord) + `"`)
	for name, c := range map[string]struct {
		record      participant.Record
		adjustments []participant.Adjustment
	}{
		"too many actions":          {record(), adjustments(100)},
		"too large a state":         {large, nil},
		"the same in a transaction": {large, adjustments(1)},
	} {
		client := newClient()
		err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Commit(t.Context(), c.record, c.adjustments)
		if !errors.Is(err, event.ErrInvalid) || len(client.calls) != 0 {
			t.Errorf("%s: the error is %v after the calls %v", name, err, client.calls)
		}
	}
}

func TestAMoveBeyondTheLimitsIsInvalidBeforeAnyCall(t *testing.T) {
	for _, n := range []int{0, 101} {
		client := newClient()
		err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Move(t.Context(), adjustments(n))
		if !errors.Is(err, event.ErrInvalid) || len(client.calls) != 0 {
			t.Errorf("the error of %d adjustments is %v after the calls %v", n, err, client.calls)
		}
	}
}

// size returns the size of an item by DynamoDB's rules: names, texts in UTF-8, bytes and
// numbers. A number has at most 21 bytes.
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)
func size(item map[string]types.AttributeValue) int {
	const number = 21
	size := 0
	for name, value := range item {
		size += len(name)
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(value.Value)
		case *types.AttributeValueMemberB:
			size += len(value.Value)
		default:
			size += number
		}
	}
	return size
}

// DynamoDB's limit is 409,600 bytes, and that of a record 400,000: the rest is for the
// attributes beside the record.
func TestARecordWithinTheLimitIsWithinThatOfDynamoDB(t *testing.T) {
	const rest = 409_600 - participant.MaximumRecord
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		item, err := dynamo.Vocabulary{}.Item(r)
		if err != nil {
			t.Fatal(err)
		}
		// The names of attributes may have 255 bytes each.
		if got := size(item) - r.Size(); got > rest-11*255 {
			t.Errorf("the item has %d bytes more than the record", got)
		}
	})
}

// Each event adds less to the item than to the size of the record.
func TestEachEventIsCountedInTheSizeOfARecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := drawRecord(t)
		after := before
		for range 40 {
			after.Handled = append(after.Handled, drawRecord(t).Handled...)
		}
		grown := func(r participant.Record) int {
			item, err := dynamo.Vocabulary{}.Item(r)
			if err != nil {
				t.Fatal(err)
			}
			return size(item)
		}
		if got, limit := grown(after)-grown(before), after.Size()-before.Size(); got > limit+8 { // The header of the list.
			t.Errorf("the item has grown by %d bytes, and the size of the record by %d", got, limit)
		}
	})
}

func TestAnEmptySubjectIsNotLoaded(t *testing.T) {
	client := newClient()
	if _, err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Load(t.Context(), ""); !errors.Is(err, event.ErrInvalid) || len(client.calls) != 0 {
		t.Errorf("the error is %v after the calls %v", err, client.calls)
	}
}

// A decision that calls an external service must not call it for an event that
// cannot be committed afterwards.
func TestAnEventForAFullRecordIsNotDecidedOn(t *testing.T) {
	decided := 0
	d := newDepot(t, func(s state, in participant.Input) (decision, error) {
		decided++
		return count(s, in)
	})
	full := participant.Record{Subject: "delivery-1", State: json.RawMessage(`{"Handled":1}`)}
	for n := range 700 {
		full.Handled = append(full.Handled, participant.Handled{
			Source: "warehouse", ID: fmt.Sprint(n), Type: strings.Repeat("x", 450), OccurredAt: clock(), HandledAt: clock(),
		})
	}
	for participant.CheckCommit(full, nil) == nil {
		full.Handled = append(full.Handled, full.Handled[0])
	}
	full.Handled = full.Handled[1:]
	if err := d.ledger.aside(func() error { return d.store.Commit(t.Context(), full, nil) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Handle(t.Context(), d.received(strings.Repeat("e", 400))); !errors.Is(err, event.ErrInvalid) || decided != 0 {
		t.Errorf("the error is %v after %d decisions", err, decided)
	}
	assertEqual(t, []string{"GetItem"}, d.ledger.calls)
}
