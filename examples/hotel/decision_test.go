package hotel_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"

	"example.org/hotel"
	"example.org/hotel/booking"
	"example.org/hotel/payment"
	"example.org/hotel/room"
)

// table is the decisions of a context, one for each state with each input that it consumes.
type table[S any] struct {
	decide participant.Decide[S]
	// states are all states, by name.
	states map[string]S
	// consumed are the commands and events that the context consumes.
	consumed []event.Data
	rows     []row[S]
}

// row is a decision: from a state and an input to another state, events and adjustments, or
// to an error.
type row[S any] struct {
	from  string
	input event.Data
	// refused are the items of which there is not enough.
	refused     []string
	to          string
	events      []event.Data
	adjustments []participant.Adjustment
	err         error
}

func (r row[S]) name() string { return fmt.Sprintf("%q and %s", r.from, r.input.EventType()) }

// check fails the test unless each row is what is decided, and there is one for each pair.
func (table table[S]) check(t *testing.T) {
	t.Helper()
	pairs := participanttest.Table[S]{
		States: table.states, Consumed: table.consumed, Inputs: hotel.Catalogue().All(),
		Decide: func(before S, data event.Data) error {
			_, err := table.decide(t.Context(), before, input(data))
			return err
		},
	}
	for _, r := range table.rows {
		pairs.Add(r.from, r.input)
		in := input(r.input)
		in.Refused = r.refused
		got, err := table.decide(t.Context(), table.states[r.from], in)
		if r.err != nil {
			if !errors.Is(err, r.err) {
				t.Errorf("%s: the error is %v, want %v", r.name(), err, r.err)
			}
			continue
		}
		want := participant.Decision[S]{State: table.states[r.to], Events: r.events, Adjustments: r.adjustments}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", r.name(), got, err, want)
		}
	}
	pairs.Check(t)
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func input(data event.Data) participant.Input {
	return participant.Input{Event: event.Event{Type: data.EventType(), Subject: "b-1"}, Data: data, Now: now}
}

// What the contexts consume.
var (
	request   = booking.Request{Guest: "Ada", Room: "double", Price: 12000}
	requested = hotel.Requested(request)
	held      = hotel.Held{Guest: "Ada", Price: 12000}
	opened    = hotel.Opened{Rooms: 3}
	charged   = hotel.Charged{Price: 12000}
)

func TestBookingDecides(t *testing.T) {
	type to = row[booking.State]
	states := map[string]booking.State{"": {}}
	for _, status := range []booking.Status{booking.Requested, booking.Held, booking.Withdrawing, booking.Confirmed, booking.Refused} {
		states[string(status)] = booking.State{Status: status, RequestedAt: now}
	}
	rows := []to{
		{from: "", input: request, to: "requested", events: []event.Data{requested}},
		{from: "requested", input: request, to: "requested"},
		{from: "requested", input: booking.Withdraw{}, to: "withdrawing", events: []event.Data{hotel.Withdrawn{}}},
		{from: "requested", input: held, to: "held"},
		{from: "held", input: request, to: "held"},
		{from: "held", input: booking.Withdraw{}, to: "withdrawing", events: []event.Data{hotel.Withdrawn{}}},
		{from: "held", input: held, to: "held"},
		{from: "withdrawing", input: request, to: "withdrawing"},
		{from: "withdrawing", input: booking.Withdraw{}, to: "withdrawing", events: []event.Data{hotel.Withdrawn{}}},
		{from: "withdrawing", input: held, to: "withdrawing"},
	}
	for _, data := range []event.Data{booking.Withdraw{}, held, hotel.Full{}, hotel.Released{}, charged} {
		rows = append(rows, to{from: "", input: data, err: event.ErrInvalid})
	}
	for _, from := range []string{"requested", "held", "withdrawing"} {
		rows = append(rows,
			to{from: from, input: hotel.Full{}, to: "refused"},
			to{from: from, input: hotel.Released{}, to: "refused"},
			to{from: from, input: charged, to: "confirmed"})
	}
	for _, from := range []string{"confirmed", "refused"} {
		rows = append(rows, to{from: from, input: booking.Withdraw{}, err: booking.ErrEnded})
		for _, data := range []event.Data{request, held, hotel.Full{}, hotel.Released{}, charged} {
			rows = append(rows, to{from: from, input: data, to: from})
		}
	}
	consumed := append(hotel.Catalogue().ConsumedBy(hotel.Booking), booking.Request{}, booking.Withdraw{})
	table[booking.State]{booking.Context().Decide, states, consumed, rows}.check(t)
}

