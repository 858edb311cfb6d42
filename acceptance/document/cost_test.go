package document

import "testing"

const costDocument = "docs/cost.md"

func TestTheGeneratedCostOfIdleEnvironmentsIsWhatMakePrints(t *testing.T) {
	printed := tree(root).run(t, nil, "make", "--silent", "idle-cost")
	checkWritten(t, costDocument, replaceGenerated(t, read(t, costDocument), "cost of idle environments", printed))
}
