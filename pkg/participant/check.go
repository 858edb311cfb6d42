package participant

import (
	"fmt"
	"strings"
	"time"

	"example.com/saga/pkg/event"
)

// checkIdentity refuses a cause with an absent key. Causes without an id would all
// be taken for one, and sagas without a subject would share a record.
func checkIdentity(cause event.Event) error {
	for _, key := range [][2]string{
		{"subject", cause.Subject}, {"id", cause.ID}, {"source", cause.Source}, {"correlation id", cause.CorrelationID},
	} {
		if strings.TrimSpace(key[1]) == "" {
			return fmt.Errorf("%w: the %s of %q is empty", event.ErrInvalid, key[0], cause.Type)
		}
	}
	return nil
}

// checkAdjustments refuses an adjustment of no item or of no counter.
func checkAdjustments(adjustments []Adjustment) error {
	for _, adjustment := range adjustments {
		if _, unnamed := adjustment.Add[""]; adjustment.Item == "" || unnamed || len(adjustment.Add) == 0 {
			return fmt.Errorf("%w: the adjustment of %v in %q names no item or no counter", event.ErrInvalid, adjustment.Add, adjustment.Item)
		}
	}
	return nil
}

// checkCommittable refuses, before the decision asks the outside world, what could not be
// committed even if it changed nothing.
func (p *Participant[S]) checkCommittable(record Record, cause cause, state S, now time.Time) error {
	checker, can := p.config.Store.(Checker)
	if !can {
		return nil
	}
	unchanged, err := p.nextRecord(record, cause, state, nil, now)
	if err != nil {
		return err
	}
	return checker.Check(unchanged, nil)
}
