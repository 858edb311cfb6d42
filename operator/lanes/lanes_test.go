package lanes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/lanes"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
	"example.com/saga/services/order"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(milliseconds int) time.Time {
	return now.Add(time.Duration(milliseconds) * time.Millisecond)
}

// drawn returns the boxes as lane, title, note and tone.
func drawn(d lanes.Diagram) (all []string) {
	for _, b := range d.Boxes {
		lane := slices.IndexFunc(d.Lanes, func(l lanes.Lane) bool { return l.X <= b.X && b.X < l.X+l.Width })
		all = append(all, fmt.Sprintf("%s: %s, %s, %s", d.Lanes[lane].Name, b.Title, b.Note, b.Tone))
	}
	return all
}

func TestEventsAreInTheLanesOfTheirPublishersWithArrowsFromTheirCauses(t *testing.T) {
	view := orderview.View{
		Order: order.State{PlacedAt: now},
		Ends:  []logs.Line{{Context: "payment", Time: after(15)}},
		Events: []orderview.Event{
			{ID: "1", Type: "order.placed", Publisher: "order", Time: now},
			{
				ID: "2", Type: "warehouse.stock-reserved", Publisher: "warehouse", Time: after(10), Cause: "1", Logged: 2,
				Deliveries: []orderview.Delivery{{Consumer: "payment", HandledAt: after(20), Handled: 2}},
			},
			{ID: "3", Type: "payment.declined", Publisher: "payment", Time: after(20), Cause: "2"},
			{ID: "4", Type: "warehouse.stock-released", Publisher: "warehouse", Time: after(30), Cause: "3"},
			{
				ID: "5", Type: "order.cancelled", Publisher: "order", Time: after(40), Cause: "4",
				Deliveries: []orderview.Delivery{{Consumer: contract.Notification}},
			},
		},
	}
	d := lanes.Draw(view)
	if diff := cmp.Diff([]string{
		"order: placed, +0 ms, forward",
		"warehouse: stock-reserved, +10 ms · published ×2 · payment ×2, forward",
		"payment: process ended, +15 ms, ended",
		"payment: declined, +20 ms, failure",
		"warehouse: stock-released, +30 ms, rollback",
		"order: cancelled, +40 ms, rollback",
		"notification: notification, sent to the endpoint, rollback",
	}, drawn(d)); diff != "" {
		t.Errorf("the boxes (-want +got):\n%s", diff)
	}
	if len(d.Arrows) != 5 {
		t.Errorf("there are %d arrows", len(d.Arrows))
	}
	for i, b := range d.Boxes {
		if b.X < 0 || b.X+b.Width > d.Width || b.Y < 0 || b.Y+b.Height > d.Height {
			t.Errorf("box %s is outside", b.Title)
		}
		for _, other := range d.Boxes[:i] {
			if b.X == other.X && b.Y == other.Y {
				t.Errorf("%s is upon %s", b.Title, other.Title)
			}
		}
	}
}

func TestADeadLetterAndWhatIsExpectedAreDrawn(t *testing.T) {
	letter := &dlq.DeadLetter{Message: deadletter.Message{ID: "letter-1"}, Reason: "failed 10 times"}
	view := orderview.View{
		Order: order.State{Progress: order.Reserved, PlacedAt: now},
		Events: []orderview.Event{
			{ID: "1", Type: "order.placed", Publisher: "order", Recorded: true, Deliveries: []orderview.Delivery{{Consumer: "warehouse", HandledAt: after(10)}}},
			{
				ID: "2", Type: "warehouse.stock-reserved", Publisher: "warehouse", Cause: "1", Time: after(10), Recorded: true,
				Deliveries: []orderview.Delivery{{Consumer: "payment", DeadLetter: letter, Next: []string{"payment.taken"}}},
			},
			{ID: "3", Type: "unknown", Source: "elsewhere", Time: after(20)},
		},
	}
	d := lanes.Draw(view)
	got := strings.Join(drawn(d), "\n")
	for _, want := range []string{
		"payment: dead letter, failed 10 times, stopped", "payment: taken, expected, expected", "order: unknown, +20 ms, forward",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
	if i := slices.IndexFunc(d.Boxes, func(b lanes.Box) bool { return b.DeadLetter == "letter-1" }); i < 0 {
		t.Error("no box leads to the dead letter")
	}
}

func TestTheToneOfAnEventIsThatOfItsPartInTheSaga(t *testing.T) {
	tones := map[lanes.Tone]string{
		lanes.Forward:  "order.placed warehouse.stock-received warehouse.stock-reserved payment.taken loyalty.points-awarded warehouse.order-shipped",
		lanes.Failure:  "warehouse.stock-unavailable payment.declined loyalty.award-rejected warehouse.shipment-failed warehouse.cancellation-refused",
		lanes.Rollback: "order.cancellation-requested loyalty.points-revoked payment.refunded warehouse.stock-released order.cancelled",
	}
	for tone, types := range tones {
		for eventType := range strings.FieldsSeq(types) {
			if got := lanes.ToneOf(eventType); got != tone {
				t.Errorf("the tone of %s is %s, not %s", eventType, got, tone)
			}
		}
	}
}
