package warehouse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/services/warehouse"
)

func TestOnlyAnOrderThatHasEndedIsErased(t *testing.T) {
	hasEnded := map[string]bool{
		unknown.name: true, unavailable.name: true, shipped.name: true, released.name: true, tombstone.name: true, erased.name: true,
	}
	for _, before := range append(statuses(), overtaken, tombstone) {
		left, adjustments, err := warehouse.Tombstone(before.State)
		if (err == nil) != hasEnded[before.name] || len(adjustments) != 0 {
			t.Errorf("%s: the error is %v, the adjustments %v", before.name, err, adjustments)
		}
		want := before.State
		if hasEnded[before.name] {
			want = erased.State
		}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Errorf("%s (-want +got):\n%s", before.name, diff)
		}
	}
}
