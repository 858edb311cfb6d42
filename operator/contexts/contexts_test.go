package contexts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func TestEveryContextOfTheLanguageIsListed(t *testing.T) {
	var listed []string
	for _, each := range contexts.All() {
		listed = append(listed, each.Name)
	}
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Sorted(slices.Values(contract.Catalogue().Contexts())), listed); diff != "" {
		t.Errorf("the contexts (- language, + listed):\n%s", diff)
	}
}

func TestAnOrderIsErasedInTheWarehouseFirstAndInTheOrderContextLast(t *testing.T) {
	all := contexts.All()
	if first, last := all[0].Name, all[len(all)-1].Name; first != contract.SourceWarehouse || last != contract.SourceOrder {
		t.Errorf("%s is first, %s is last", first, last)
	}
}

// The next events are those of an order without a record, which every external service
// accepts.
func TestWhatAContextPublishesNextIsItsDecision(t *testing.T) {
	want := map[string]map[event.Data]string{
		contract.SourceWarehouse: {
			contract.CancellationRequested{}: "warehouse.shipment-failed",
			contract.PaymentRefunded{}:       "", // It cannot come first.
		},
		contract.SourcePayment: {contract.PointsRevoked{}: "payment.refunded"},
		contract.SourceLoyalty: {contract.PaymentTaken{}: "loyalty.points-awarded", contract.ShipmentFailed{}: "loyalty.points-revoked"},
	}
	for _, each := range contexts.All() {
		for data, next := range want[each.Name] {
			in := participant.Input{Event: event.Event{ID: "e", Type: data.EventType(), Subject: "o-1"}, Data: data}
			published, err := each.Next(t.Context(), nil, in)
			if (err != nil) != (next == "") || strings.Join(event.Types(published...), " ") != next {
				t.Errorf("%s publishes %v because of %s, %v", each.Name, published, data.EventType(), err)
			}
		}
	}
}

func TestAStateThatCannotBeReadIsAnError(t *testing.T) {
	for _, each := range contexts.All() {
		if _, err := each.Next(t.Context(), []byte(`{`), participant.Input{}); err == nil || !strings.Contains(err.Error(), each.Name) {
			t.Errorf("%s: the error is %v", each.Name, err)
		}
	}
}
