// Package keyring has secret keys that replace each other at set times. What was
// derived from an older key is still found, and nothing is ever derived from two
// keys.
//
// A ring is the value of one secret, which every process reads again and again.
// A new key is added hours before it becomes active, so that every process knows
// it by then. Let one process derive from the older key and another from the
// newer one, both from the same input:
//
//   - The first decides before the quiet time of the newer key, by its own clock.
//     What it does because of that has taken effect at most MaximumWork and
//     MaximumFlight later. A process that does not know the newer key uses a ring
//     of at most UsableFor, and has stopped long before ActiveAfter.
//   - The second decides when the newer key is active, by its own clock, and first
//     looks for what the first may have done.
//   - The quiet time is two times MaximumSkew, MaximumWork and MaximumFlight
//     together. So the second looks after the first has taken effect, and finds
//     it.
//
// In the quiet time itself no process begins what must be done only once.
package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// MaximumSkew is how far a process's clock is from the true time at most. That
	// of a Lambda function is off by milliseconds.
	MaximumSkew = 10 * time.Second
	// MaximumWork is how long a process may work with the keys of one moment.
	MaximumWork = 30 * time.Second
	// MaximumFlight is how long a write can take effect after its process has given
	// up waiting for it.
	MaximumFlight = 10 * time.Second
	// Quiet is how long before a key becomes active nothing begins that must be
	// done only once.
	Quiet = 2*MaximumSkew + MaximumWork + MaximumFlight

	// FreshFor is how long a ring that was read is used without reading it again.
	FreshFor = 5 * time.Minute
	// UsableFor is how long it is used if it cannot be read again.
	UsableFor = time.Hour
	// ActiveAfter is how long after a key was added it becomes active. It is an hour
	// longer than UsableFor, for a secret store that returns an old value for some
	// time.
	ActiveAfter = UsableFor + time.Hour
	// KeepFor is how long an older key is looked for after a newer one became
	// active.
	KeepFor = 90 * 24 * time.Hour

	// MinimumLength is in characters: 43 of 62 letters and digits are 256 bits.
	MinimumLength = 43
)

// Ring is a list of keys, the oldest first.
type Ring struct {
	keys []key
}

type key struct {
	Key string `json:"key"`
	// From is when the key becomes active. The first one always was.
	From time.Time `json:"from"`
}

// content is the JSON of a ring. A template of Secrets Manager can generate one
// that has only the first key.
type content struct {
	First   string `json:"key"`
	Rotated []key  `json:"rotated,omitempty"`
}

// Parse returns the ring that a secret's value encodes. No error repeats the
// value.
func Parse(value string) (Ring, error) {
	var c content
	if err := json.Unmarshal([]byte(value), &c); err != nil {
		return Ring{}, errors.New("the key ring is not JSON of a ring")
	}
	ring := Ring{append([]key{{Key: c.First}}, c.Rotated...)}
	return ring, ring.validate()
}

func (r Ring) validate() error {
	for i, k := range r.keys {
		switch {
		case len(k.Key) < MinimumLength:
			return fmt.Errorf("key %d of the key ring has fewer than %d characters", i, MinimumLength)
		case i > 0 && !k.From.After(r.keys[i-1].From):
			return fmt.Errorf("key %d of the key ring is active no later than the key before it", i)
		case slices.ContainsFunc(r.keys[:i], func(older key) bool { return older.Key == k.Key }):
			return fmt.Errorf("key %d of the key ring is there twice", i)
		}
	}
	return nil
}

// Encode returns the value that Parse reads.
func (r Ring) Encode() (string, error) {
	encoded, err := json.Marshal(content{r.keys[0].Key, r.keys[1:]})
	return string(encoded), err
}

// Rotate returns the ring with a new key and without the keys that are no longer
// looked for, and when the new key becomes active. An error is returned if the
// newest key is not active yet, or if the new one is no key.
func (r Ring) Rotate(now time.Time, newKey string) (Ring, time.Time, error) {
	if newest := r.keys[len(r.keys)-1].From; newest.After(now) {
		return Ring{}, time.Time{}, fmt.Errorf("the newest key becomes active at %s: rotate again after that", newest.Format(time.RFC3339))
	}
	from := now.Add(ActiveAfter).UTC().Truncate(time.Second)
	keys := append(slices.Clone(r.keys[r.oldest(now):]), key{newKey, from})
	keys[0].From = time.Time{}
	rotated := Ring{keys}
	return rotated, from, rotated.validate()
}

// oldest returns the index of the oldest key that is still looked for.
func (r Ring) oldest(now time.Time) int {
	oldest := 0
	for i := 1; i < len(r.keys) && !now.Before(r.keys[i].From.Add(KeepFor)); i++ {
		oldest = i
	}
	return oldest
}

// Keys is what a ring says about one moment.
type Keys struct {
	// Active is the key to derive from.
	Active []byte
	// Older are the keys that something may have been derived from before, the
	// newest first.
	Older [][]byte
	// Waiting are the keys that are not active yet. The clock of another process
	// may be ahead.
	Waiting [][]byte
	// QuietFor is how long the quiet time lasts, or zero.
	QuietFor time.Duration
}

// At returns what the ring says about a moment.
func (r Ring) At(now time.Time) Keys {
	var at Keys
	for i, k := range r.keys[r.oldest(now):] {
		switch {
		case i > 0 && k.From.After(now):
			at.Waiting = append(at.Waiting, []byte(k.Key))
			if until := k.From.Sub(now); until <= Quiet {
				at.QuietFor = until
			}
		default:
			if at.Active != nil {
				at.Older = slices.Insert(at.Older, 0, at.Active)
			}
			at.Active = []byte(k.Key)
		}
	}
	return at
}

// All returns every key from which something can have been derived.
func (k Keys) All() [][]byte {
	return slices.Concat([][]byte{k.Active}, k.Older, k.Waiting)
}

// Choose returns the key to derive from what must be done only once: an older
// one if that was done with it, and otherwise the active one. An error of exists
// is returned.
func (k Keys) Choose(exists func(key []byte) (bool, error)) ([]byte, error) {
	for _, older := range k.Older {
		if found, err := exists(older); found || err != nil {
			return older, err
		}
	}
	return k.Active, nil
}
