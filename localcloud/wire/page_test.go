package wire_test

import (
	"slices"
	"testing"

	"example.com/saga/localcloud/wire"
)

func TestThePagesOfAListHaveAllOfItOnce(t *testing.T) {
	list := []int{1, 2, 3, 4, 5}
	for name, limit := range map[string]*int{"one on each": new(1), "two on each": new(2), "all on one": new(5), "no limit": nil} {
		var all []int
		for token, pages := "", 0; pages == 0 || token != ""; pages++ {
			page, next, err := wire.Page(list, token, limit, 5)
			if err != nil || len(page) == 0 || pages == len(list) {
				t.Fatalf("%s: %v %v %q", name, err, page, next)
			}
			all, token = append(all, page...), next
		}
		if !slices.Equal(all, list) {
			t.Errorf("%s: the pages have %v", name, all)
		}
	}
}

func TestAPageThatCannotBeIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		token string
		limit *int
	}{
		"of nothing": {"", new(0)}, "of too much": {"", new(6)}, "behind the end": {"6", nil}, "before the beginning": {"-1", nil}, "of no list": {"x", nil},
	} {
		if page, next, err := wire.Page([]int{1, 2, 3, 4, 5}, test.token, test.limit, 5); err == nil {
			t.Errorf("%s: %v %q", name, page, next)
		}
	}
}
