package capacity

import (
	"testing"
	"time"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
)

// hotLoads are the rows of the page, in its order.
func hotLoads() []HotLoad {
	const plenty = 1_000_000_000
	load := func(groups int, pieces int64, rate float64) HotLoad {
		return HotLoad{Groups: groups, Pieces: pieces, Rate: rate, Filling: 20 * time.Second, Lasting: 5 * time.Second}
	}
	loads := []HotLoad{
		load(0, plenty, 5), load(0, plenty, 20), load(0, plenty, 40), load(0, plenty, 60), load(0, plenty, 100),
		load(4, plenty, 100), load(16, plenty, 500), load(64, plenty, 2000), load(16, 2000, 500),
	}
	// All of them, until the last piece is sold and afterwards.
	loads[len(loads)-1].Filling = 0
	return loads
}

func TestTheSimulatedTableOfAHotSKUInTheDocsIsThatOfTheModel(t *testing.T) {
	rows := [][]string{HotHead()}
	for _, load := range hotLoads() {
		result, err := load.Run(1)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, load.Row(result))
		isHot := load.Groups > 0
		if result.Reserved+result.Refused+result.DeadLetters < result.Placed || result.DeadLetters > 0 && isHot {
			t.Errorf("%+v: of %d orders %d are reserved, %d refused and %d dead letters", load, result.Placed, result.Reserved, result.Refused, result.DeadLetters)
		}
		if isHot && (!result.KeepsUp() || result.Refused == 0 && result.ConflictShare() > 0.012) {
			t.Errorf("%+v: %.2f %% of the attempts are in conflict", load, 100*result.ConflictShare())
		}
		if load.Groups == MaximumHotGroups && result.ConflictShare() >= 0.01 {
			t.Errorf("at %g orders a second %.2f %% of the attempts are in conflict", load.Rate, 100*result.ConflictShare())
		}
		if !isHot && load.Rate > 40 && result.KeepsUp() {
			t.Errorf("one item keeps up with %g orders a second", load.Rate)
		}
		if load.Pieces < 1_000_000 && result.Reserved != int(load.Pieces) {
			t.Errorf("%d of %d pieces are sold", result.Reserved, load.Pieces)
		}
	}
	generated.CheckBetween(t, document, map[string]string{"hot SKU": markdown.Table(rows, "--:")}, *update)
}
