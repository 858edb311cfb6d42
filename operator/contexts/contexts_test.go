package contexts_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/contract"
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
