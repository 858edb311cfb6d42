package keyring_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/saga/pkg/keyring"
)

// histories is how many random histories are tried.
const histories = 1000

// history is a random history of processes that do things once, each with a key
// of a ring that is rotated meanwhile. Time is virtual.
type history struct {
	*rand.Rand

	now time.Time
	// values are the values of the secret, with the time at which each was written.
	values []written
	steps  []step
	// done has the keys with which each thing was done.
	done [things]map[string]bool
	// careless processes do not stop in the quiet time.
	careless bool
	begun    int
}

// things is how many things are done, most of them more than once.
const things = 30

type written struct {
	at    time.Time
	value string
}

type step struct {
	at time.Time
	do func()
}

// within returns a duration up to a limit, and often one of the extremes.
func (h *history) within(limit time.Duration) time.Duration {
	switch h.IntN(4) {
	case 0:
		return 0
	case 1:
		return limit
	default:
		return time.Duration(h.Int64N(int64(limit) + 1))
	}
}

// plan adds two rotations, and processes that do things at any time, mostly near the
// times at which the keys become active.
func (h *history) plan(tb testing.TB) {
	tb.Helper()
	ring := parse(tb, `{"key": "`+secret("a")+`"}`)
	value, err := ring.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	h.values = []written{{added.Add(-time.Hour), value}}
	rotation := added
	var activations []time.Time
	for _, letter := range []string{"b", "c"} {
		rotation = rotation.Add(h.within(time.Hour))
		ring = rotate(tb, ring, rotation.Truncate(time.Second), letter)
		if value, err = ring.Encode(); err != nil {
			tb.Fatal(err)
		}
		h.values = append(h.values, written{rotation, value})
		rotation = rotation.Add(keyring.ActiveAfter)
		activations = append(activations, rotation)
	}
	for range 4 {
		process := h.process(h.within(2*keyring.MaximumSkew) - keyring.MaximumSkew)
		for range 20 {
			at := added.Add(h.within(rotation.Add(time.Hour).Sub(added)))
			if h.IntN(4) > 0 {
				at = activations[h.IntN(len(activations))].Add(h.within(4*keyring.Quiet) - 2*keyring.Quiet + h.within(keyring.Quiet) - keyring.Quiet/2)
			}
			h.steps = append(h.steps, step{at, func() { process(h.IntN(things)) }})
		}
	}
}

// process returns a function that does a thing in a process with a skewed clock, which
// may read an old value of the secret, or none.
func (h *history) process(skew time.Duration) func(thing int) {
	reader := &keyring.Reader{
		Clock:  func() time.Time { return h.now.Add(skew) },
		Logger: slog.New(slog.DiscardHandler),
		Fetch: func(context.Context) (string, error) {
			if h.IntN(4) == 0 {
				return "", errors.New("throttled")
			}
			at := h.now.Add(-h.within(30 * time.Minute))
			visible := h.values[0]
			for _, each := range h.values {
				if !each.at.After(at) {
					visible = each
				}
			}
			return visible.value, nil
		},
	}
	return func(thing int) {
		keys, err := reader.Keys(context.Background())
		if err != nil || (keys.QuietFor > 0 && !h.careless) {
			return
		}
		h.begun++
		looked := h.within(keyring.MaximumWork)
		took := looked + h.within(keyring.MaximumWork+keyring.MaximumFlight-looked)
		var chosen []byte
		h.later(looked, func() {
			chosen, _ = keys.Choose(func(key []byte) (bool, error) { return h.done[thing][string(key)], nil })
		})
		h.later(took, func() { h.done[thing][string(chosen)] = true })
	}
}

func (h *history) later(after time.Duration, do func()) {
	at := h.now.Add(after)
	i := slices.IndexFunc(h.steps, func(s step) bool { return s.at.After(at) })
	if i < 0 {
		i = len(h.steps)
	}
	h.steps = slices.Insert(h.steps, i, step{at, do})
}

// run runs the history and reports whether a thing was done with two keys.
func (h *history) run() bool {
	slices.SortStableFunc(h.steps, func(a, b step) int { return a.at.Compare(b.at) })
	for len(h.steps) > 0 {
		next := h.steps[0]
		h.steps = h.steps[1:]
		h.now = next.at
		next.do()
	}
	return slices.ContainsFunc(h.done[:], func(keys map[string]bool) bool { return len(keys) > 1 })
}

func newHistory(tb testing.TB, seed uint64, careless bool) *history {
	tb.Helper()
	h := &history{Rand: rand.New(rand.NewPCG(seed, 0)), careless: careless}
	for i := range h.done {
		h.done[i] = map[string]bool{}
	}
	h.plan(tb)
	return h
}

func TestNothingIsDoneWithTwoKeys(t *testing.T) {
	begun := 0
	for seed := range uint64(histories) {
		h := newHistory(t, seed, false)
		if h.run() {
			t.Fatalf("seed %d: something was done with two keys: %v", seed, h.done)
		}
		begun += h.begun
	}
	if begun < 20*histories {
		t.Errorf("%d things were done in %d histories", begun, histories)
	}
}

// Without the quiet time a thing is done with two keys, so the test above can fail.
func TestWithoutTheQuietTimeSomethingIsDoneWithTwoKeys(t *testing.T) {
	for seed := range uint64(histories) {
		if newHistory(t, seed, true).run() {
			return
		}
	}
	t.Errorf("nothing was done with two keys in %d histories without the quiet time", histories)
}
