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
	if diff := cmp.Diff(slices.Sorted(slices.Values(contract.Contexts())), listed); diff != "" {
		t.Errorf("the contexts (- language, + listed):\n%s", diff)
	}
}

func TestAnOrderIsErasedInTheWarehouseFirstAndInTheOrderContextLast(t *testing.T) {
	all := contexts.All()
	if first, last := all[0].Name, all[len(all)-1].Name; first != contract.SourceWarehouse || last != contract.SourceOrder {
		t.Errorf("%s is first, %s is last", first, last)
	}
}

// TestWhatAContextPublishesNextIsItsDecision has the first events of an order, which every
// external service accepts.
func TestWhatAContextPublishesNextIsItsDecision(t *testing.T) {
	next := make(map[string][]string)
	for _, each := range contexts.All() {
		for _, data := range contract.ConsumedBy(each.Name) {
			described, err := contract.Describe(data)
			if err != nil {
				t.Fatal(err)
			}
			in := participant.Input{Event: event.Event{ID: "e", Type: data.EventType(), Subject: "o-1"}, Data: described.Example}
			published, err := each.Next(t.Context(), nil, in)
			if err == nil && len(published) > 0 {
				next[data.EventType()] = append(next[data.EventType()], contract.Types(published...)...)
			}
		}
	}
	if diff := cmp.Diff(map[string][]string{
		"order.placed": {"warehouse.stock-reserved"}, "warehouse.stock-reserved": {"payment.taken"}, "payment.taken": {"loyalty.points-awarded"},
		"order.cancellation-requested": {"warehouse.shipment-failed"}, "warehouse.shipment-failed": {"loyalty.points-revoked"},
		"loyalty.points-revoked": {"payment.refunded"},
	}, next); diff != "" {
		t.Errorf("what is published because of the first event of an order (-want +got):\n%s", diff)
	}
}

func TestAStateThatCannotBeReadIsAnError(t *testing.T) {
	for _, each := range contexts.All() {
		if _, err := each.Next(t.Context(), []byte(`{`), participant.Input{}); err == nil || !strings.Contains(err.Error(), each.Name) {
			t.Errorf("%s: the error is %v", each.Name, err)
		}
	}
}
