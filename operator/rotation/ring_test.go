package rotation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/rotation"
	"example.com/saga/pkg/keyring"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func key(letter string) string { return strings.Repeat(letter, keyring.MinimumLength) }

// newRing has one key of the letter a, and adds one of the letter b.
func newRing() (*safe, rotation.Ring) {
	s := &safe{stages: map[string]string{"AWSCURRENT": `{"key": "` + key("a") + `"}`}}
	return s, rotation.Ring{
		Secrets: s, Secret: "secret", Clock: func() time.Time { return now }, New: func() string { return key("b") },
	}
}

func TestANewKeyIsAddedToTheRingAndTheOlderOneKept(t *testing.T) {
	s, ring := newRing()
	from, err := ring.Rotate(t.Context())
	if err != nil || !from.Equal(now.Add(keyring.ActiveAfter)) {
		t.Fatalf("active at %s, %v", from, err)
	}
	rotated, err := keyring.Parse(s.stages["AWSCURRENT"])
	if err != nil {
		t.Fatal(err)
	}
	if at := rotated.At(from.Add(-time.Hour)); string(at.Active) != key("a") {
		t.Errorf("before, %s is active", at.Active)
	}
	if at := rotated.At(from); string(at.Active) != key("b") || len(at.Older) != 1 || string(at.Older[0]) != key("a") {
		t.Errorf("then, %s is active and %s are older", at.Active, at.Older)
	}
}

func TestARingThatCannotBeRotatedIsLeftAsItIs(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*safe, *rotation.Ring)
		want  string
	}{
		"it cannot be read": {func(s *safe, _ *rotation.Ring) { s.fails = "GetSecretValue" }, "get the key ring"},
		"it cannot be put":  {func(s *safe, _ *rotation.Ring) { s.fails = "PutSecretValue" }, "put the key ring"},
		"it is no ring":     {func(s *safe, _ *rotation.Ring) { s.stages["AWSCURRENT"] = "an API key" }, "not JSON of a ring"},
		"a key waits": {func(s *safe, _ *rotation.Ring) {
			s.stages["AWSCURRENT"] = `{"key": "` + key("a") + `", "rotated": [{"key": "` + key("c") + `", "from": "2026-03-01T12:00:01Z"}]}`
		}, "rotate again after that"},
		"the new key is too short": {func(_ *safe, r *rotation.Ring) { r.New = func() string { return "hunter2" } }, "fewer than"},
		"the new key is not new":   {func(_ *safe, r *rotation.Ring) { r.New = func() string { return key("a") } }, "there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			s, ring := newRing()
			test.spoil(s, &ring)
			before := s.stages["AWSCURRENT"]
			_, err := ring.Rotate(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || (s.fails != "" && !errors.Is(err, errBroken)) {
				t.Errorf("the error is %v, want one about %s", err, test.want)
			}
			if s.stages["AWSCURRENT"] != before {
				t.Error("the ring was changed")
			}
		})
	}
}
