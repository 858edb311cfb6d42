package participant_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestAnInvalidEventNeverReachesTheDecision(t *testing.T) {
	for name, spoil := range map[string]func(*event.Event){
		"invalid data":             func(e *event.Event) { e.Data = json.RawMessage(`{}`) },
		"unknown type":             func(e *event.Event) { e.Type = "order.eaten" },
		"another source":           func(e *event.Event) { e.Source = "porter" },
		"another schema version":   func(e *event.Event) { e.DataSchema += "0" },
		"older than the retention": func(e *event.Event) { e.Time = e.Time.Add(-retention - time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, func(state, participant.Input) (decision, error) {
				t.Error("it was decided on")
				return decision{}, nil
			})
			e := w.placed(t, "e-1")
			spoil(&e)
			if err := w.Handle(t.Context(), e); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
			if w.store.loads != 0 {
				t.Errorf("%d loads", w.store.loads)
			}
		})
	}
}

func TestACauseWithoutAllItsKeysOrWithoutUTF8IsInvalidBeforeAnyCall(t *testing.T) {
	for text, spoil := range map[string]func(*event.Event){
		`the subject of "order.placed" is empty`:            func(e *event.Event) { e.Subject = "" },
		`the id of "order.placed" is empty`:                 func(e *event.Event) { e.ID = " \t" },
		`the source of "order.placed" is empty`:             func(e *event.Event) { e.Source = "" },
		`the type of "" is empty`:                           func(e *event.Event) { e.Type = "" },
		`the correlation id of "order.placed" is empty`:     func(e *event.Event) { e.CorrelationID = "" },
		`the id of "order.placed" is not UTF-8`:             func(e *event.Event) { e.ID = "\xff" },
		`the causation id of "order.placed" is not UTF-8`:   func(e *event.Event) { e.CausationID = "\xff" },
		`the correlation id of "order.placed" is not UTF-8`: func(e *event.Event) { e.CorrelationID = "\xff" },
	} {
		t.Run(text, func(t *testing.T) {
			w := newWarehouse(t, func(state, participant.Input) (decision, error) {
				t.Error("it was decided on")
				return decision{}, nil
			})
			e := w.placed(t, "e-1")
			spoil(&e)
			if err := w.Handle(t.Context(), e); !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), text) {
				t.Errorf("handled as an event, the error is %v, not that %s", err, text)
			}
			if _, err := w.Execute(t.Context(), e, contract.OrderPlaced{}); !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), text) {
				t.Errorf("executed as a command, the error is %v, not that %s", err, text)
			}
			if w.store.loads != 0 || w.store.commits != 0 {
				t.Errorf("%d loads, %d commits", w.store.loads, w.store.commits)
			}
		})
	}
}

func TestAnAdjustmentOfNothingIsNotCommitted(t *testing.T) {
	for name, adjustment := range map[string]participant.Adjustment{
		"no item":                {Add: map[string]int64{"on_hand": 1}},
		"no counter":             {Item: stock},
		"a counter without name": {Item: stock, Add: map[string]int64{"": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) {
				return decision{State: s, Adjustments: []participant.Adjustment{adjustment}}, nil
			})
			if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
			w.assertShipments(t, 0)
		})
	}
}

func TestAnEventThatCanNeverBeCommittedIsNotDecidedOn(t *testing.T) {
	decided := 0
	w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) {
		decided++
		return decision{State: s}, nil
	})
	full := participant.Record{Subject: "o-1", State: []byte("{}")}
	for full.Size() < participant.MaximumRecord-100 {
		full.Handled = append(full.Handled, participant.Handled{Source: "order", ID: fmt.Sprint(len(full.Handled)), Type: "order.placed", HandledAt: w.now})
	}
	if err := w.store.Store.Commit(t.Context(), full, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, event.ErrInvalid) || decided != 0 {
		t.Errorf("the error is %v after %d decisions", err, decided)
	}
	w.wait(retention + 2*time.Hour)
	w.mustHandle(t, w.placed(t, "e-2"))

	decided = 0
	w = newWarehouse(t, func(s state, _ participant.Input) (decision, error) {
		decided++
		return decision{State: s}, nil
	}, beginning)
	if _, err := w.Execute(t.Context(), w.about(t, "o#1", "c-1"), contract.OrderPlaced{}); !errors.Is(err, event.ErrInvalid) || decided != 0 {
		t.Errorf("the error of a subject that no record has is %v after %d decisions", err, decided)
	}
}

