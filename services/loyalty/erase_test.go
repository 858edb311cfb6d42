package loyalty_test

import (
	"testing"

	"example.com/saga/services/loyalty"
)

func TestNothingIsLeftOfAnErasedAward(t *testing.T) {
	for _, before := range append(statuses(), tombstone) {
		left, adjustments, err := loyalty.Tombstone(before)
		if left != erased || len(adjustments) != 0 || err != nil {
			t.Errorf("of %q %+v is left, %v; the adjustments are %v", before.Status, left, err, adjustments)
		}
	}
}
