// Package eventbridge is EventBridge: buses accept events, rules match them, and workers
// deliver them to the rules' targets, with retries and dead-letter queues.
//
// Delivery is at least once and in no promised order. What this package does
// not support is refused when the rule is created.
package eventbridge

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
)

const (
	defaultBus       = "default"
	defaultBaseDelay = time.Second
	// defaultArchive holds about 150,000 events of 1.8 KB.
	defaultArchive = 256 << 20
)

// Config is what a Service needs. Account, Region and Clock are required.
type Config struct {
	Account, Region string
	Clock           func() time.Time
	// Authorize decides on calls; nil allows everything.
	Authorize wire.Authorize
	// Deliverers by kind of target. Without one for buses, the service forwards to
	// its own buses without checking permissions.
	Deliverers map[string]Deliverer
	// DeadLetters may be nil: then no target may have a dead-letter queue.
	DeadLetters DeadLetters
	// Random returns numbers from 0 up to 1 for the jitter of retries. It may be
	// called by several goroutines. Nil means the runtime's own source.
	Random func() float64
	// NewID returns the ids of events; nil means random UUIDs.
	NewID func() string
	// BaseDelay is the delay before the first retry, which every further one
	// doubles; 0 means a second.
	BaseDelay time.Duration
	// ArchiveBytes is how many bytes of events an archive keeps; 0 means 256 MiB.
	ArchiveBytes int
	// Lost is called for the events that neither the target nor the dead-letter
	// queue accepted.
	Lost loss.Report
	// Attempted is called for every attempt to deliver an event to a target, with ARNs; nil
	// ignores them.
	Attempted func(activity.Delivery)
	// Log is where dead-lettered deliveries and full archives are logged; nil
	// means slog's default.
	Log *slog.Logger
}

// Bus is an event bus.
type Bus struct{ Name, ARN string }

// Service is EventBridge of one account in one Region.
type Service struct {
	config  Config
	pending atomic.Int64
	unknown atomic.Int64

	mu        sync.RWMutex
	buses     map[string]*eventBus
	archives  []*archive
	replays   map[string]*replay
	replaying sync.WaitGroup
	observers []func(bus string, e Event)
	closed    bool
}

type eventBus struct {
	Bus

	rules []*rule
}

// New returns a service that has nothing but the account's default bus.
func New(config Config) *Service {
	deliverers := map[string]Deliverer{}
	maps.Copy(deliverers, config.Deliverers)
	config.Deliverers = deliverers
	if config.Random == nil {
		config.Random = rand.Float64
	}
	if config.Attempted == nil {
		config.Attempted = func(activity.Delivery) {}
	}
	if config.NewID == nil {
		config.NewID = uuid.NewString
	}
	config.BaseDelay = cmp.Or(config.BaseDelay, defaultBaseDelay)
	config.ArchiveBytes = cmp.Or(config.ArchiveBytes, defaultArchive)
	config.Log = cmp.Or(config.Log, slog.Default())
	s := &Service{config: config, buses: map[string]*eventBus{}, replays: map[string]*replay{}}
	if s.config.Deliverers[KindBus] == nil {
		s.config.Deliverers[KindBus] = forwarder{s}
	}
	arn := s.arnOf(defaultBus)
	s.buses[arn] = &eventBus{Bus: Bus{Name: defaultBus, ARN: arn}}
	return s
}

// CreateBus creates a bus.
func (s *Service) CreateBus(b Bus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buses[b.ARN] != nil {
		return wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", b.Name)
	}
	s.buses[b.ARN] = &eventBus{Bus: b}
	return nil
}

// CreateRule creates a rule with its targets. An error is returned if the local
// cloud does not support something in them.
func (s *Service) CreateRule(r Rule) error {
	compiled, err := compileRule(r, s.config.Deliverers)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	on := s.buses[r.BusARN]
	switch {
	case s.closed:
		return fmt.Errorf("rule %s: the service is closed", r.Name)
	case on == nil:
		return errUnknownBus(r.BusARN)
	case len(on.rules) == maximumRules:
		return wire.Errorf("LimitExceededException", "Event bus %s has more than %d rules.", on.Name, maximumRules)
	case slices.ContainsFunc(on.rules, func(other *rule) bool { return other.Name == r.Name }):
		return wire.Errorf("ResourceAlreadyExistsException", "Rule %s already exists on EventBus %s.", r.Name, on.Name)
	}
	for _, target := range compiled.targets {
		if target.DeadLetterARN != "" && s.config.DeadLetters == nil {
			return wire.ValidationError("the local cloud has no dead-letter queues, which target %s of rule %s needs", target.ID, r.Name)
		}
	}
	for _, target := range compiled.targets {
		target.worker = startWorker(target, &s.config, &s.pending)
	}
	on.rules = append(on.rules, compiled)
	return nil
}

