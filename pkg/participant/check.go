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
	for _, key := range [][2]string{
		{"subject", cause.Subject},
		{"id", cause.ID},
		{"source", cause.Source},
		{"type", cause.Type},
		{"correlation id", cause.CorrelationID},
		{"causation id", cause.CausationID},
	} {
		if strings.TrimSpace(key[1]) == "" && key[0] != "causation id" {
			return fmt.Errorf("%w: the %s of %q is empty", event.ErrInvalid, key[0], cause.Type)
		}
		if !utf8.ValidString(key[1]) {
			return fmt.Errorf("%w: the %s of %q is not UTF-8", event.ErrInvalid, key[0], cause.Type)
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
