package document

import (
	"testing"

	"example.com/saga/acceptance/generated"
)

const costDocument = "docs/cost.md"

func TestTheGeneratedCostOfIdleEnvironmentsIsWhatMakePrints(t *testing.T) {
	printed := tree(root).run(t, nil, "make", "--silent", "idle-cost")
	generated.CheckBetween(t, root+"/"+costDocument, map[string]string{"cost of idle environments": printed}, *update)
}