// Observe calls f for every event that a bus accepts, before it is delivered.
// f must return quickly, as the publisher waits for it.
func (s *Service) Observe(f func(bus string, e Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, f)
}

// Counts returns the results of the events that the rule matched.
func (s *Service) Counts(ruleARN string) (Counts, bool) {
	found := s.rule(ruleARN)
	if found == nil {
		return Counts{}, false
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	return found.counts, true
}

// rule returns the rule with an ARN, or nil.
func (s *Service) rule(arn string) *rule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, on := range s.buses {
		for _, each := range on.rules {
			if each.ARN == arn {
				return each
			}
		}
	}
	return nil
}

// DroppedForUnknownBus returns how many events were published to a bus that
// does not exist, which EventBridge accepts and drops.
func (s *Service) DroppedForUnknownBus() int { return int(s.unknown.Load()) }

// Idle reports whether no delivery is waiting, under way or to be retried, and
// nothing is being replayed.
func (s *Service) Idle() bool { return s.pending.Load() == 0 }

// Close abandons all deliveries and waits for those under way.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	var workers []*worker
	for _, on := range s.buses {
		for _, each := range on.rules {
			for _, target := range each.targets {
				workers = append(workers, target.worker)
			}
		}
	}
	s.mu.Unlock()
	s.replaying.Wait()
	for _, each := range workers {
		each.close()
	}
}

// accept archives an event and delivers it to the rules of a bus.
func (s *Service) accept(ctx context.Context, busARN string, e Event) (known bool, err error) {
	s.mu.RLock()
	on := s.buses[busARN]
	if on == nil {
		s.mu.RUnlock()
		return false, nil
	}
	rules, archives, observers := on.rules, s.archives, s.observers
	s.mu.RUnlock()
	arrived, prepared, err := s.prepare(e)
	if err != nil {
		return true, err
	}
	for _, observe := range observers {
		observe(busARN, e)
	}
	for _, each := range archives {
		if each.BusARN == busARN && each.store(arrived, prepared) {
			s.config.Log.WarnContext(ctx, "an archive is full: its oldest events are dropped",
				"archive", each.Name, "bytes", s.config.ArchiveBytes)
		}
	}
	for _, each := range rules {
		each.deliver(arrived, prepared)
	}
	return true, nil
}

// Trigger delivers the event of a rule's schedule to the rule's targets. No other rule
// of the bus gets it.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
func (s *Service) Trigger(ruleARN string) error {
	found := s.rule(ruleARN)
	if found == nil {
		return wire.Errorf("ResourceNotFoundException", "Rule %s does not exist.", ruleARN)
	}
	arrived, _, err := s.prepare(s.event("aws.events", "Scheduled Event", []string{ruleARN}, json.RawMessage("{}")))
	if err == nil {
		found.trigger(arrived)
	}
	return err
}

// event returns a new event of this moment.
func (s *Service) event(source, detailType string, resources []string, detail json.RawMessage) Event {
	return Event{
		ID: s.config.NewID(), DetailType: detailType, Source: source, Account: s.config.Account,
		Time: s.config.Clock(), Region: s.config.Region, Resources: resources, Detail: detail,
	}
}

// prepare returns an event ready to be matched and delivered.
func (s *Service) prepare(e Event) (arrival, pattern.Event, error) {
	text, err := e.Envelope()
	if err != nil {
		return arrival{}, pattern.Event{}, err
	}
	prepared, err := pattern.Prepare(text)
	return arrival{event: e, envelope: text, at: s.config.Clock()}, prepared, err
}

func (s *Service) arnOf(busName string) string {
	return s.arnIn("event-bus/" + busName)
}

// arnIn returns the ARN of a resource of the service.
func (s *Service) arnIn(resource string) string {
	return "arn:aws:events:" + s.config.Region + ":" + s.config.Account + ":" + resource
}
