package participant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// refuse publishes an event about each subject, or about that of the cause for "".
func refuse(subjects ...string) func(state, participant.Input) (decision, error) {
	return func(s state, _ participant.Input) (decision, error) {
		s.Shipments++
		d := decision{State: s}
		for _, subject := range subjects {
			if subject == "" {
				d.Events = append(d.Events, contract.CancellationRefused{})
			} else {
				d.Events = append(d.Events, participant.About(subject, contract.CancellationRefused{}))
			}
		}
		return d, nil
	}
}

func TestAnEventAboutAnotherSubjectHasTheCorrelationAndTheCauseOfItsOwn(t *testing.T) {
	w := newWarehouse(t, refuse("o-1.a", "", "o-1.b"))
	cause := w.placed(t, "e-1")
	w.mustHandle(t, cause)
	first := w.publisher.Published()
	ids := make(map[string]bool)
	for i, subject := range []string{"o-1.a", "o-1", "o-1.b"} {
		e := first[i]
		ids[e.ID] = true
		if e.Subject != subject || e.CorrelationID != cause.CorrelationID || e.CausationID != cause.ID || e.Type != (contract.CancellationRefused{}).EventType() {
			t.Errorf("published is %+v", e)
		}
	}
	if len(ids) != 3 {
		t.Errorf("three events have the ids %v", ids)
	}
	w.mustHandle(t, cause)
	if diff := cmp.Diff(first, w.publisher.Published()[3:]); diff != "" {
		t.Errorf("published first (-) and again (+):\n%s", diff)
	}
}

func TestAnEventAboutNoValidSubjectIsNotCommitted(t *testing.T) {
	for _, subject := range []string{" ", "room 7", "room#7"} {
		w := newWarehouse(t, refuse(subject))
		if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%q: the error is %v, not ErrInvalid", subject, err)
		}
		w.assertShipments(t, 0)
	}
}

// A booking of several rooms is one saga, and each room is a record of its own.
func ExampleAbout() {
	ctx := context.Background()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	publisher := &memory.Publisher{}
	p, err := participant.New(participant.Config[till]{
		Source: "till", Store: memory.NewStore(), Publisher: publisher, Language: dialect{},
		Retention: 15 * 24 * time.Hour, Clock: func() time.Time { return now },
		Decide: participant.Pure(func(t till, in participant.Input) (participant.Decision[till], error) {
			return participant.Decision[till]{State: t, Events: []event.Data{
				participant.About(in.Event.Subject+".room-1", Taken{Amount: 100}),
				participant.About(in.Event.Subject+".room-2", Taken{Amount: 150}),
			}}, nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = p.Handle(ctx, event.Event{
		ID: "1", Source: "depot", Type: "depot.reserved", Subject: "booking-7", Time: now, CorrelationID: "saga-7",
		DataSchema: "https://example.com/schema/depot.reserved", Data: json.RawMessage(`{"Total": 250}`),
	})
	fmt.Println(err)
	for _, e := range publisher.Published() {
		fmt.Println(e.Subject, e.CorrelationID, string(e.Data))
	}
	// Output:
	// <nil>
	// booking-7.room-1 saga-7 {"Amount":100}
	// booking-7.room-2 saga-7 {"Amount":150}
}
