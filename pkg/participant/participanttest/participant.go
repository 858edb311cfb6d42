package participanttest

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// added is the data of every event of these tests. NaN cannot be encoded.
type added struct{ N float64 }

func (added) EventType() string { return "suite.added" }

// language is that of events without data.
type language struct{}

func (language) Decode(event.Event) (event.Data, error) { return added{}, nil }

func (language) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = "https://example.com/schema/1"
	return e, nil
}

type (
	decision = participant.Decision[added]
	decide   = func(added, participant.Input) (decision, error)
)

const retention = time.Hour

// newParticipant makes a participant on a store, whose time is what now returns.
func newParticipant(t *testing.T, source string, store participant.Store, decide decide, now func() time.Time) *participant.Participant[added] {
	t.Helper()
	p, err := participant.New(participant.Config[added]{
		Source: source, Decide: participant.Pure(decide), Store: store, Publisher: &memory.Publisher{}, Language: language{},
		Retention: retention, Clock: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ignore keeps the state, and publishes nothing.
func ignore(state added, _ participant.Input) (decision, error) { return decision{State: state}, nil }

// fixed is the time of a test without a clock of its own.
func fixed() time.Time { return time.Date(2126, 3, 4, 5, 6, 7, 0, time.UTC) }

// newCause makes an event about a subject.
func newCause(subject string, at time.Time) event.Event {
	return event.Event{
		ID: unique("cause"), Source: "suite", Type: "suite.added", Subject: subject, Time: at, CorrelationID: "correlation",
		Data: json.RawMessage(`{}`),
	}
}

func (s suite) expiry(t *testing.T) {
	store := s.newStore(t)
	subject := unique("order")
	start := fixed()
	now := start
	p := newParticipant(t, "suite", store, ignore, func() time.Time { return now })
	const margin = time.Hour
	for _, step := range []struct{ clock, latest time.Duration }{{0, 0}, {-30 * time.Minute, 0}, {time.Second, time.Second}} {
		now = start.Add(step.clock)
		if err := p.Handle(t.Context(), newCause(subject, now)); err != nil {
			t.Fatal(err)
		}
		want := start.Add(step.latest + retention + margin)
		if diff := cmp.Diff(want, load(t, store, subject).ExpiresAt); diff != "" {
			t.Errorf("when the clock is %s after the first event, the expiry is not that of the latest event:\n%s", step.clock, diff)
		}
	}
}

func (s suite) otherOwner(t *testing.T) {
	store := s.newStore(t)
	subject := unique("order")
	owner, other := newParticipant(t, "owner", store, ignore, fixed), newParticipant(t, "other", store, ignore, fixed)
	if err := owner.Handle(t.Context(), newCause(subject, fixed())); err != nil {
		t.Fatal(err)
	}
	before := load(t, store, subject)
	if err := other.Handle(t.Context(), newCause(subject, fixed())); !errors.Is(err, participant.ErrOtherOwner) || errors.Is(err, event.ErrInvalid) {
		t.Errorf("the error is %v, not ErrOtherOwner", err)
	}
	assertRecord(t, store, before)
	if err := owner.Handle(t.Context(), newCause(subject, fixed())); err != nil {
		t.Error(err)
	}
}

func (s suite) unencodable(t *testing.T) {
	for name, wrong := range map[string]decision{
		"state": {State: added{math.NaN()}},
		"data":  {Events: []event.Data{added{math.NaN()}}},
	} {
		t.Run(name, func(t *testing.T) {
			store := s.newStore(t)
			p := newParticipant(t, "suite", store, func(added, participant.Input) (decision, error) { return wrong, nil }, fixed)
			subject := unique("order")
			if err := p.Handle(t.Context(), newCause(subject, fixed())); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
			assertRecord(t, store, participant.Record{Subject: subject})
		})
	}
}