func TestRoomDecides(t *testing.T) {
	type to = row[room.State]
	adjust := func(item string, by int64) []participant.Adjustment {
		return []participant.Adjustment{{Item: room.Item(item), Add: map[string]int64{room.Free: by}}}
	}
	states := map[string]room.State{
		"": {}, "held": {Status: room.Held, Room: "double"}, "full": {Status: room.Full, Room: "double"},
		"released": {Status: room.Released, Room: "double"}, "released, never held": {Status: room.Released},
	}
	rows := []to{
		{from: "", input: requested, to: "held", events: []event.Data{held}, adjustments: adjust("double", -1)},
		{from: "", input: requested, refused: []string{room.Item("double")}, to: "full", events: []event.Data{hotel.Full{}}},
		{from: "", input: hotel.Declined{}, to: "released, never held", events: []event.Data{hotel.Released{}}},
		{from: "held", input: hotel.Declined{}, to: "released", events: []event.Data{hotel.Released{}}, adjustments: adjust("double", 1)},
		{from: "full", input: hotel.Declined{}, to: "full"},
		{from: "released", input: hotel.Declined{}, to: "released"},
		{from: "released, never held", input: hotel.Declined{}, to: "released, never held"},
	}
	for from := range states {
		rows = append(rows, to{from: from, input: opened, to: from, adjustments: adjust("b-1", 3)})
		if from != "" {
			rows = append(rows, to{from: from, input: requested, to: from})
		}
	}
	table[room.State]{room.Context().Decide, states, hotel.Catalogue().ConsumedBy(hotel.Room), rows}.check(t)
}

func TestPaymentDecides(t *testing.T) {
	type to = row[payment.State]
	states := map[string]payment.State{
		"": {}, "charged": {Status: payment.Charged, Price: 12000}, "declined": {Status: payment.Declined},
	}
	rows := []to{
		{from: "", input: held, to: "charged", events: []event.Data{charged}},
		{from: "", input: hotel.Held{Guest: "declined-1", Price: 1}, to: "declined", events: []event.Data{hotel.Declined{}}},
		{from: "", input: hotel.Withdrawn{}, to: "declined", events: []event.Data{hotel.Declined{}}},
	}
	for _, from := range []string{"charged", "declined"} {
		rows = append(rows, to{from: from, input: held, to: from}, to{from: from, input: hotel.Withdrawn{}, to: from})
	}
	table[payment.State]{payment.Context().Decide, states, hotel.Catalogue().ConsumedBy(hotel.Payment), rows}.check(t)
}

func TestASweeperPublishesAgainAndWithdrawsAtTheDeadline(t *testing.T) {
	const republishAfter, deadline = time.Minute, time.Hour
	sweeper := booking.Sweeper(republishAfter, deadline)
	for _, tt := range []struct {
		status       booking.Status
		handled, age time.Duration
		republishes  bool
		withdraws    bool
	}{
		{booking.Requested, republishAfter - 1, deadline - 1, false, false},
		{booking.Requested, republishAfter, deadline - 1, true, false},
		{booking.Requested, 0, deadline, false, true},
		{booking.Held, republishAfter, deadline - 1, false, false},
		{booking.Held, 0, deadline, false, true},
		{booking.Withdrawing, republishAfter - 1, deadline, false, false},
		{booking.Withdrawing, republishAfter, deadline, true, false},
	} {
		state := booking.State{Status: tt.status, RequestedAt: now.Add(-tt.age)}
		got := sweeper.Decide(state, now.Add(-tt.handled), now)
		if got.Republish != tt.republishes || (got.Command != nil) != tt.withdraws {
			t.Errorf("%s, %s after its request and %s after its last event: %+v", tt.status, tt.age, tt.handled, got)
		}
	}
}
