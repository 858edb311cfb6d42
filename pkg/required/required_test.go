package required_test

import (
	"testing"

	"example.com/saga/pkg/required"
)

func TestTheErrorNamesEveryFieldThatIsNotSet(t *testing.T) {
	err := required.Fields("shop.Config", map[string]bool{"Till": false, "Clock": true, "Address": false})
	if err == nil || err.Error() != "shop.Config: no Address, no Till" {
		t.Errorf("the error is %v", err)
	}
	if err := required.Fields("shop.Config", map[string]bool{"Till": true}); err != nil {
		t.Errorf("nothing is missing: %v", err)
	}
}
