// Package fault injects what is rare on AWS: duplicates, lost answers, refused
// calls, killed processes. Each kind of fault has a name and a probability, and
// all of them draw from one seed.
//
// Only calls by functions are hit, never a call by an operator. The last attempt of a
// delivery is exempt, so that no fault alone moves an event to a dead-letter queue.
package fault

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Name names a kind of fault.
type Name string

// The faults, which localcloud/README.md describes.
const (
	DuplicateDelivery   Name = "duplicate-delivery"
	Shuffle             Name = "shuffle"
	KillBeforeCall      Name = "kill-before-call"
	KillAfterCall       Name = "kill-after-call"
	FunctionTimeout     Name = "function-timeout"
	PutEventsPartial    Name = "put-events-partial"
	PutEventsLostAnswer Name = "put-events-lost-answer"
	DynamoDBLostAnswer  Name = "dynamodb-lost-answer"
	DynamoDBThrottle    Name = "dynamodb-throttle"
	DynamoDBConflict    Name = "dynamodb-conflict"
	Destination500      Name = "destination-500"
	Destination429      Name = "destination-429"
	DestinationSlow     Name = "destination-slow"
)

// Names returns the names of all faults.
func Names() []Name {
	return []Name{
		DuplicateDelivery, Shuffle, KillBeforeCall, KillAfterCall, FunctionTimeout,
		PutEventsPartial, PutEventsLostAnswer,
		DynamoDBLostAnswer, DynamoDBThrottle, DynamoDBConflict,
		Destination500, Destination429, DestinationSlow,
	}
}

// Parse parses NAME=PROBABILITY.
func Parse(given string) (Name, float64, error) {
	text, chance, _ := strings.Cut(given, "=")
	name := Name(text)
	if err := name.check(); err != nil {
		return "", 0, err
	}
	probability, err := strconv.ParseFloat(chance, 64)
	if err != nil || !(probability > 0 && probability <= 1) {
		return "", 0, fmt.Errorf("the probability of %s must be more than 0 and at most 1", name)
	}
	return name, probability, nil
}

func (n Name) check() error {
	if !slices.Contains(Names(), n) {
		return fmt.Errorf("there is no fault %q; there are %s", n, List(Names()))
	}
	return nil
}

// List returns the names as a text.
func List(names []Name) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// Injector decides when a fault occurs, and counts how often it did. Each fault
// has a random sequence of its own, which does not depend on the other faults.
// Which call is hit depends on the order of the calls, too.
type Injector struct {
	seed uint64
	// active is whether any probability is more than 0.
	active atomic.Bool

	mu sync.Mutex
	// rates has the faults that are planned, and those that once were.
	rates map[Name]*rate
}

type rate struct {
	probability float64
	random      *rand.Rand
	hits        int
}

// NewInjector returns an injector of the planned faults, each with its probability.
func NewInjector(seed uint64, plan map[Name]float64) *Injector {
	d := &Injector{seed: seed, rates: make(map[Name]*rate, len(plan))}
	d.set(plan)
	return d
}

// Set changes the probabilities of some faults; one of 0 never occurs. An error is
// returned, and nothing is changed, if one is no fault or no probability.
func (d *Injector) Set(plan map[Name]float64) error {
	for _, name := range slices.Sorted(maps.Keys(plan)) {
		if err := name.check(); err != nil {
			return err
		}
		if chance := plan[name]; !(chance >= 0 && chance <= 1) {
			return fmt.Errorf("the probability of %s must be from 0 to 1", name)
		}
	}
	d.set(plan)
	return nil
}

func (d *Injector) set(plan map[Name]float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, chance := range plan {
		if d.rates[name] == nil {
			sum := fnv.New64a()
			sum.Write([]byte(name)) // A hash never fails.
			d.rates[name] = &rate{random: rand.New(rand.NewPCG(d.seed, sum.Sum64()))}
		}
		d.rates[name].probability = chance
	}
	isPlanned := func(f *rate) bool { return f.probability > 0 }
	d.active.Store(slices.ContainsFunc(slices.Collect(maps.Values(d.rates)), isPlanned))
}

// Active reports whether any fault is planned.
func (d *Injector) Active() bool { return d.active.Load() }

// Hit reports whether a fault occurs this time. A fault that is not planned never does,
// and draws nothing from its sequence.
func (d *Injector) Hit(name Name) bool {
	if !d.Active() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.rates[name]
	if f == nil || f.probability == 0 || f.random.Float64() >= f.probability {
		return false
	}
	f.hits++
	return true
}

// Shuffle puts n things in a random order if the fault of that name occurs.
func (d *Injector) Shuffle(n int, swap func(i, j int)) {
	if n < 2 || !d.Hit(Shuffle) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rates[Shuffle].random.Shuffle(n, swap)
}

// State is the probability of a fault, and how often it has occurred.
type State struct {
	Probability float64 `json:"probability"`
	Hits        int     `json:"hits"`
}

// States returns the state of every fault, planned or not.
func (d *Injector) States() map[Name]State {
	d.mu.Lock()
	defer d.mu.Unlock()
	states := map[Name]State{}
	for _, name := range Names() {
		states[name] = State{}
		if f := d.rates[name]; f != nil {
			states[name] = State{f.probability, f.hits}
		}
	}
	return states
}

// Hits returns how often each fault has occurred that is, or once was, planned.
func (d *Injector) Hits() map[Name]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	hits := make(map[Name]int, len(d.rates))
	for name, f := range d.rates {
		hits[name] = f.hits
	}
	return hits
}
