package console

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// part is one of what is polled.
type part int

const (
	partLog part = iota
	partTable
	partOrders
	partDeadLetters
	partFaults
	partActivity
	parts
)

// status is whether what is shown is up to date.
type status struct {
	versioned

	known    [parts]bool
	problems [parts]string
}

// set sets the error of a part, or nil. The end of a context is none.
func (s *status) set(p part, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known[p] || s.problems[p] != text {
		s.changes++
	}
	s.known[p], s.problems[p] = true, text
}

// ready reports whether every part was read.
func (s *status) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.Contains(s.known[:], false)
}

// problem returns why what is shown is not up to date, or "".
func (s *status) problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, text := range s.problems {
		if text != "" {
			found = append(found, text)
		}
	}
	return strings.Join(found, "; ")
}
