package simulation

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// dice makes the random choices of a history and records them, so that the history
// can be repeated and shrunk. 0 is always the simplest choice.
type dice struct {
	next func(sides int) int
	// rolls are those so far, and sides the number of sides of each.
	rolls, sides []int
}

// seeded returns dice that roll the same for the same seed.
func seeded(seed uint64) *dice {
	return &dice{next: rand.New(rand.NewPCG(seed, 0)).IntN}
}

// recorded returns dice that repeat recorded rolls, and roll 0 after the last of them.
func recorded(rolls []int) *dice {
	at := 0
	return &dice{next: func(sides int) int {
		if at >= len(rolls) {
			return 0
		}
		at++
		return min(rolls[at-1], sides-1)
	}}
}

// roll returns a number from 0 up to, but not including, the number of sides.
func (d *dice) roll(sides int) int { return d.record(d.next(sides), sides) }

func (d *dice) record(n, sides int) int {
	d.rolls, d.sides = append(d.rolls, n), append(d.sides, sides)
	return n
}

// repeats reports whether dice that repeat recorded rolls would roll the same.
func (d *dice) repeats(rolls []int) bool {
	again := recorded(rolls)
	for i, n := range d.rolls {
		if again.next(d.sides[i]) != n {
			return false
		}
	}
	return true
}

// more reports whether another element follows: always, unless the history is being
// shrunk.
func (d *dice) more() bool {
	return d.record(min(d.next(math.MaxInt32), 1), 2) > 0
}

// oneOf returns one of the values at random; the first is the simplest.
func oneOf[T any](d *dice, values ...T) T { return values[d.roll(len(values))] }

// remembering returns a function that reports whether the history of recorded rolls fails.
// Many rolls are those of the same history, because some are not used, or exceed the number
// of sides. Each history is played once.
func remembering(fails func(*dice) bool) func([]int) bool {
	known := make(map[bool][]*dice)
	return func(rolls []int) bool {
		for failed, played := range known {
			if slices.ContainsFunc(played, func(d *dice) bool { return d.repeats(rolls) }) {
				return failed
			}
		}
		d := recorded(rolls)
		failed := fails(d)
		known[failed] = append(known[failed], d)
		return failed
	}
}

// shrink returns the shortest, and of those the smallest, rolls it can find that still
// fail.
func shrink(rolls []int, fails func([]int) bool) []int {
	for improved := true; improved; {
		improved = false
		for _, shorter := range []func([]int, func([]int) bool) []int{cut, lower} {
			if found := shorter(rolls, fails); !slices.Equal(found, rolls) {
				rolls, improved = found, true
			}
		}
	}
	return rolls
}

// cut removes parts of the rolls, from the largest to the smallest.
func cut(rolls []int, fails func([]int) bool) []int {
	for size := len(rolls); size > 0; size /= 2 {
		for at := len(rolls) - size; at >= 0; at -= size {
			if at+size > len(rolls) {
				continue
			}
			if candidate := slices.Delete(slices.Clone(rolls), at, at+size); fails(candidate) {
				rolls = candidate
			}
		}
	}
	return rolls
}

// lower makes each roll smaller, by bisection between one that fails and one that does not.
func lower(rolls []int, fails func([]int) bool) []int {
	for i := range rolls {
		with := func(roll int) []int {
			candidate := slices.Clone(rolls)
			candidate[i] = roll
			return candidate
		}
		for passes := -1; rolls[i]-passes > 1; {
			middle := passes + (rolls[i]-passes)/2
			if passes < 0 {
				middle = 0 // Most rolls are of no importance.
			}
			if candidate := with(middle); fails(candidate) {
				rolls = candidate
			} else {
				passes = middle
			}
		}
	}
	return rolls
}

func TestAHistoryIsPlayedOnceHoweverItsRollsAreRecorded(t *testing.T) {
	played := 0
	fails := remembering(func(d *dice) bool {
		played++
		sum := d.roll(4)
		if d.more() {
			sum += d.roll(4)
		}
		return sum > 3
	})
	for i, history := range []struct {
		failed bool
		rolls  [][]int
	}{
		{false, [][]int{{3}, {3, 0}, {3, 0, 2}, {9}}},
		{true, [][]int{{3, 1, 1}, {7, 5, 1}, {3, 1, 1, 2}}},
		{false, [][]int{{2, 1, 1}, {2, 2, 1, 0}}},
		{false, [][]int{nil, {0}, {0, 0, 3}}},
	} {
		for _, rolls := range history.rolls {
			if failed := fails(rolls); failed != history.failed || played != i+1 {
				t.Errorf("%v: failed is %t, after %d histories", rolls, failed, played)
			}
		}
	}
}
