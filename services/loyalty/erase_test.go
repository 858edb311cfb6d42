package loyalty_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

func TestAnErasedAwardTakesItsPointsFromTheCustomer(t *testing.T) {
	for _, before := range append(statuses(), tombstone) {
		var want []participant.Adjustment
		if before == awarded {
			want = adding(-25, becomes(erased)).Adjustments
		}
		left, adjustments, err := loyalty.Tombstone(before)
		if diff := cmp.Diff(want, adjustments); diff != "" || left != erased || err != nil {
			t.Errorf("of %q %+v is left, %v; the adjustments (-want +got):\n%s", before.Status, left, err, diff)
		}
	}
}
