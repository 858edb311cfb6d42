// Package cloudwatchlogs is CloudWatch Logs: groups of streams of log events, in memory.
//
// Memory stays bounded: messages are compressed, and a group keeps its newest events up
// to a number of them and up to 256 MiB of messages, and of those only what is younger
// than its retention. The rest is dropped, the oldest first.
package cloudwatchlogs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/compact"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

const (
	defaultEventsPerGroup = 250_000
	defaultBytesPerGroup  = 256 << 20
	// maximumMessage is the largest log event that CloudWatch Logs takes.
	maximumMessage = 1 << 20
)

// Config is what a Service needs. Account, Region and Clock are required.
type Config struct {
	Account, Region string
	Clock           func() time.Time
	// Authorize decides on calls; nil allows everything.
	Authorize wire.Authorize
	// EventsPerGroup is how many events a group keeps, and BytesPerGroup how many bytes
	// of messages; 0 means 250,000 and 256 MiB.
	EventsPerGroup, BytesPerGroup int
}

// Service holds the log groups of one account in one Region.
type Service struct {
	config Config

	mu     sync.Mutex
	groups map[string]*group
	texts  compact.Texts
}

type group struct {
	name      string
	created   time.Time
	retention time.Duration
	streams   map[string]*stream
	texts     *compact.Texts
	// events are in the order of their positions.
	events       []*event
	lastSequence int
	// size is how many bytes all messages have.
	size     int
	ingested Ingested
}

// Ingested is what was put into a group so far, dropped events included.
type Ingested struct {
	Events int `json:"events"`
	// Bytes are those of the messages.
	Bytes int64 `json:"bytes"`
}

type stream struct {
	name                              string
	created, first, latest, ingestion time.Time
}

type event struct {
	position position
	stream   *stream
	message  compact.Text
	ingested int64
}

// A position orders events by time, and those of one time by arrival.
type position struct {
	at       int64
	sequence int
}

func (p position) compare(other position) int {
	return cmp.Or(cmp.Compare(p.at, other.at), cmp.Compare(p.sequence, other.sequence))
}

func (p position) String() string {
	return strconv.FormatInt(p.at, 10) + "-" + strconv.Itoa(p.sequence)
}

func parsePosition(text string) (position, error) {
	// The time may be negative, so the last dash is the one in between.
	dash := max(strings.LastIndex(text, "-"), 0)
	milliseconds, errTime := strconv.ParseInt(text[:dash], 10, 64)
	number, errNumber := strconv.Atoi(strings.TrimPrefix(text[dash:], "-"))
	if errTime != nil || errNumber != nil {
		return position{}, errInvalidToken()
	}
	return position{milliseconds, number}, nil
}

// New returns a service without groups.
func New(config Config) *Service {
	config.EventsPerGroup = cmp.Or(config.EventsPerGroup, defaultEventsPerGroup)
	config.BytesPerGroup = cmp.Or(config.BytesPerGroup, defaultBytesPerGroup)
	return &Service{config: config, groups: make(map[string]*group)}
}

func (s *Service) lock() sync.Locker { return &s.mu }

// API is CloudWatch Logs' wire protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "Logs_20140328",
		ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"FilterLogEvents":    wire.Locked(s.lock, s.filterLogEvents),
			"GetLogEvents":       wire.Locked(s.lock, s.getLogEvents),
			"DescribeLogStreams": wire.Locked(s.lock, s.describeLogStreams),
			"DescribeLogGroups":  wire.Locked(s.lock, s.describeLogGroups),
		},
	}
}

// Create creates a group. A retention of 0 keeps events forever, as far as the
// number of them allows it.
func (s *Service) Create(name string, retention time.Duration) error {
	if !s.add(name, retention) {
		return wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	return nil
}

// Ensure creates a group that keeps events forever, unless it exists.
func (s *Service) Ensure(name string) { s.add(name, 0) }

// add reports whether the group is new.
func (s *Service) add(name string, retention time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] != nil {
		return false
	}
	s.groups[name] = &group{name: name, created: s.config.Clock(), retention: retention, streams: map[string]*stream{}, texts: &s.texts}
	return true
}

