package order_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/services/order"
)

func TestOnlyAnOrderThatHasEndedIsErased(t *testing.T) {
	for _, before := range states() {
		left, adjustments, err := order.Tombstone(now)(before.State)
		want, erases := before.State, before.name == unplaced.name || before.Ended()
		if erases {
			want = erased.State
		}
		if diff := cmp.Diff(want, left); diff != "" || (err == nil) != erases || len(adjustments) != 0 {
			t.Errorf("%s: %v, %v (-want +got):\n%s", before.name, err, adjustments, diff)
		}
	}
}

func TestNothingButTheTimeIsLeftOfAnErasedOrder(t *testing.T) {
	encoded, err := json.Marshal(erased.State)
	if want := `{"progress":6,"erasedAt":"2026-03-01T12:00:00Z"}`; err != nil || string(encoded) != want {
		t.Errorf("left is %s, not %s, %v", encoded, want, err)
	}
	if due := erased.Due(); !due.IsZero() {
		t.Errorf("it is due at %s", due)
	}
}
