package participant_test

import (
	"errors"
	"slices"
	"testing"

	"example.com/saga/pkg/participant"
)

func TestTheTextOfAnErrorNamesItsCausesButNoItem(t *testing.T) {
	for want, err := range map[string]error{
		"not enough in 1 of the adjusted items":      &participant.RefusedError{Items: []string{"customer#c-42"}},
		"the record was written since it was loaded": &participant.ConflictError{},
		"the first\nthe second":                      &participant.PartialError{Errs: map[int]error{7: errors.New("the second"), 3: errors.New("the first")}},
	} {
		if text := err.Error(); text != want {
			t.Errorf("it is %q, not %q", text, want)
		}
	}
}

func TestAPartialErrorHasTheErrorsInTheOrderOfTheEvents(t *testing.T) {
	first, second := errors.New("the first"), errors.New("the second")
	err := &participant.PartialError{Errs: map[int]error{7: second, 3: first}}
	if got := err.Unwrap(); !slices.Equal(got, []error{first, second}) {
		t.Errorf("they are %v", got)
	}
}
