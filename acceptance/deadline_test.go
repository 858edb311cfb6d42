package acceptance

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	orders "example.com/saga/services/order"
)

// often are flags that run the sweeper more often than AWS can.
var often = []string{"--schedule-every", "200ms"}

func TestAnOrderThatIsPastItsDeadlineIsCancelledAndNoOther(t *testing.T) {
	c := startCloud(t, append(often, "--pause", "Warehouse/Worker")...)
	placed := c.placeMany(t, 2, 1)
	late, other := placed[0].OrderID, placed[1].OrderID
	c.passDeadline(t, late)

	c.awaitStatus(t, late, "cancelling")
	if o := c.awaitStatus(t, other, "placed"); len(o.Timeline) != 1 {
		t.Errorf("the other order has the timeline %v", o.Timeline)
	}
	c.resume(t)
	if o := c.awaitStatus(t, late, "cancelled"); o.Reason != string(contract.TimedOut) {
		t.Errorf("the order is cancelled for the reason %s", o.Reason)
	}
	c.awaitStatus(t, other, "shipped")
	c.settled(t)
	c.checkInvariants(t)
	if due := c.due(t); len(due) != 0 {
		t.Errorf("after their end orders are due: %v", due)
	}
	requested := 0
	for _, e := range c.observed(t)[late] {
		if e.Type == (contract.CancellationRequested{}).EventType() {
			requested++
		}
	}
	if requested != 1 {
		t.Errorf("the cancellation was requested %d times", requested)
	}
}

func TestAnOpenOrderIsDueAtItsDeadline(t *testing.T) {
	c := startCloud(t, "--pause", "Warehouse/Worker")
	before := time.Now().Truncate(time.Second)
	placed := c.placeMany(t, 1, 1)[0]
	record, err := c.orderStore(t).Load(t.Context(), placed.OrderID)
	if err != nil {
		t.Fatal(err)
	}
	const deadline = 2 * time.Minute
	if record.Due.Before(before.Add(deadline)) || record.Due.After(time.Now().Add(deadline)) {
		t.Errorf("the order of %s is due at %s", before, record.Due)
	}
	if due := c.due(t); !slices.Equal(due, []string{placed.OrderID}) {
		t.Errorf("the due orders are %v", due)
	}
}

func TestAnOrderThatWasCommittedButNeverPublishedIsPublishedByTheSweeper(t *testing.T) {
	c := startCloud(t, often...)
	id := c.placeWithoutPublishing(t)
	c.awaitStatus(t, id, "shipped")
	c.settled(t)
	c.checkInvariants(t)
}

func (c *cloud) orderStore(t *testing.T) *dynamo.Store {
	t.Helper()
	return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t))
}

// vocabulary is that of the records of all contexts.
func vocabulary(tb testing.TB) dynamo.Vocabulary {
	tb.Helper()
	known, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		tb.Fatal(err)
	}
	return known
}

// due returns the orders that are due within a day.
func (c *cloud) due(t *testing.T) []string {
	t.Helper()
	due, err := c.orderStore(t).Due(t.Context(), time.Now().Add(24*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// passDeadline moves the deadline of an order into the past, so that a test need not wait
// for it. No event of the order may be in transit.
func (c *cloud) passDeadline(t *testing.T, id string) {
	t.Helper()
	store := c.orderStore(t)
	record, err := store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var state orders.State
	if err := json.Unmarshal(record.State, &state); err != nil {
		t.Fatal(err)
	}
	state.Deadline = time.Now().Add(-time.Second).UTC().Truncate(time.Second)
	record.Due = state.Due()
	if record.State, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := store.Commit(t.Context(), record, nil); err != nil {
		t.Fatal(err)
	}
}

// placeWithoutPublishing places an order as an order API does that crashes between the
// commit and the publishing, so long ago that the sweeper republishes its event.
func (c *cloud) placeWithoutPublishing(t *testing.T) string {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	ago := time.Now().Add(-2 * orders.RepublishAfter)
	api, err := participant.New(participant.Config[orders.State]{
		Source: contract.SourceOrder, Decide: participant.Pure(orders.Decide), Publisher: new(lostEvents), Language: language,
		Store: c.orderStore(t), Due: orders.State.Due, Clock: func() time.Time { return ago }, Retention: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	id := event.DeriveID("crashed", fmt.Sprint(ago.UnixNano()))
	command := event.Event{ID: "place " + id, Source: "test", Type: "order.place", Subject: id, CorrelationID: "saga of " + id, Time: ago}
	if _, err = api.Execute(t.Context(), command, orders.Place{
		Deadline: time.Now().Add(time.Minute).UTC().Truncate(time.Second),
		Order: contract.OrderPlaced{
			OrderID: id, CustomerID: "c-42", PaymentMethod: "card", ShippingAddress: "23 Fake Street",
			Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	c.deriveToken(t, id)
	return id
}
