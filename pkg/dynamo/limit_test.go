package dynamo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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

// sized makes a record with a state of this many bytes.
func sized(bytes int) participant.Record {
	r := record()
	r.State = json.RawMessage(`"` + strings.Repeat("x", bytes-2) + `"`)
	return r
}

func TestACommitThatDynamoDBWouldAlwaysRejectIsInvalidBeforeAnyCall(t *testing.T) {
	keyed := func(subject string) participant.Record {
		r := record()
		r.Subject = subject
		return r
	}
	named := func(item string) []participant.Adjustment {
		return []participant.Adjustment{{Item: item, Add: map[string]int64{"n": 1}}}
	}
	for name, c := range map[string]struct {
		record      participant.Record
		adjustments []participant.Adjustment
		valid       bool
	}{
		"100 actions":               {record(), adjustments(99), true},
		"101 actions":               {record(), adjustments(100), false},
		"a record below 400 KB":     {sized(400*1024 - 1000), nil, true},
		"a record of 400 KB state":  {sized(400 * 1024), nil, false},
		"the same in a transaction": {sized(400 * 1024), adjustments(1), false},
		"a subject of 2048 bytes":   {keyed(strings.Repeat("x", 2048)), nil, true},
		"a subject of 2049 bytes":   {keyed(strings.Repeat("x", 2049)), nil, false},
		"no subject":                {keyed(""), nil, false},
		"an item of 2048 bytes":     {record(), named(strings.Repeat("x", 2048)), true},
		"an item of 2049 bytes":     {record(), named(strings.Repeat("x", 2049)), false},
		"an item without name":      {record(), named(""), false},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			store := dynamo.NewStore(client, table, dynamo.Vocabulary{})
			checked := store.Check(c.record, c.adjustments)
			if len(client.calls) != 0 {
				t.Errorf("a check makes the calls %v", client.calls)
			}
			committed := store.Commit(t.Context(), c.record, c.adjustments)
			for _, err := range []error{checked, committed} {
				if c.valid && err != nil || !c.valid && !errors.Is(err, event.ErrInvalid) {
					t.Errorf("the error is %v", err)
				}
			}
			if made := len(client.calls) == 1; made != c.valid {
				t.Errorf("the calls are %v", client.calls)
			}
		})
	}
}

// The rules by which DynamoDB measures an item are public. Where they are approximate,
// the size is a few bytes too large and never too small.
func TestARecordIsMeasuredByTheRulesOfDynamoDB(t *testing.T) {
	store := dynamo.NewStore(newClient(), table, dynamo.Vocabulary{})
	r := participant.Record{Subject: "o-1", ExpiresAt: time.Unix(1_800_000_000, 0)}
	const format, mapOfOne, stateHeader = 1, 2, 5
	frame := len("pk"+"o-1") + len("version") + 21 + len("record") + format + mapOfOne + stateHeader + len("expires_at") + 21
	for bytes, valid := range map[int]bool{400*1024 - frame: true, 400*1024 - frame + 1: false} {
		r.State = json.RawMessage(strings.Repeat("é", bytes/2) + strings.Repeat("x", bytes%2))
		if err := store.Check(r, nil); (err == nil) != valid {
			t.Errorf("with %d bytes of state the error is %v", bytes, err)
		}
	}
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
	for dynamo.NewStore(d.ledger, table, dynamo.Vocabulary{}).Check(full, nil) == nil {
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
