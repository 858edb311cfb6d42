package payment_test

import (
	"testing"

	"example.com/saga/services/payment"
)

func TestNothingIsLeftOfAnErasedPayment(t *testing.T) {
	for _, before := range statuses() {
		if left, adjustments, err := payment.Tombstone(before); left != erased || len(adjustments) != 0 || err != nil {
			t.Errorf("of %q %+v is left, with %v, %v", before.Status, left, adjustments, err)
		}
	}
}
