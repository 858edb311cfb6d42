package function_test

import (
	"slices"
	"strings"
	"testing"
)

func TestTheRuntimeAPIRefusesWhatIsOutOfTurn(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("raw", nil)
	for range 2 { // The mistakes do not spoil the next invocation.
		got := decode[struct {
			Next, Again, Wrong int
			Trace              string
		}](b, b.invoke(arn, "").Payload)
		if got.Next != 200 || got.Again != 403 || got.Wrong != 400 || !strings.HasPrefix(got.Trace, "Root=1-") {
			t.Errorf("the Runtime API answered %+v", got)
		}
	}
	b.eventually("the last answer", func() bool {
		return slices.Contains(b.written(), "answered 202") && slices.Contains(b.written(), "answered again 400")
	})
}

func TestAnErrorOfInitializationIsTheResult(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("initerror", nil)
	result := b.invoke(arn, "")
	if got := decode[described](b, result.Payload); got != (described{"Config", "no table"}) || result.FunctionError != "Unhandled" {
		t.Errorf("the result is %+v", result)
	}
	if err := b.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "no table") {
		t.Errorf("Start fails with %v, want the reported error", err)
	}
}
