package fault_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/fault"
)

func TestAFaultThatIsNotPlannedNeverOccurs(t *testing.T) {
	injector := fault.NewInjector(1, map[fault.Name]float64{fault.Shuffle: 1})
	if injector.Hit(fault.KillAfterCall) {
		t.Error("it occurs")
	}
	if _, counted := injector.Hits()[fault.KillAfterCall]; counted {
		t.Error("it is counted")
	}
}

func TestASeedRepeatsWhatEachFaultDrawsWhateverElseIsPlanned(t *testing.T) {
	draw := func(seed uint64, plan map[fault.Name]float64) []bool {
		injector := fault.NewInjector(seed, plan)
		draws := make([]bool, 200)
		for i := range draws {
			injector.Hit(fault.DuplicateDelivery)
			draws[i] = injector.Hit(fault.KillAfterCall)
		}
		return draws
	}
	alone := draw(7, map[fault.Name]float64{fault.KillAfterCall: 0.3})
	if both := draw(7, map[fault.Name]float64{fault.KillAfterCall: 0.3, fault.DuplicateDelivery: 0.5}); !slices.Equal(alone, both) {
		t.Error("another fault changes the draws")
	}
	if other := draw(8, map[fault.Name]float64{fault.KillAfterCall: 0.3}); slices.Equal(alone, other) {
		t.Error("another seed has the same draws")
	}
}

func TestAFaultThatIsNotPlannedDrawsNothingFromItsSequence(t *testing.T) {
	draw := func(injector *fault.Injector) []bool {
		draws := make([]bool, 200)
		for i := range draws {
			draws[i] = injector.Hit(fault.Shuffle)
		}
		return draws
	}
	want := draw(fault.NewInjector(7, map[fault.Name]float64{fault.Shuffle: 0.3}))
	injector := fault.NewInjector(7, nil)
	for name, plan := range map[string]map[fault.Name]float64{
		"none ever was": nil, "others are": {fault.KillAfterCall: 1}, "it is off": {fault.KillAfterCall: 0, fault.Shuffle: 0},
	} {
		set(t, injector, plan)
		if slices.Contains(draw(injector), true) {
			t.Errorf("it occurs when %s", name)
		}
	}
	set(t, injector, map[fault.Name]float64{fault.Shuffle: 0.3})
	if got := draw(injector); !slices.Equal(got, want) {
		t.Error("its draws are others than those of its seed")
	}
}

func TestAPlanIsActiveWhileAnyProbabilityIsMoreThanZero(t *testing.T) {
	injector := fault.NewInjector(1, nil)
	for _, step := range []struct {
		plan map[fault.Name]float64
		want bool
	}{
		{nil, false},
		{map[fault.Name]float64{fault.Shuffle: 0.1, fault.KillAfterCall: 1}, true},
		{map[fault.Name]float64{fault.KillAfterCall: 0}, true},
		{map[fault.Name]float64{fault.Shuffle: 0}, false},
	} {
		if set(t, injector, step.plan); injector.Active() != step.want {
			t.Errorf("after %v it is active: %t", step.plan, injector.Active())
		}
	}
}

func TestAChangeKeepsTheOtherFaultsAndTheCounts(t *testing.T) {
	injector := fault.NewInjector(1, map[fault.Name]float64{fault.KillAfterCall: 1, fault.Shuffle: 0.5})
	injector.Hit(fault.KillAfterCall)
	set(t, injector, map[fault.Name]float64{fault.KillAfterCall: 0, fault.DynamoDBThrottle: 0.25})
	states := injector.States()
	want := map[fault.Name]fault.State{
		fault.KillAfterCall: {Probability: 0, Hits: 1}, fault.Shuffle: {Probability: 0.5}, fault.DynamoDBThrottle: {Probability: 0.25}, fault.DynamoDBConflict: {},
	}
	for name, state := range want {
		if states[name] != state {
			t.Errorf("%s is %+v, want %+v", name, states[name], state)
		}
	}
	if len(states) != len(fault.Names()) {
		t.Errorf("%d faults have a state", len(states))
	}
}

func TestAPlanWithWhatIsNoFaultOrNoProbabilityChangesNothing(t *testing.T) {
	injector := fault.NewInjector(1, nil)
	for want, plan := range map[string]map[fault.Name]float64{
		`there is no fault "meteor"; there are duplicate-delivery, `: {"meteor": 0.1},
		"the probability of shuffle must be from 0 to 1":             {fault.Shuffle: 1.5},
		"the probability of kill-after-call must be from 0 to 1":     {fault.KillAfterCall: -0.1},
		"the probability of put-events-partial must be from 0 to 1":  {fault.PutEventsPartial: math.NaN()},
	} {
		plan[fault.DynamoDBThrottle] = 1
		if err := injector.Set(plan); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if injector.Active() {
		t.Errorf("planned is %v", injector.States())
	}
}

func set(t *testing.T, injector *fault.Injector, plan map[fault.Name]float64) {
	t.Helper()
	if err := injector.Set(plan); err != nil {
		t.Fatal(err)
	}
}

func TestAFaultOccursAboutAsOftenAsItsProbabilityAndIsCounted(t *testing.T) {
	injector := fault.NewInjector(3, map[fault.Name]float64{fault.DynamoDBThrottle: 0.25})
	hits := 0
	for range 4000 {
		if injector.Hit(fault.DynamoDBThrottle) {
			hits++
		}
	}
	if hits < 900 || hits > 1100 || injector.Hits()[fault.DynamoDBThrottle] != hits {
		t.Errorf("it hits %d times, counted are %v", hits, injector.Hits())
	}
}

func TestAShuffleKeepsEverythingInAnotherOrder(t *testing.T) {
	injector := fault.NewInjector(3, map[fault.Name]float64{fault.Shuffle: 1})
	things := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	injector.Shuffle(len(things), func(i, j int) { things[i], things[j] = things[j], things[i] })
	if slices.IsSorted(things) {
		t.Error("nothing has moved")
	}
	slices.Sort(things)
	if !slices.Equal(things, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("left are %v", things)
	}
	injector.Shuffle(1, nil)
	if hits := injector.Hits()[fault.Shuffle]; hits != 1 {
		t.Errorf("it hits %d times: one thing alone has no order", hits)
	}
}

func TestWhatIsNoFaultOrNoProbabilityIsRefused(t *testing.T) {
	for given, want := range map[string]string{
		"meteor=0.1":   `there is no fault "meteor"; there are duplicate-delivery, `,
		"shuffle":      "the probability of shuffle must be more than 0 and at most 1",
		"shuffle=0":    "the probability of shuffle must be",
		"shuffle=1.5":  "the probability of shuffle must be",
		"shuffle=NaN":  "the probability of shuffle must be",
		"shuffle=much": "the probability of shuffle must be",
	} {
		if _, _, err := fault.Parse(given); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", given, err, want)
		}
	}
	for _, name := range fault.Names() {
		if got, chance, err := fault.Parse(string(name) + "=0.5"); got != name || chance != 0.5 || err != nil {
			t.Errorf("%s is read as %s, %g, %v", name, got, chance, err)
		}
	}
}
