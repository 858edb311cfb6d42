package simulation

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/pkg/participant"
)

const proofDocument = "../../docs/proof.md"

// The explored tables of docs/proof.md are those of the code, so a change of a decision that
// adds or removes a state is seen in a review. make explore handles events in batches, too.
func TestEveryReachableStateKeepsTheInvariantsAndReachesAnEnd(t *testing.T) {
	if detectsRaces || testing.Short() {
		t.Skip("takes a minute, with the race detector minutes, and runs nothing concurrently")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // Nothing runs concurrently: a second processor would spend its time looking for work.
	language := newLanguage(t)
	scope := raced
	if setting(t, "BATCHES", 0) > 0 {
		scope = inBatches
	}
	c := newCorridor(language, scope, nil)
	states := c.exploreAll(t)
	found := c.findMistakes(t, language)
	if scope == inBatches {
		t.Logf("\n%s\n%s", states, found)
		return
	}
	generated.CheckBetween(t, proofDocument, map[string]string{"explored states": states, "found mistakes": found}, *update)
}

// stocking is an order with its stock, and with or without another one that competes for it.
type stocking struct {
	name     string
	pieces   int64
	competes bool
}

// stocks returns all that is explored. One order takes one piece, so the second of two
// pieces can be taken without being refused.
func stocks() []stocking {
	return []stocking{
		{"one order, and one piece in stock", 1, false},
		{"one order, and no stock", 0, false},
		{"one order, and two pieces in stock", 2, false},
		{"two orders that compete for one piece", 1, true},
	}
}

func (s stocking) explorer(c *corridor) *explorer {
	return &explorer{corridor: c, pieces: s.pieces, competes: s.competes}
}

// exploreAll explores the orders, and returns a table of what was visited.
func (x *corridor) exploreAll(t *testing.T) string {
	t.Helper()
	rows := [][]string{{"explored", "states", "transitions", "depth", "ends"}}
	for _, explored := range stocks() {
		began := time.Now()
		e := explored.explorer(x)
		found, err := e.explore(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			t.Fatalf("%s: an invariant is violated after %d steps:\n%s", explored.name, len(found.history), found)
		}
		depth := e.states[len(e.states)-1].depth
		t.Logf("%s: %d states, %d transitions, depth %d, %d ends, in %s; %d runs of the corridor so far",
			explored.name, len(e.states), e.transitions, depth, e.ends, time.Since(began).Round(time.Millisecond), x.runs)
		rows = append(rows, []string{
			explored.name, strconv.Itoa(len(e.states)), strconv.Itoa(e.transitions), strconv.Itoa(int(depth)), strconv.Itoa(e.ends),
		})
	}
	return markdown.Table(rows, "--:")
}

// findMistakes explores with each mistake, and returns a table of how each is found.
func (x *corridor) findMistakes(t *testing.T, language participant.Language) string {
	t.Helper()
	all := mistakes()
	maps.Copy(all, exploredMistakes())
	rows := [][]string{{"mistake", "found with", "violated", "steps", "states visited"}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		if m.component == erasing || m.component == batching {
			continue // The simulation finds them: there is no erasure here, and no batch of which one event fails.
		}
		e, found, err := x.find(t.Context(), language, m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if found == nil {
			t.Errorf("%s: no invariant is violated", name)
			continue
		}
		t.Logf("%s: found after %d states:\n%s", name, len(e.states), found)
		var invariants []string
		for _, v := range found.violations {
			invariants = append(invariants, strconv.Itoa(v.Invariant))
		}
		slices.Sort(invariants)
		rows = append(rows, []string{
			name, e.scope.String(), strings.Join(slices.Compact(invariants), ", "), strconv.Itoa(len(found.history)), strconv.Itoa(len(e.states)),
		})
	}
	return markdown.Table(rows, "--:")
}

// find looks for a mistake in one scope after the other, because in most of them there are
// far fewer states.
func (x *corridor) find(ctx context.Context, language participant.Language, m mistake) (*explorer, *finding, error) {
	var e *explorer
	for scope := calm; scope <= x.scope; scope++ {
		mistaken := x.withMistakeIn(m.component, language, scope, m.make)
		for _, explored := range stocks() {
			e = explored.explorer(mistaken)
			if found, err := e.explore(ctx); err != nil || found != nil {
				return e, found, err
			}
		}
	}
	return e, nil, nil
}
