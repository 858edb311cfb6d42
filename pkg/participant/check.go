package participant

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/saga/pkg/event"
)

// checkIdentity returns an error if a cause has an empty key, or a text that no record can
// store. All causes without an id would count as the same one, and sagas without a subject
// would share a record.
func checkIdentity(cause event.Event) error {
	for _, each := range []struct {
		name, text string
		optional   bool
	}{
		{"subject", cause.Subject, false},
		{"id", cause.ID, false},
		{"source", cause.Source, false},
		{"correlation id", cause.CorrelationID, false},
		{"causation id", cause.CausationID, true},
		{"type", cause.Type, true},
	} {
		if strings.TrimSpace(each.text) == "" && !each.optional {
			return fmt.Errorf("%w: the %s of %q is empty", event.ErrInvalid, each.name, cause.Type)
		}
		if !utf8.ValidString(each.text) {
			return fmt.Errorf("%w: the %s of %q is not UTF-8", event.ErrInvalid, each.name, cause.Type)
		}
	}
	return nil
}

// checkCommittable returns an error if the task could not be committed even with an
// unchanged state. It is checked before the decision, which may call an external service.
func (p *Participant[S]) checkCommittable(record Record, t *task, now time.Time) error {
	if err := CheckSubject(t.Event.Subject); err != nil {
		return err
	}
	return p.remember(record, t, nil, now).checkSize()
}
