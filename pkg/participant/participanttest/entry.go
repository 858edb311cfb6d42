package participanttest

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/participant"
)

// Accounts is a participant.Store that adds up the entries in an account.
type Accounts interface {
	participant.Store
	// Balance returns the sum of the entries in an account that have not expired at a
	// time. It may be eventually consistent.
	Balance(ctx context.Context, account string, at time.Time) (int64, error)
	// Entries returns the amounts that Balance adds up, by the subjects of their records.
	Entries(ctx context.Context, account string, at time.Time) (map[string]int64, error)
}

// TestAccounts checks a store as TestStore does, for a context whose records have
// entries.
func TestAccounts(t *testing.T, newStore func(t *testing.T) Accounts) {
	t.Helper()
	s := accountSuite{newStore}
	t.Run("an account without entries has the balance 0", s.noEntries)
	t.Run("a balance is the sum of the entries in the account", s.balance)
	t.Run("an entry counts until it expires", s.expiredEntry)
	t.Run("an entry is replaced with its record", s.changedEntry)
	t.Run("a tombstone has no entry", s.erasedEntry)
	t.Run("an account has a longest length", s.accountLimit)
}

// accountSuite has a method for each test.
type accountSuite struct {
	newStore func(t *testing.T) Accounts
}

// someExpiry returns when the entries of the tests expire.
func someExpiry() time.Time { return time.Date(2126, 3, 4, 5, 6, 7, 0, time.UTC) }

// commitEntry commits a new record with an entry, and returns its subject.
func commitEntry(t *testing.T, store Accounts, account string, amount int64, expiresAt time.Time) string {
	t.Helper()
	record := newRecord()
	record.Entry = participant.Entry{Account: account, Amount: amount, ExpiresAt: expiresAt}
	commit(t, store, record)
	return record.Subject
}

// assertEntries checks the entries in an account at a time, and its balance.
func assertEntries(t *testing.T, store Accounts, account string, at time.Time, want map[string]int64) {
	t.Helper()
	var got map[string]int64
	for range maximumPolls {
		var err error
		if got, err = store.Entries(t.Context(), account, at); err != nil {
			t.Fatal(err)
		}
		if maps.Equal(got, want) {
			assertBalance(t, store, account, at, want)
			return
		}
		time.Sleep(pollInterval)
	}
	t.Fatalf("the entries that are expected (-) and found (+):\n%s", cmp.Diff(want, got))
}

func assertBalance(t *testing.T, store Accounts, account string, at time.Time, entries map[string]int64) {
	t.Helper()
	var want int64
	for _, amount := range entries {
		want += amount
	}
	if got, err := store.Balance(t.Context(), account, at); err != nil || got != want {
		t.Errorf("the balance is %d, %v, not %d", got, err, want)
	}
}

func (s accountSuite) noEntries(t *testing.T) {
	store := s.newStore(t)
	commit(t, store, newRecord())
	assertEntries(t, store, unique("account"), time.Time{}, nil)
}

func (s accountSuite) balance(t *testing.T) {
	store := s.newStore(t)
	account, another := unique("account"), unique("account")
	first := commitEntry(t, store, account, 25, someExpiry())
	second := commitEntry(t, store, account, -7, someExpiry().Add(time.Hour))
	third := commitEntry(t, store, account, 0, someExpiry())
	other := commitEntry(t, store, another, 4, someExpiry())
	assertEntries(t, store, account, time.Time{}, map[string]int64{first: 25, second: -7, third: 0})
	assertEntries(t, store, another, time.Time{}, map[string]int64{other: 4})
	want := participant.Entry{Account: account, Amount: 25, ExpiresAt: someExpiry()}
	if diff := cmp.Diff(want, load(t, store, first).Entry); diff != "" {
		t.Errorf("the entry as committed (-) and loaded (+):\n%s", diff)
	}
}

func (s accountSuite) expiredEntry(t *testing.T) {
	store := s.newStore(t)
	account := unique("account")
	first := commitEntry(t, store, account, 25, someExpiry())
	second := commitEntry(t, store, account, 7, someExpiry().Add(time.Second))
	assertEntries(t, store, account, someExpiry().Add(-time.Second), map[string]int64{first: 25, second: 7})
	assertEntries(t, store, account, someExpiry(), map[string]int64{second: 7})
	assertEntries(t, store, account, someExpiry().Add(time.Second), nil)
}

func (s accountSuite) changedEntry(t *testing.T) {
	store := s.newStore(t)
	account, another := unique("account"), unique("account")
	subject := commitEntry(t, store, account, 25, someExpiry())
	change := func(to participant.Entry) {
		t.Helper()
		record := load(t, store, subject)
		record.Entry = to
		commit(t, store, record)
	}
	change(participant.Entry{Account: account, Amount: 24, ExpiresAt: someExpiry()})
	assertEntries(t, store, account, time.Time{}, map[string]int64{subject: 24})
	change(participant.Entry{Account: another, Amount: 24, ExpiresAt: someExpiry()})
	assertEntries(t, store, account, time.Time{}, nil)
	assertEntries(t, store, another, time.Time{}, map[string]int64{subject: 24})
	change(participant.Entry{})
	assertEntries(t, store, another, time.Time{}, nil)
	if entry := load(t, store, subject).Entry; entry != (participant.Entry{}) {
		t.Errorf("the record is loaded with the entry %+v", entry)
	}
}

func (s accountSuite) erasedEntry(t *testing.T) {
	store := s.newStore(t)
	account := unique("account")
	subject := commitEntry(t, store, account, 25, someExpiry())
	commit(t, store, participant.Record{Subject: subject, Version: 1, State: json.RawMessage(`{}`), ExpiresAt: someExpiry(), Erased: true})
	assertEntries(t, store, account, time.Time{}, nil)
}

func (s accountSuite) accountLimit(t *testing.T) {
	store := s.newStore(t)
	longest := unique("account")
	longest += strings.Repeat("x", participant.MaximumKey-len(longest))
	for _, account := range []string{"", longest + "x", unique("\xff")} {
		record := newRecord()
		record.Entry = participant.Entry{Account: account, Amount: 25, ExpiresAt: someExpiry()}
		assertInvalid(t, store, record)
	}
	record := newRecord()
	record.Entry = participant.Entry{Account: longest, Amount: 25, ExpiresAt: someExpiry()}
	record.State = json.RawMessage("{")
	assertInvalid(t, store, record)
	assertEntries(t, store, longest, time.Time{}, map[string]int64{commitEntry(t, store, longest, 7, someExpiry()): 7})
}
