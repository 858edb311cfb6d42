package cloud

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/wire"
)

// calls counts the calls by functions, and delays them.
type calls struct {
	authority *authority
	// latency is how much longer every call to a service takes, by the service.
	latency map[string]time.Duration
	// made are by the construct path of the function and by the action.
	made tally
}

// Latencies returns the names of the services whose calls can be delayed: those
// of their actions in policies.
func Latencies() []string {
	none := new(Cloud)
	var names []string
	for _, service := range none.services() {
		if len(service.Operations) > 0 {
			names = append(names, actionPrefix(service.Target))
		}
	}
	slices.Sort(names)
	return names
}

// actionPrefix returns the name of a service in the actions of policies, given its
// name in its protocol.
func actionPrefix(target string) string {
	name, _, _ := strings.Cut(target, "_")
	return strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(name), "aws"), "amazon")
}

// wrap returns the services with calls by functions counted and delayed: the answer
// comes later than what the call does. A refused call is a call.
func (c *calls) wrap(services []wire.Service) []wire.Service {
	for i, service := range services {
		services[i].Operations = maps.Clone(service.Operations)
		prefix := actionPrefix(service.Target)
		for name, operation := range service.Operations {
			services[i].Operations[name] = func(ctx context.Context, body []byte) (any, error) {
				if made, isFunction := c.authority.callers[wire.Caller(ctx)]; isFunction {
					c.made.add(made.function, prefix+":"+name, 1)
					if latency := c.latency[prefix]; latency > 0 {
						wait := sync.OnceFunc(func() { delay(ctx, latency) })
						ctx = wire.WithDelay(ctx, wait)
						defer wait()
					}
				}
				return operation(ctx, body)
			}
		}
	}
	return services
}

// tally counts several things of each of several resources.
type tally struct {
	mu     sync.Mutex
	counts map[string]map[string]int
}

func (t *tally) add(resource, what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]map[string]int{}
	}
	if t.counts[resource] == nil {
		t.counts[resource] = map[string]int{}
	}
	t.counts[resource][what] += n
}

func (t *tally) of(resource string) map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[string]int{}
	maps.Copy(counts, t.counts[resource])
	return counts
}

// delay waits, unless the call is given up.
func delay(ctx context.Context, latency time.Duration) {
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
