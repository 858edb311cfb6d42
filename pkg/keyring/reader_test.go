package keyring_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/keyring"
)

// store is a secret store with one value, whose reads may fail.
type store struct {
	value string
	err   error
	reads int
	logs  strings.Builder
	now   time.Time
}

func (s *store) reader() *keyring.Reader {
	return &keyring.Reader{
		Fetch: func(context.Context) (string, error) {
			s.reads++
			return s.value, s.err
		},
		Clock:  func() time.Time { return s.now },
		Logger: slog.New(slog.NewTextHandler(&s.logs, nil)),
	}
}

func TestARingIsReadAgainWhenItIsNotFresh(t *testing.T) {
	s := &store{value: `{"key": "` + secret("a") + `"}`, now: added}
	r := s.reader()
	for _, step := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {0, 1}, {keyring.FreshFor - 1, 1}, {1, 2}, {keyring.FreshFor, 3}, {-time.Hour, 4}} {
		s.now = s.now.Add(step.after)
		if keys, err := r.Keys(t.Context()); err != nil || letters(keys.Active) != "a" || s.reads != step.reads {
			t.Errorf("after %s: %s, %d reads, %v", step.after, letters(keys.Active), s.reads, err)
		}
	}
}

func TestARingThatCannotBeReadAgainIsUsedForSomeTime(t *testing.T) {
	s := &store{value: `{"key": "` + secret("a") + `"}`, now: added}
	r := s.reader()
	if _, err := r.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.err = errors.New("throttled")
	s.now = added.Add(keyring.FreshFor)
	for range 2 {
		if keys, err := r.Keys(t.Context()); err != nil || letters(keys.Active) != "a" || s.reads != 2 {
			t.Errorf("%s, %d reads, %v", letters(keys.Active), s.reads, err)
		}
	}
	if !strings.Contains(s.logs.String(), "throttled") {
		t.Errorf("the failure is not logged: %s", s.logs.String())
	}
	s.now = added.Add(keyring.UsableFor - 1)
	if _, err := r.Keys(t.Context()); err != nil {
		t.Errorf("just before it is too old: %v", err)
	}
	s.now = added.Add(keyring.UsableFor)
	if _, err := r.Keys(t.Context()); !errors.Is(err, s.err) {
		t.Errorf("too old: %v", err)
	}
	s.err = nil
	if _, err := r.Keys(t.Context()); err != nil {
		t.Errorf("it can be read again: %v", err)
	}
}

func TestWithoutARingThereAreNoKeys(t *testing.T) {
	s := &store{value: "no ring", now: added}
	r := s.reader()
	if _, err := r.Keys(t.Context()); err == nil {
		t.Error("no error for a value that is no ring")
	}
	s.err = errors.New("denied")
	if _, err := r.Keys(t.Context()); !errors.Is(err, s.err) {
		t.Errorf("the error is %v", err)
	}
}
