// Package apidestination is EventBridge's API destinations and their
// connections: it sends events to the HTTP endpoints that are targets of rules.
//
// It makes one attempt and returns what kind of failure it was. The rule retries.
package apidestination

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

const (
	// timeout is fixed by AWS and cannot be configured.
	timeout = 5 * time.Second
	// defaultRate is AWS's default number of invocations per second.
	defaultRate = 300
)

// Destination is an API destination together with its connection.
type Destination struct {
	ARN string
	// Endpoint may contain asterisks, which the target's path values replace.
	Endpoint string
	// Base replaces the scheme and the host of Endpoint unless it is empty. It has
	// no slash at its end.
	Base   string
	Method string
	// RatePerSecond is 300 if it is 0.
	RatePerSecond int
	// Connection may be nil for an endpoint without authorization.
	Connection *Connection
}

// Config is what a Service needs. Clock is required.
type Config struct {
	Clock func() time.Time
	// Transport sends the requests; nil means a plain one without a proxy.
	Transport http.RoundTripper
	// Authorize decides on calls over the wire; nil allows everything.
	Authorize wire.Authorize
}

// Service holds the API destinations and delivers to them.
type Service struct {
	clock     func() time.Time
	client    *http.Client
	authorize wire.Authorize

	mu           sync.RWMutex
	destinations map[string]*endpoint
	// connections are by name.
	connections map[string]*Connection
}

var _ eventbridge.Deliverer = (*Service)(nil)

type endpoint struct {
	Destination

	limit *rateLimiter
}

// New returns a service without destinations.
func New(config Config) *Service {
	transport := config.Transport
	if transport == nil {
		transport = &http.Transport{}
	}
	return &Service{
		clock:     config.Clock,
		authorize: config.Authorize,
		client: &http.Client{
			Transport: transport,
			Timeout:   timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		destinations: make(map[string]*endpoint),
		connections:  make(map[string]*Connection),
	}
}

// Create creates a destination.
func (s *Service) Create(d Destination) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("API destination %s: %w", d.ARN, err)
	}
	d.Connection = cmp.Or(d.Connection, &Connection{})
	d.RatePerSecond = cmp.Or(d.RatePerSecond, defaultRate)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.destinations[d.ARN] != nil {
		return fmt.Errorf("API destination %s already exists", d.ARN)
	}
	s.destinations[d.ARN] = &endpoint{Destination: d, limit: newRateLimiter(d.RatePerSecond, s.clock)}
	return nil
}

func (d Destination) check() error {
	address, err := url.Parse(d.Endpoint)
	if err != nil {
		return fmt.Errorf("the endpoint is not a URL: %w", err)
	}
	if (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return fmt.Errorf("the endpoint %q is not an HTTP URL", d.Endpoint)
	}
	return nil
}

// Deliver sends one request, as soon as the destination's rate allows it. Every
// answer 2xx is a success.
func (s *Service) Deliver(ctx context.Context, d eventbridge.Delivery) error {
	s.mu.RLock()
	to := s.destinations[d.Target]
	s.mu.RUnlock()
	if to == nil {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeNoResource, Message: "API destination " + d.Target + " does not exist."}
	}
	request, err := to.request(ctx, d)
	if err != nil {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeInvalidParameter, Message: err.Error()}
	}
	if err := to.limit.wait(ctx); err != nil {
		return &eventbridge.DeliveryError{
			Code: eventbridge.CodeThrottling, Retryable: true,
			Message: "the event waited for the destination's rate limit for too long",
		}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return connectionFailure(err)
	}
	defer closeBody(response)
	return s.deliveryResult(response)
}

// A rateLimiter is a token bucket. It holds a second's worth of tokens; a
// caller that finds none waits for the next one.
type rateLimiter struct {
	rate  float64
	clock func() time.Time

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newRateLimiter(perSecond int, clock func() time.Time) *rateLimiter {
	rate := float64(perSecond)
	return &rateLimiter{rate: rate, clock: clock, tokens: rate, filled: clock()}
}

// wait blocks until the caller may proceed, or the context ends.
func (l *rateLimiter) wait(ctx context.Context) error {
	if delay := l.reserve(); delay > 0 {
		return wire.Sleep(ctx, delay)
	}
	return nil
}

// reserve takes a token, on credit if there is none, and returns how long it
// takes until that token is there.
func (l *rateLimiter) reserve() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.tokens = min(l.rate, l.tokens+now.Sub(l.filled).Seconds()*l.rate)
	l.filled = now
	l.tokens--
	return time.Duration(-l.tokens / l.rate * float64(time.Second))
}
