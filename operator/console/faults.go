package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"

	"example.com/saga/operator/faults"
	"example.com/saga/operator/orderapi"
)

const (
	// trialSize is how many orders a trial places, trialWidth how many of them at once.
	trialSize  = 50
	trialWidth = 8
)

// chaos is the faults of the local cloud as they were last read, and the last trial.
type chaos struct {
	versioned

	state faults.State
	trial *trial
}

// trial is orders that were placed together, to show that each of them ends.
type trial struct {
	// placed is whether all requests were answered.
	placed bool
	orders []string
	// killed is how many processes had been killed before.
	killed int
	// audit is the result of the audit after the end of all orders, or nil.
	audit *AuditResult
}

func (c *chaos) set(state faults.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !reflect.DeepEqual(c.state, state) {
		c.state = state
		c.changes++
	}
}

// begin begins a trial.
func (c *chaos) begin() *trial {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trial = &trial{killed: c.state.Killed()}
	c.changes++
	return c.trial
}

// change changes a trial.
func (c *chaos) change(t *trial, by func(*trial)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by(t)
	c.changes++
}

// last returns the faults and a copy of the last trial, or nil.
func (c *chaos) last() (faults.State, *trial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trial == nil {
		return c.state, nil
	}
	found := *c.trial
	return c.state, &found
}

// faultsView is what the page of the faults shows.
type faultsView struct {
	faults.State

	ReadOnly bool
	// CanPlace is whether orders are placed here.
	CanPlace bool
	Size     int
	Trial    *trialView
}

// trialView is what is shown of a trial.
type trialView struct {
	Placed        bool
	Ended, Killed int
	Audit         *AuditResult
}

func (c *Console) faultsPage(*http.Request) (page, error) {
	state, last := c.chaos.last()
	view := faultsView{State: state, ReadOnly: c.ReadOnly, CanPlace: c.API != nil, Size: trialSize}
	if last != nil {
		view.Trial = &trialView{last.placed, c.ended(last.orders), state.Killed() - last.killed, last.audit}
	}
	return page{template: "faults", title: "Faults", body: view}, nil
}

// ended returns how many of the orders have ended.
func (c *Console) ended(orders []string) int {
	ended := 0
	for _, id := range orders {
		if row, found := c.Orders.Find(id); found && row.Ended() {
			ended++
		}
	}
	return ended
}

// refreshFaults reads the faults, and audits the saga once all orders of the last trial
// have ended and nothing is in transit: only then do all invariants hold.
func (c *Console) refreshFaults(ctx context.Context) error {
	if c.Faults == nil {
		return nil
	}
	state, err := c.Faults.Read(ctx)
	if err != nil {
		return err
	}
	c.chaos.set(state)
	_, last := c.chaos.last()
	if last == nil || !last.placed || last.audit != nil || c.ended(last.orders) < len(last.orders) {
		return nil
	}
	if idle, err := c.Faults.Idle(ctx); err != nil || !idle {
		return err
	}
	return c.auditTrial(ctx, last.orders)
}

func (c *Console) auditTrial(ctx context.Context, orders []string) error {
	result, err := c.Audit(ctx)
	if err != nil {
		return err
	}
	// The last processes may have been killed since the faults were read.
	state, err := c.Faults.Read(ctx)
	if err != nil {
		return err
	}
	c.chaos.set(state)
	c.audited.set(result, c.Clock())
	c.chaos.finish(orders, result)
	return nil
}

// finish notes the result of the audit after the trial with these orders, unless another
// one has begun meanwhile.
func (c *chaos) finish(orders []string, result AuditResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Equal(c.trial.orders, orders) {
		c.trial.audit = &result
		c.changes++
	}
}

// changeFaults sets the probability of the fault in the form, or pauses or resumes the
// function.
func (c *Console) changeFaults(r *http.Request) (outcome, error) {
	var change faults.Change
	var text string
	if name := r.FormValue("fault"); name != "" {
		chance, err := strconv.ParseFloat(r.FormValue("probability"), 64)
		if err != nil {
			return outcome{}, fmt.Errorf("%q is no probability", r.FormValue("probability"))
		}
		change.Faults = map[string]float64{name: chance}
		text = fmt.Sprintf("%s has the probability %g.", name, chance)
	} else {
		function, pause := r.FormValue("function"), r.FormValue("pause") != ""
		change.Paused = map[string]bool{function: pause}
		text = function + map[bool]string{true: " is paused.", false: " is resumed."}[pause]
	}
	state, err := c.Faults.Change(r.Context(), change)
	if err != nil {
		return outcome{}, err
	}
	c.chaos.set(state)
	c.pulse.beat()
	return outcome{Text: text}, nil
}

// placeMany places orders of every outcome in turn, and begins a trial with them.
func (c *Console) placeMany(r *http.Request) (outcome, error) {
	if c.API == nil {
		return outcome{}, errNoAPI
	}
	samples := orderapi.Samples()
	begun := c.chaos.begin()
	problems := make([]error, trialSize)
	var all sync.WaitGroup
	slots := make(chan struct{}, trialWidth)
	for i := range trialSize {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			id, err := c.API.Place(r.Context(), samples[i%len(samples)])
			if problems[i] = err; id != "" {
				c.chaos.change(begun, func(t *trial) { t.orders = append(t.orders, id) })
				c.Orders.Touch(id)
			}
		})
	}
	all.Wait()
	c.chaos.change(begun, func(t *trial) { t.placed = true })
	c.pulse.beat()
	return outcome{Text: fmt.Sprintf("%d orders are placed.", trialSize)}, errors.Join(problems...)
}
