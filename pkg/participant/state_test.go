package participant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// ledger is a state that shares memory with its copies: a plain assignment copies
// neither the map nor the slice.
type ledger struct {
	Amounts map[string]int64
	Notes   []string
}

// newLedger makes a participant with this decision and store.
func newLedger(
	t *testing.T, decide participant.Decide[ledger], store participant.Store, adapt ...func(*participant.Config[ledger]),
) *participant.Participant[ledger] {
	t.Helper()
	config := participant.Config[ledger]{
		Source: "till", Decide: decide, Store: store, Publisher: &memory.Publisher{}, Language: dialect{},
		Retention: retention, Clock: func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
	}
	for _, change := range adapt {
		change(&config)
	}
	p, err := participant.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// reserved makes events about order o-1 with these ids.
func reserved(t *testing.T, ids ...string) []event.Delivery {
	t.Helper()
	var deliveries []event.Delivery
	for _, id := range ids {
		deliveries = append(deliveries, event.Delivery{Context: t.Context(), Event: event.Event{
			ID: id, Source: "depot", Type: "depot.reserved", Subject: "o-1", CorrelationID: "c-1",
			Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Data: json.RawMessage(`{"Total":1}`),
		}})
	}
	return deliveries
}

// note changes its state in place.
func note(_ context.Context, l ledger, in participant.Input) (participant.Decision[ledger], error) {
	if l.Amounts == nil {
		l.Amounts = make(map[string]int64)
	}
	l.Amounts[in.Event.ID] = 1
	l.Notes = append(l.Notes, in.Event.ID)
	return participant.Decision[ledger]{State: l}, nil
}

// spoil overwrites all that a state refers to.
func spoil(l ledger) {
	for id := range l.Amounts {
		l.Amounts[id] = -1
	}
	for i := range l.Notes {
		l.Notes[i] = "spoiled"
	}
}

func TestWhatCommittedDoesToItsStatesStaysThere(t *testing.T) {
	var calls []string
	p := newLedger(t, note, memory.NewStore(), func(c *participant.Config[ledger]) {
		c.Committed = func(_ context.Context, before, after ledger, _ participant.Input) {
			calls = append(calls, fmt.Sprintf("%v to %v", before, after))
			spoil(before)
			spoil(after)
		}
	})
	for _, err := range p.HandleBatch(t.Context(), reserved(t, "1", "2")) {
		if err != nil {
			t.Error(err)
		}
	}
	command := reserved(t, "3")[0].Event
	executed, err := p.Execute(t.Context(), command, Reserved{Total: 1})
	if err != nil {
		t.Error(err)
	}
	want := []string{
		"{map[] []} to {map[1:1] [1]}", "{map[1:1] [1]} to {map[1:1 2:1] [1 2]}", "{map[1:1 2:1] [1 2]} to {map[1:1 2:1 3:1] [1 2 3]}",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	loaded, _, err := p.Load(t.Context(), "o-1")
	if err != nil {
		t.Error(err)
	}
	for name, got := range map[string]ledger{"stored": loaded, "returned": executed} {
		if diff := cmp.Diff(ledger{map[string]int64{"1": 1, "2": 1, "3": 1}, []string{"1", "2", "3"}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatAFailedDecisionDidToItsStateIsNotSeenByTheNext(t *testing.T) {
	p := newLedger(t, func(ctx context.Context, l ledger, in participant.Input) (participant.Decision[ledger], error) {
		if in.Event.ID == "2" {
			spoil(l)
			return participant.Decision[ledger]{}, errBroken
		}
		return note(ctx, l, in)
	}, memory.NewStore())
	errs := p.HandleBatch(t.Context(), reserved(t, "1", "2", "3"))
	if errs[0] != nil || !errors.Is(errs[1], errBroken) || errs[2] != nil {
		t.Errorf("the errors are %v", errs)
	}
	got, _, err := p.Load(t.Context(), "o-1")
	if diff := cmp.Diff(ledger{map[string]int64{"1": 1, "3": 1}, []string{"1", "3"}}, got); diff != "" || err != nil {
		t.Errorf("the state (-want +got):\n%s%v", diff, err)
	}
}

// quantity is encoded as a number, but decoded from a text.
type quantity int

func (q *quantity) UnmarshalText(text []byte) error {
	_, err := fmt.Sscan(string(text), (*int)(q))
	return err
}

// hollow is data that cannot be encoded.
type hollow struct{ Rate float64 }

func (hollow) EventType() string { return "till.hollow" }

func TestWhatCannotBeEncodedIsInvalidAtOnce(t *testing.T) {
	const state, data = "the state of o-1 cannot be encoded", "the data of till.hollow cannot be encoded"
	for name, c := range map[string]struct {
		decision participant.Decision[any]
		want     string
	}{
		"a state with a function":        {participant.Decision[any]{State: func() {}}, state},
		"a state that is not a number":   {participant.Decision[any]{State: math.NaN()}, state},
		"data that are no number":        {participant.Decision[any]{Events: []event.Data{hollow{math.Inf(1)}}}, data},
		"data after others that are one": {participant.Decision[any]{Events: []event.Data{Taken{}, hollow{math.NaN()}}}, data},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			assertInvalidAtOnce(t, c.want, func(any, participant.Input) (participant.Decision[any], error) { calls++; return c.decision, nil })
			if calls != 1 {
				t.Errorf("it was decided %d times", calls)
			}
		})
	}
}

func TestAStateThatCannotBeReadBackIsInvalidAtOnce(t *testing.T) {
	assertInvalidAtOnce(t, "the new state cannot be read back", func(quantity, participant.Input) (participant.Decision[quantity], error) {
		return participant.Decision[quantity]{State: 1}, nil
	})
}

func TestACommandThatCannotBeEncodedIsInvalid(t *testing.T) {
	p := newLedger(t, note, memory.NewStore())
	_, err := p.Execute(t.Context(), reserved(t, "1")[0].Event, hollow{math.NaN()})
	assertInvalid(t, err, "the command till.hollow cannot be encoded")
}

func TestDataThatHaveAMemberTwiceAreInvalid(t *testing.T) {
	twice := reserved(t, "1")[0].Event
	twice.Data = json.RawMessage(`{"Total":1,"Total":2}`)
	assertInvalid(t, newLedger(t, note, memory.NewStore()).Handle(t.Context(), twice), "data of depot.reserved")
}

// assertInvalid checks that an error is event.ErrInvalid, and that its text has a part.
func assertInvalid(t *testing.T, err error, text string) {
	t.Helper()
	if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), text) {
		t.Errorf("the error is %v, not ErrInvalid with %q", err, text)
	}
}

// assertInvalidAtOnce checks that a decision is event.ErrInvalid, and not committed.
func assertInvalidAtOnce[S any](t *testing.T, text string, decide func(S, participant.Input) (participant.Decision[S], error)) {
	t.Helper()
	store := memory.NewStore()
	p, err := participant.New(participant.Config[S]{
		Source: "till", Decide: participant.Pure(decide), Store: store, Publisher: &memory.Publisher{}, Language: dialect{}, Retention: retention,
		Clock: func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	assertInvalid(t, p.Handle(t.Context(), reserved(t, "1")[0].Event), text)
	if records := store.Records(); len(records) != 0 {
		t.Errorf("it is committed: %v", records)
	}
}
