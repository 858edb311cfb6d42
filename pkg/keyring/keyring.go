// Package keyring rotates secret keys: at a set time a new key replaces the active
// one. What was derived from an older key is still found, and nothing is derived from
// two keys.
//
// A ring is the value of one secret, which every process reads periodically. A new key
// is added hours before it becomes active, so that every process has read it by then.
// Suppose that one process derives from the older key and another from the newer one,
// both from the same input:
//
//   - The first decides before the quiet time of the newer key, by its own clock. Its
//     writes have taken effect at most MaximumWork and MaximumFlight later. A process
//     that has not read the newer key uses a ring that is at most UsableFor old, and
//     has stopped long before ActiveAfter.
//   - The second decides after the newer key has become active, by its own clock, and
//     first looks for what the first may have done.
//   - The quiet time is the sum of twice MaximumSkew, MaximumWork and MaximumFlight.
//     So the second looks after the writes of the first have taken effect, and finds
//     them.
//
// In the quiet time itself no process starts what must be done only once.
package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// MaximumSkew is the largest error of a process's clock. That of a Lambda
	// function is off by milliseconds.
	MaximumSkew = 10 * time.Second
	// MaximumWork is how long a process may use the result of one call of Keys.
	MaximumWork = 30 * time.Second
	// MaximumFlight is how long after its process has stopped waiting a write can
	// still take effect.
	MaximumFlight = 10 * time.Second
	// Quiet is the time before a key becomes active in which nothing starts that must
	// be done only once.
	Quiet = 2*MaximumSkew + MaximumWork + MaximumFlight

	// FreshFor is how long a ring is used without reading it again.
	FreshFor = 5 * time.Minute
	// UsableFor is how long a ring is used if it cannot be read again.
	UsableFor = time.Hour
	// ActiveAfter is how long after it was added a key becomes active. It is an hour
	// longer than UsableFor, because a secret store may return an old value for some
	// time.
	ActiveAfter = UsableFor + time.Hour
	// KeepFor is how long an older key is still used for lookups after a newer one
	// became active.
	KeepFor = 90 * 24 * time.Hour

	// MinimumLength is the least number of characters: 43 of 62 letters and digits
	// have 256 bits.
	MinimumLength = 43
)

// Ring is a list of keys, the oldest first.
type Ring struct {
	keys []key
}

type key struct {
	Key string `json:"key"`
	// From is when the key becomes active. It is zero for the first key, which always
	// was active.
	From time.Time `json:"from"`
}

// content is the JSON of a ring. Secrets Manager can generate one with a single key
// from a template.
type content struct {
	First   string `json:"key"`
	Rotated []key  `json:"rotated,omitempty"`
}

// Parse decodes a ring from the value of a secret. Its errors do not contain the
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

// Encode returns the value of a secret, for Parse.
func (r Ring) Encode() (string, error) {
	encoded, err := json.Marshal(content{r.keys[0].Key, r.keys[1:]})
	return string(encoded), err
}

// Rotate returns the ring with a new key and without the keys that are no longer used
// for lookups, and when the new key becomes active. An error is returned if the newest
// key is not active yet, or if the new one is not valid.
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

// oldest returns the index of the oldest key that is still used for lookups.
func (r Ring) oldest(now time.Time) int {
	oldest := 0
	for i := 1; i < len(r.keys) && !now.Before(r.keys[i].From.Add(KeepFor)); i++ {
		oldest = i
	}
	return oldest
}

// Keys are the keys of a ring at one time.
type Keys struct {
	// Active is the key to derive from.
	Active []byte
	// Older are the keys from which something may have been derived before, the
	// newest first.
	Older [][]byte
	// Waiting are the keys that are not active yet. They are active for a process
	// whose clock is ahead.
	Waiting [][]byte
	// QuietFor is how long the quiet time still lasts, or zero outside of it.
	QuietFor time.Duration
}

// At returns the keys at a time.
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

// Choose returns the key for what must be done only once: an older key if it was done
// with that one, and otherwise the active key. The function exists reports whether it
// was done with a key; its error is returned.
func (k Keys) Choose(exists func(key []byte) (bool, error)) ([]byte, error) {
	for _, older := range k.Older {
		if found, err := exists(older); found || err != nil {
			return older, err
		}
	}
	return k.Active, nil
}
