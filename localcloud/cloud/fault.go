package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// withFaults returns the services with faults in the calls by functions.
func (c *Cloud) withFaults(services ...wire.Service) []wire.Service {
	calls := fault.NewCalls(c.faults, c.functions)
	for i, service := range services {
		services[i] = calls.Wrap(service)
	}
	return services
}

// queueConfig returns the configuration of the queues. Faults hit only receives
// and deletes by functions.
func (c *Cloud) queueConfig() sqs.Config {
	return sqs.Config{
		Clock: c.config.Clock, Authorize: c.authority.authorize, DeliverTwice: c.config.DeliverTwice, Lost: c.reportLoss, Arrived: c.reportArrival,
		LoseDelete: func(ctx context.Context) bool {
			return c.authority.isFunction(ctx) && c.faults.Hit(fault.DuplicateDelivery)
		},
		Shuffle: func(ctx context.Context, n int, swap func(i, j int)) {
			if c.authority.isFunction(ctx) {
				c.faults.Shuffle(n, swap)
			}
		},
	}
}

func (a *authority) isFunction(ctx context.Context) bool {
	_, is := a.callers[wire.Caller(ctx)]
	return is
}

// faultsView is what goes wrong on purpose.
type faultsView struct {
	// Seed is a text, because not every JSON reader keeps 64 bits of a number.
	Seed   uint64                     `json:"seed,string"`
	Faults map[fault.Name]fault.State `json:"faults"`
	// RedeliverAfter is how long what has failed waits at most, such as 1s. It is empty if
	// that is as long as on AWS.
	RedeliverAfter string `json:"redeliverAfter,omitempty"`
	// Paused is whether each function is paused, by the construct paths.
	Paused map[string]bool `json:"paused"`
}

func (c *Cloud) showFaults(w http.ResponseWriter, _ *http.Request) {
	view := faultsView{
		Seed: c.config.Seed, Faults: c.faults.States(),
		Paused: byPath[assembly.Function](c.assembly, func(r assembly.Resource) bool { return c.functions.IsPaused(r.ARN) }),
	}
	if after := c.config.RedeliverAfter; after > 0 {
		view.RedeliverAfter = after.String()
	}
	writeJSON(w, http.StatusOK, "application/json", view)
}

// changeFaults changes what the request names, or nothing if any of it is refused.
func (c *Cloud) changeFaults(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Faults map[fault.Name]float64 `json:"faults"`
		Paused map[string]bool        `json:"paused"`
	}
	const largest = 1 << 20
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largest))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&change)
	if err != nil {
		err = fmt.Errorf(`the body must be like {"faults": {"shuffle": 0.1}, "paused": {"Shop/Worker": true}}: %w`, err)
	} else if err = c.checkFunctions("paused", slices.Sorted(maps.Keys(change.Paused))); err == nil {
		err = c.faults.Set(change.Faults)
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, "application/json", map[string]string{"message": err.Error()})
		return
	}
	c.setPaused(change.Paused)
	c.showFaults(w, r)
}
