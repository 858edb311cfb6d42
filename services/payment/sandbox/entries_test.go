package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/services/payment/sandbox"
)

type item = map[string]types.AttributeValue

func TestTheEntriesAreDecodedFromTheirItems(t *testing.T) {
	entries, err := sandbox.Entries(map[string]item{
		"charge#o-1": {
			"amount": &types.AttributeValueMemberN{Value: "2500"}, "currency": &types.AttributeValueMemberS{Value: "EUR"},
			"accepted": &types.AttributeValueMemberBOOL{Value: true},
		},
		"charge#o-2": {"barred": &types.AttributeValueMemberBOOL{Value: true}},
	})
	want := map[string]sandbox.Entry{
		"o-1": {Amount: contract.Money{Amount: 2500, Currency: "EUR"}, Accepted: true},
		"o-2": {Barred: true},
	}
	if diff := cmp.Diff(want, entries); diff != "" || err != nil {
		t.Errorf("the entries (-want +got):\n%s%v", diff, err)
	}
}

func TestAnItemOfAnotherKindIsAnError(t *testing.T) {
	for pk, wrong := range map[string]item{
		"coupon#1":   {},
		"charge#o-1": {"amount": &types.AttributeValueMemberS{Value: "much"}},
	} {
		if _, err := sandbox.Entries(map[string]item{pk: wrong}); err == nil || !strings.Contains(err.Error(), pk) {
			t.Errorf("%s: the error is %v", pk, err)
		}
	}
}