// Put adds an event to a stream of a group, which is created if need be. Events
// older than the group's retention are refused.
func (s *Service) Put(groupName, streamName string, at time.Time, message string) error {
	if message == "" || len(message) > maximumMessage {
		return invalid("Log event message must have 1 to %d bytes, not %d.", maximumMessage, len(message))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.groups[groupName]
	if in == nil {
		return errUnknownGroup()
	}
	now := s.config.Clock()
	if in.retention > 0 && at.Before(now.Add(-in.retention)) {
		return invalid("Log event of %s is older than the retention of log group %s.", at.Format(time.RFC3339), groupName)
	}
	in.insert(in.updateStream(streamName, at, now), at, now, message)
	in.trim(now, s.config)
	return nil
}

func (g *group) updateStream(name string, at, now time.Time) *stream {
	to := g.streams[name]
	if to == nil {
		to = &stream{name: name, created: now, first: at, latest: at}
		g.streams[name] = to
	}
	if at.Before(to.first) {
		to.first = at
	}
	if at.After(to.latest) {
		to.latest = at
	}
	to.ingestion = now
	return to
}

func (g *group) insert(to *stream, at, now time.Time, message string) {
	g.lastSequence++
	g.size += len(message)
	g.ingested.Events++
	g.ingested.Bytes += int64(len(message))
	e := &event{position{at.UnixMilli(), g.lastSequence}, to, g.texts.Keep(message), now.UnixMilli()}
	index, _ := slices.BinarySearchFunc(g.events, e.position, byPosition)
	g.events = slices.Insert(g.events, index, e)
}

func byPosition(e *event, p position) int { return e.position.compare(p) }

// trim drops the events that are too many or too old.
func (g *group) trim(now time.Time, config Config) {
	excess := max(len(g.events)-config.EventsPerGroup, 0)
	if g.retention > 0 {
		oldest := position{at: now.Add(-g.retention).UnixMilli()}
		expired, _ := slices.BinarySearchFunc(g.events, oldest, byPosition)
		excess = max(excess, expired)
	}
	for i := 0; i < len(g.events) && (i < excess || g.size > config.BytesPerGroup); i++ {
		g.size -= g.events[i].message.Size()
		excess = max(excess, i+1)
	}
	clear(g.events[:excess])
	g.events = g.events[excess:]
}

// Ingested returns what was put into a group so far.
func (s *Service) Ingested(groupName string) Ingested {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from := s.groups[groupName]; from != nil {
		return from.ingested
	}
	return Ingested{}
}

// ARN returns the ARN of a group, without the trailing :*.
func (s *Service) ARN(groupName string) string {
	return fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", s.config.Region, s.config.Account, groupName)
}

func errUnknownGroup() error {
	return wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

func errUnknownStream() error {
	return wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
}

var _ eventbridge.Deliverer = (*Service)(nil)

// Deliver logs what a rule delivers, with the event's time. All events of one
// rule go to one stream, which has the rule's name.
func (s *Service) Deliver(_ context.Context, d eventbridge.Delivery) error {
	name := groupOf(d.Target)
	s.mu.Lock()
	known := s.groups[name] != nil
	s.mu.Unlock()
	if !known {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeNoResource, Message: "The log group " + name + " does not exist."}
	}
	rule := d.Rule[strings.LastIndex(d.Rule, "/")+1:]
	if err := s.Put(name, rule, d.Event.Time, string(d.Body)); err != nil {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeInvalidParameter, Message: err.Error()}
	}
	return nil
}

// groupOf returns the name of a group that is identified by its name, or by its
// ARN with or without the trailing :*.
func groupOf(identifier string) string {
	if _, name, isARN := strings.Cut(identifier, ":log-group:"); isARN {
		return strings.TrimSuffix(name, ":*")
	}
	return identifier
}