func TestAnEventThatCanNeverBePublishedIsNotCommitted(t *testing.T) {
	huge := contract.StockUnavailable{Reason: contract.OutOfStock}
	for n := range 10_000 {
		huge.Missing = append(huge.Missing, fmt.Sprintf("a-stock-keeping-unit-with-a-long-name-%d", n))
	}
	for name, data := range map[string]event.Data{
		"an event above the maximum size":      huge,
		"an event against its schema":          contract.StockReserved{},
		"an event that another may publish":    contract.PaymentDeclined{Reason: contract.PaymentWasDeclined},
		"an event that is not in the language": unspoken{},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarehouse(t, func(s state, _ participant.Input) (decision, error) {
				return decision{State: s, Events: []event.Data{data}}, nil
			})
			if err := w.Handle(t.Context(), w.placed(t, "e-1")); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
			if w.store.commits != 0 || len(w.publisher.Published()) != 0 {
				t.Errorf("%d commits, %d events published", w.store.commits, len(w.publisher.Published()))
			}
		})
	}
}

type unspoken struct{}

func (unspoken) EventType() string { return "warehouse.eaten" }

func TestAnEventAsOldAsTheRetentionIsStillHandled(t *testing.T) {
	w := newWarehouse(t, ship)
	e := w.placed(t, "e-1")
	w.wait(retention)
	w.mustHandle(t, e)
	w.assertShipments(t, 1)
}

func TestAnEntryExpiresOnlyAfterTheRetention(t *testing.T) {
	w := newWarehouse(t, ship)
	w.mustHandle(t, w.placed(t, "e-1"))
	w.wait(retention)
	w.mustHandle(t, w.placed(t, "e-2"))
	assertRemembered(t, w, "e-1", "e-2")
	w.wait(24 * time.Hour)
	w.mustHandle(t, w.placed(t, "e-3"))
	assertRemembered(t, w, "e-2", "e-3")
}

func assertRemembered(t *testing.T, w *warehouse, want ...string) {
	t.Helper()
	_, record, err := w.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, handled := range record.Handled {
		got = append(got, handled.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remembered are:\n%s", diff)
	}
}

// The clock of a publisher may be ahead, so that its event is younger than its
// handling.
func TestAnEventFromAClockThatIsAheadIsRememberedAsLongAsItIsAccepted(t *testing.T) {
	for _, ahead := range []time.Duration{30 * time.Minute, 5 * time.Hour, 365 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			w := newWarehouse(t, ship)
			e := w.placed(t, "e-1")
			e.Time = e.Time.Add(ahead)
			w.mustHandle(t, e)
			_, record, err := w.Load(t.Context(), "o-1")
			if err != nil || !record.ExpiresAt.After(e.Time.Add(retention)) {
				t.Errorf("the record expires at %s, %v", record.ExpiresAt, err)
			}

			w.wait(retention + ahead - time.Minute)
			w.mustHandle(t, w.placed(t, "e-2"))
			w.mustHandle(t, e)
			w.assertShipments(t, 2)
			assertRemembered(t, w, "e-1", "e-2")
			if _, record, err := w.Load(t.Context(), "o-1"); err != nil || !record.ExpiresAt.After(e.Time.Add(retention)) {
				t.Errorf("after an event that is accepted for less long the record expires at %s, %v", record.ExpiresAt, err)
			}
		})
	}
}
