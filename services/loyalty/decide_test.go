package loyalty_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/loyalty"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The states of the award for an order, one for each status.
var (
	unknown  = loyalty.State{}
	awarded  = loyalty.State{Status: loyalty.Awarded, CustomerID: "c-42", Points: 25, ExpiresAt: now.AddDate(1, 0, 0)}
	rejected = loyalty.State{Status: loyalty.Rejected, CustomerID: "c-42"}
	revoked  = loyalty.State{Status: loyalty.Revoked, CustomerID: "c-42"}
	// tombstone is the state after a revocation that arrived before the payment.
	tombstone = loyalty.State{Status: loyalty.Revoked}
	erased    = loyalty.State{Status: loyalty.Erased}
)

// What is consumed and published.
var (
	taken  = contract.PaymentTaken{CustomerID: "c-42", Amount: contract.Money{Amount: 2599, Currency: "EUR"}}
	failed = contract.ShipmentFailed{Reason: contract.Undeliverable}

	pointsAwarded = contract.PointsAwarded{Points: 25, ExpiresAt: now.AddDate(1, 0, 0)}
	awardRejected = contract.AwardRejected{Reason: contract.AwardWasRejected}
)

func pointsRevoked(points int64) contract.PointsRevoked {
	return contract.PointsRevoked{Points: points, Reason: contract.Undeliverable}
}

func becomes(after loyalty.State, events ...event.Data) loyalty.Decision {
	return loyalty.Decision{State: after, Events: events}
}

type row struct {
	before  loyalty.State
	input   event.Data
	blocked bool
	want    loyalty.Decision
}

func table() []row {
	return []row{
		{unknown, taken, false, becomes(awarded, pointsAwarded)},
		{awarded, taken, false, becomes(awarded)},
		{rejected, taken, false, becomes(rejected)},
		{revoked, taken, false, becomes(revoked)},
		{tombstone, taken, false, becomes(tombstone)},
		{erased, taken, false, becomes(erased)},

		{unknown, taken, true, becomes(rejected, awardRejected)},
		{awarded, taken, true, becomes(awarded)},
		{rejected, taken, true, becomes(rejected)},
		{revoked, taken, true, becomes(revoked)},
		{tombstone, taken, true, becomes(tombstone)},
		{erased, taken, true, becomes(erased)},

		{unknown, failed, false, becomes(tombstone, pointsRevoked(0))},
		{awarded, failed, false, becomes(revoked, pointsRevoked(25))},
		{rejected, failed, false, becomes(rejected)},
		{revoked, failed, false, becomes(revoked)},
		{tombstone, failed, false, becomes(tombstone)},
		{erased, failed, false, becomes(erased)},
	}
}

func statuses() []loyalty.State { return []loyalty.State{unknown, awarded, rejected, revoked, erased} }

func input(data event.Data) participant.Input {
	return participant.Input{Event: event.Event{ID: "e-1", Type: data.EventType(), Subject: "o-1"}, Data: data, Now: now}
}

func (r row) name() string {
	name := string(r.before.Status)
	if r.before == unknown {
		name = "unknown"
	}
	if r.before == tombstone {
		name += ", never awarded"
	}
	name += " and " + r.input.EventType()
	if r.blocked {
		name += " of a blocked customer"
	}
	return name
}

func TestDecide(t *testing.T) {
	for _, r := range table() {
		t.Run(r.name(), func(t *testing.T) {
			got, err := loyalty.Decide(r.before, input(r.input), r.blocked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTableHasEveryPairOfStatusAndConsumedEvent(t *testing.T) {
	rows := participanttest.Table[loyalty.State]{
		States: make(map[string]loyalty.State),
		Inputs: contract.Catalogue().All(), Consumed: contract.Catalogue().ConsumedBy(contract.SourceLoyalty),
		Decide: func(before loyalty.State, data event.Data) error {
			_, err := loyalty.Decide(before, input(data), false)
			return err
		},
	}
	for _, s := range statuses() {
		rows.States[string(s.Status)] = s
	}
	for _, r := range table() {
		rows.Add(string(r.before.Status), r.input)
	}
	rows.Check(t)
}

func TestPointsAreOneForEachWholeUnitOfCurrency(t *testing.T) {
	for amount, want := range map[int64]int64{0: 0, 99: 0, 100: 1, 199: 1, 1_000_000: 10_000} {
		payment := taken
		payment.Amount.Amount = amount
		got, err := loyalty.Decide(unknown, input(payment), false)
		if err != nil {
			t.Fatal(err)
		}
		if got.State.Points != want {
			t.Errorf("%d minor units are %d points, want %d", amount, got.State.Points, want)
		}
		entry := participant.Entry{Account: loyalty.CustomerAccount("c-42"), Amount: want, ExpiresAt: now.AddDate(1, 0, 0)}
		if want == 0 {
			entry = participant.Entry{}
		}
		if diff := cmp.Diff(entry, got.State.Entry()); diff != "" {
			t.Errorf("%d minor units are another entry (-want +got):\n%s", amount, diff)
		}
	}
}

func TestOnlyAnAwardThatIsNotRevokedCounts(t *testing.T) {
	beforeEntries := awarded
	beforeEntries.ExpiresAt = time.Time{}
	for _, s := range append(statuses(), tombstone, beforeEntries) {
		var want participant.Entry
		if s == awarded {
			want = participant.Entry{Account: "customer#c-42", Amount: 25, ExpiresAt: now.AddDate(1, 0, 0)}
		}
		if diff := cmp.Diff(want, s.Entry()); diff != "" {
			t.Errorf("the entry of %+v (-want +got):\n%s", s, diff)
		}
	}
}

func TestPointsExpireAfterOneYear(t *testing.T) {
	for at, want := range map[string]string{
		"2026-03-01T12:00:00Z": "2027-03-01T12:00:00Z",
		"2028-02-29T12:00:00Z": "2029-03-01T12:00:00Z",
	} {
		in := input(taken)
		var err error
		if in.Now, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
		decision, err := loyalty.Decide(unknown, in, false)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := decision.Events[0].(contract.PointsAwarded)
		entry := decision.State.Entry().ExpiresAt
		if !ok || got.ExpiresAt.Format(time.RFC3339) != want || !entry.Equal(got.ExpiresAt) {
			t.Errorf("awarded at %s: %+v and an entry until %s, want the expiry %s", at, decision.Events[0], entry, want)
		}
	}
}
