package keyring_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/keyring"
)

var added = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// secret returns a key that is long enough, made of one letter.
func secret(letter string) string { return strings.Repeat(letter, keyring.MinimumLength) }

func parse(tb testing.TB, value string) keyring.Ring {
	tb.Helper()
	ring, err := keyring.Parse(value)
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// letters returns the first letters of keys.
func letters(keys ...[]byte) string {
	var text strings.Builder
	for _, key := range keys {
		text.WriteByte(key[0])
	}
	return text.String()
}

func rotate(tb testing.TB, ring keyring.Ring, now time.Time, letter string) keyring.Ring {
	tb.Helper()
	rotated, from, err := ring.Rotate(now, secret(letter))
	if err != nil {
		tb.Fatal(err)
	}
	if want := now.Add(keyring.ActiveAfter); !from.Equal(want) {
		tb.Errorf("the key %s becomes active at %s, want %s", letter, from, want)
	}
	value, err := rotated.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return parse(tb, value)
}

func TestTheKeysOfARingAtATime(t *testing.T) {
	const second = time.Second
	once := rotate(t, parse(t, `{"key": "`+secret("a")+`"}`), added, "b")
	active := added.Add(keyring.ActiveAfter)
	twice := rotate(t, once, active, "c")
	again := active.Add(keyring.ActiveAfter)
	for name, test := range map[string]struct {
		ring                   keyring.Ring
		at                     time.Time
		active, older, waiting string
		quiet                  time.Duration
	}{
		"before any rotation":           {parse(t, `{"key": "`+secret("a")+`"}`), added, "a", "", "", 0},
		"a key was added":               {once, added, "a", "", "b", 0},
		"before the quiet time":         {once, active.Add(-keyring.Quiet - 1), "a", "", "b", 0},
		"the quiet time begins":         {once, active.Add(-keyring.Quiet), "a", "", "b", keyring.Quiet},
		"the quiet time ends soon":      {once, active.Add(-second), "a", "", "b", second},
		"the key is active":             {once, active, "b", "a", "", 0},
		"much later":                    {once, active.Add(keyring.KeepFor - 1), "b", "a", "", 0},
		"the first is no longer used":   {once, active.Add(keyring.KeepFor), "b", "", "", 0},
		"another key was added":         {twice, active, "b", "a", "c", 0},
		"its quiet time":                {twice, again.Add(-second), "b", "a", "c", second},
		"it is active":                  {twice, again, "c", "ba", "", 0},
		"only the second is still used": {twice, active.Add(keyring.KeepFor), "c", "b", "", 0},
		"none is still used":            {twice, again.Add(keyring.KeepFor), "c", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := test.ring.At(test.at)
			if letters(got.Active) != test.active || letters(got.Older...) != test.older || letters(got.Waiting...) != test.waiting ||
				got.QuietFor != test.quiet {
				t.Errorf("active %s, older %s, waiting %s, quiet for %s", letters(got.Active), letters(got.Older...), letters(got.Waiting...), got.QuietFor)
			}
			if all := letters(got.All()...); all != test.active+test.older+test.waiting {
				t.Errorf("all are %s", all)
			}
		})
	}
}

func TestTheQuietTimeIsLongerThanWorkThatStartedBeforeIt(t *testing.T) {
	if least := 2*keyring.MaximumSkew + keyring.MaximumWork + keyring.MaximumFlight; keyring.Quiet < least {
		t.Errorf("the quiet time is %s, not %s", keyring.Quiet, least)
	}
	if least := keyring.UsableFor + keyring.Quiet; keyring.ActiveAfter < least || keyring.FreshFor >= keyring.UsableFor {
		t.Errorf("a key is active after %s, and a ring is usable for %s", keyring.ActiveAfter, keyring.UsableFor)
	}
}

func TestOnlyOneKeyWaitsAtATime(t *testing.T) {
	ring := rotate(t, parse(t, `{"key": "`+secret("a")+`"}`), added, "b")
	active := added.Add(keyring.ActiveAfter)
	if _, _, err := ring.Rotate(active.Add(-1), secret("c")); err == nil || !strings.Contains(err.Error(), active.Format(time.RFC3339)) {
		t.Errorf("the error is %v", err)
	}
	rotate(t, ring, active, "c")
}

func TestARotationRemovesTheKeysThatAreNoLongerUsed(t *testing.T) {
	ring := rotate(t, parse(t, `{"key": "`+secret("a")+`"}`), added, "b")
	ring = rotate(t, ring, added.Add(keyring.ActiveAfter+keyring.KeepFor), "c")
	value, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"key":"%s","rotated":[{"key":"%s","from":"%s"}]}`, secret("b"), secret("c"),
		added.Add(2*keyring.ActiveAfter+keyring.KeepFor).Format(time.RFC3339))
	if diff := cmp.Diff(want, value); diff != "" {
		t.Errorf("the value (-want +got):\n%s", diff)
	}
}

func TestTheErrorOfAnInvalidRingDoesNotContainIt(t *testing.T) {
	rotated := func(key, from string) string {
		return `{"key": "` + secret("a") + `", "rotated": [{"key": "` + key + `", "from": "` + from + `"}, {"key": "` + secret("c") + `", "from": "2026-03-02T00:00:00Z"}]}`
	}
	for name, value := range map[string]string{
		"nothing":                 "",
		"a key alone":             secret("a"),
		"no key":                  `{}`,
		"a short key":             `{"key": "hunter2"}`,
		"a short rotated key":     rotated("hunter2", "2026-03-01T00:00:00Z"),
		"a key without a time":    rotated(secret("b"), "0001-01-01T00:00:00Z"),
		"a key with no real time": rotated(secret("b"), "soon"),
		"keys in another order":   rotated(secret("b"), "2026-03-03T00:00:00Z"),
		"keys of one time":        rotated(secret("b"), "2026-03-02T00:00:00Z"),
		"a key twice":             rotated(secret("a"), "2026-03-01T00:00:00Z"),
	} {
		_, err := keyring.Parse(value)
		if err == nil || strings.Contains(err.Error(), "aaa") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
