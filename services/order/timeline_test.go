package order_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// happened makes a consumed event with its cause, some milliseconds after the order was
// placed.
func happened(id, cause string, milliseconds int) participant.Handled {
	return participant.Handled{
		Source: "somewhere", ID: id, Type: "type of " + id, CausationID: cause,
		OccurredAt: now.Add(time.Duration(milliseconds) * time.Millisecond), HandledAt: now,
	}
}

// later is when every window has ended.
var later = now.Add(order.TimelineWindow)

// placement is the first command of every order, which is not an event.
func placement() participant.Handled {
	return participant.Handled{
		Source: "order/http", ID: "command", Type: "order.place", OccurredAt: now, HandledAt: now,
		Published: []event.Event{{ID: "placed", Source: "order", Type: "order.placed", Time: now}},
	}
}

func ids(entries []order.Entry) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestATimelineHasPublishedAndConsumedEventsButNoCommands(t *testing.T) {
	failed := happened("failed", "placed", 10)
	failed.Published = []event.Event{{
		ID: "cancelled", Source: "order", Type: "order.cancelled", Time: now.Add(time.Second), CausationID: "failed",
	}}
	got := order.Timeline(participant.Record{Handled: []participant.Handled{placement(), failed}}, now, order.TimelineWindow)
	want := []order.Entry{
		{Type: "order.placed", ID: "placed", Source: "order", Time: now},
		{Type: "type of failed", ID: "failed", Source: "somewhere", Time: failed.OccurredAt, CausationID: "placed"},
		{Type: "order.cancelled", ID: "cancelled", Source: "order", Time: now.Add(time.Second), CausationID: "failed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestAnEventComesAfterItsCauseEvenIfItsClockIsSlow(t *testing.T) {
	got := ids(order.Timeline(participant.Record{Handled: []participant.Handled{
		placement(), happened("paid", "reserved", -50), happened("reserved", "placed", 10),
	}}, now, order.TimelineWindow))
	if diff := cmp.Diff([]string{"placed", "reserved", "paid"}, got); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestAnEventWhoseCauseIsMissingIsHeldBackAndThenShownWithTheGap(t *testing.T) {
	record := participant.Record{Handled: []participant.Handled{
		placement(), happened("awarded", "paid", 30), happened("shipped", "awarded", 40),
	}}
	if got := ids(order.Timeline(record, later.Add(-time.Millisecond), order.TimelineWindow)); !slices.Equal(got, []string{"placed"}) {
		t.Errorf("before the window ends the timeline is %v", got)
	}
	gaps := make(map[string]bool)
	for _, entry := range order.Timeline(record, later, order.TimelineWindow) {
		gaps[entry.ID] = entry.Gap
	}
	if diff := cmp.Diff(map[string]bool{"placed": false, "awarded": true, "shipped": false}, gaps); diff != "" {
		t.Errorf("the entries afterwards, and their gaps (-want +got):\n%s", diff)
	}
	record.Handled = append(record.Handled, happened("paid", "placed", 20))
	if got := ids(order.Timeline(record, now, order.TimelineWindow)); !slices.Equal(got, []string{"placed", "paid", "awarded", "shipped"}) {
		t.Errorf("with the cause the timeline is %v", got)
	}
}

func TestATimelineWithoutEventsIsEmptyAndNotNull(t *testing.T) {
	if got := order.Timeline(participant.Record{}, now, order.TimelineWindow); got == nil || len(got) != 0 {
		t.Errorf("the timeline is %#v", got)
	}
}

func TestATimelineDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		handled := []participant.Handled{placement()}
		clocks := rapid.Permutation([]int{-3, -2, -1, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "clocks")
		for i, clock := range clocks {
			cause := "placed"
			if n := rapid.IntRange(0, i).Draw(t, "cause"); n > 0 {
				cause = handled[n].ID
			}
			handled = append(handled, happened(fmt.Sprint("e", i), cause, clock))
		}
		want := order.Timeline(participant.Record{Handled: handled}, now, order.TimelineWindow)
		got := order.Timeline(participant.Record{Handled: rapid.Permutation(handled).Draw(t, "arrival")}, now, order.TimelineWindow)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order of arrival has another timeline:\n%s", diff)
		}
		if len(got) != len(handled) {
			t.Fatalf("%d events, but %d entries", len(handled), len(got))
		}
		for i, entry := range got {
			cause := slices.IndexFunc(got, func(e order.Entry) bool { return e.ID == entry.CausationID })
			if entry.ID != "placed" && (cause < 0 || cause > i) {
				t.Fatalf("entry %d comes before its cause: %v", i, ids(got))
			}
		}
	})
}
