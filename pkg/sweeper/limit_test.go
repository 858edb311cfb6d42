package sweeper_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/sweeper"
)

func TestTenErrorsAreAllOfTheErrorOfASweep(t *testing.T) {
	h := newHotel(t)
	for n := range 10 {
		h.request(fmt.Sprint("b-", n))
	}
	h.publisher.err = errBroken
	if err := h.sweep(time.Minute); err == nil || strings.Count(err.Error(), errBroken.Error()) != 10 || strings.Contains(err.Error(), "more") {
		t.Errorf("the error is %v", err)
	}
}

func TestNothingIsDecidedAboutASagaThatIsDueLater(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.now = h.now.Add(time.Second)
	h.request("b-2")
	h.Index = stale{"b-1", "b-2"}
	var decided []time.Time
	h.Decide = func(b booking, _, _ time.Time) sweeper.Action {
		decided = append(decided, b.RequestedAt)
		return sweeper.Action{}
	}
	if err := h.sweep(time.Minute - time.Second); err != nil {
		t.Fatal(err)
	}
	if want := []time.Time{h.now.Add(-time.Minute)}; !slices.Equal(decided, want) {
		t.Errorf("decided about the bookings of %v, not %v", decided, want)
	}
}

func TestACommandHasTheTimeOfItsSweepAndAnAgeIsInSeconds(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.Decide = func(booking, time.Time, time.Time) sweeper.Action { return sweeper.Action{Command: remind{}} }
	if err := h.sweep(time.Hour); err != nil {
		t.Fatal(err)
	}
	_, record, err := h.bookings.Load(t.Context(), "b-1")
	if err != nil || !record.Handled[1].OccurredAt.Equal(h.now) {
		t.Errorf("the command has the time %s, %v", record.Handled[1].OccurredAt, err)
	}
	if got := fmt.Sprint(h.lines()); !strings.Contains(got, "Unit:Seconds") {
		t.Errorf("the lines are %s", got)
	}
}

func TestASweeperWithoutAClockReadsThatOfTheMachine(t *testing.T) {
	h := newHotel(t)
	h.requestUnpublished("b-1")
	h.Clock = nil
	if err := h.sweep(0); err != nil {
		t.Fatal(err)
	}
	h.assertPublished("booking.requested b-1", "booking.withdrawn b-1")
}
