package cloud

import (
	"context"
	"net/http"

	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// withFaults returns the services with faults in the calls by functions.
func (c *Cloud) withFaults(services ...wire.Service) []wire.Service {
	if c.config.Faults == nil {
		return services
	}
	calls := fault.NewCalls(c.config.Faults, c.functions)
	for i, service := range services {
		services[i] = calls.Wrap(service)
	}
	return services
}

// queueConfig returns the configuration of the queues. Faults hit only receives
// and deletes by functions.
func (c *Cloud) queueConfig() sqs.Config {
	config := sqs.Config{Clock: c.config.Clock, Authorize: c.authority.authorize, DeliverTwice: c.config.DeliverTwice, Lost: c.reportLoss, Arrived: c.reportArrival}
	if c.config.Faults == nil {
		return config
	}
	config.LoseDelete = func(ctx context.Context) bool {
		return c.authority.isFunction(ctx) && c.config.Faults.Hit(fault.DuplicateDelivery)
	}
	config.Shuffle = func(ctx context.Context, n int, swap func(i, j int)) {
		if c.authority.isFunction(ctx) {
			c.config.Faults.Shuffle(n, swap)
		}
	}
	return config
}

func (a *authority) isFunction(ctx context.Context) bool {
	_, is := a.callers[wire.Caller(ctx)]
	return is
}

// transport returns what API destinations send with; nil is the default.
func (c *Cloud) transport() http.RoundTripper {
	if c.config.Faults == nil {
		return nil
	}
	return fault.NewTransport(c.config.Faults, &http.Transport{})
}

func (c *Cloud) faults() map[fault.Name]int {
	if c.config.Faults == nil {
		return map[fault.Name]int{}
	}
	return c.config.Faults.Hits()
}
