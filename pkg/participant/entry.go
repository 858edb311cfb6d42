package participant

import (
	"fmt"
	"time"

	"example.com/saga/pkg/event"
)

// Entry is what a record adds to an account. The balance of an account is the sum of the
// entries in it, so it needs no counter: an entry is committed with its record, in one
// plain write. The zero value is no entry.
type Entry struct {
	Account string
	Amount  int64
	// ExpiresAt is when the entry no longer counts. It is required, and has the
	// resolution of seconds.
	ExpiresAt time.Time
}

// withEntry returns the record with an entry. It does not expire before the entry.
func (r Record) withEntry(e Entry) (Record, error) {
	if e == (Entry{}) {
		return r, nil
	}
	if e.Account == "" || e.ExpiresAt.IsZero() {
		return r, fmt.Errorf("%w: the entry of %s has no account or no expiry", event.ErrInvalid, r.Subject)
	}
	e.ExpiresAt = e.ExpiresAt.UTC().Truncate(time.Second)
	r.Entry, r.ExpiresAt = e, later(r.ExpiresAt, e.ExpiresAt)
	return r, nil
}
