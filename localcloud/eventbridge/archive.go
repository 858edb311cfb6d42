package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"example.com/saga/localcloud/compact"
	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/wire"
)

// Archive keeps the events of a bus that match its pattern, for replays.
//
// On AWS an event reaches its archive within minutes, and an archive is not
// limited in size. Here an event is archived at once, and the oldest events are
// dropped when the archive is full, which is logged the first time.
type Archive struct {
	Name   string
	ARN    string
	BusARN string
	// Pattern is the event pattern's JSON; nil matches everything.
	Pattern json.RawMessage
	// Retention is how long an event is kept; 0 is for ever.
	Retention time.Duration
}

// archive is an Archive with its events, in the order of their arrival.
type archive struct {
	Archive

	pattern *pattern.Pattern
	created time.Time
	room    int

	mu     sync.Mutex
	texts  compact.Texts
	events []archivedEvent
	// size is the bytes of all events, as they were delivered.
	size int
	// full is set once an event was dropped because the archive was full.
	full bool
}

// archivedEvent is an event in an archive, which arrived then.
type archivedEvent struct {
	time, at  time.Time
	forwarded bool
	envelope  compact.Text
}

// CreateArchive creates an archive of a bus.
func (s *Service) CreateArchive(a Archive) error {
	parsed, err := parsePattern(a.Pattern)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buses[a.BusARN] == nil {
		return errUnknownBus(a.BusARN)
	}
	if slices.ContainsFunc(s.archives, func(other *archive) bool { return other.Name == a.Name }) {
		return wire.Errorf("ResourceAlreadyExistsException", "Archive %s already exists.", a.Name)
	}
	s.archives = append(s.archives, &archive{Archive: a, pattern: parsed, created: s.config.Clock(), room: s.config.ArchiveBytes})
	return nil
}

// store archives an event if the pattern matches it. Replayed events are in an
// archive already, and are not archived again. It reports whether the archive
// is full for the first time.
func (a *archive) store(arrived arrival, prepared pattern.Event) (nowFull bool) {
	if arrived.event.ReplayName != "" || (a.pattern != nil && !a.pattern.Match(prepared)) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropExpired(arrived.at)
	a.events = append(a.events, archivedEvent{arrived.event.Time, arrived.at, arrived.event.forwarded, a.texts.Keep(string(arrived.envelope))})
	a.size += len(arrived.envelope)
	wasFull := a.full
	for a.size > a.room {
		a.dropOldest()
		a.full = true
	}
	return a.full && !wasFull
}

// dropExpired drops the events that are older than the retention.
func (a *archive) dropExpired(now time.Time) {
	expired := now.Add(-a.Retention)
	for a.Retention > 0 && len(a.events) > 0 && !a.events[0].at.After(expired) {
		a.dropOldest()
	}
}

func (a *archive) dropOldest() {
	a.size -= a.events[0].envelope.Size()
	a.events[0] = archivedEvent{}
	a.events = a.events[1:]
}

// between returns the events whose times are not before from, and before until.
func (a *archive) between(from, until, now time.Time) (found []Event, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropExpired(now)
	for _, each := range a.events {
		if at := each.time.Truncate(time.Second); at.Before(from) || !at.Before(until) {
			continue
		}
		var e Event
		if err := json.Unmarshal([]byte(a.texts.Read(each.envelope)), &e); err != nil {
			return nil, err
		}
		e.Time, e.forwarded = each.time, each.forwarded
		found = append(found, e)
	}
	return found, nil
}

// DescribeArchiveInput is DescribeArchive's request.
type DescribeArchiveInput struct{ ArchiveName string }

// DescribeArchiveOutput describes an archive.
type DescribeArchiveOutput struct {
	ArchiveSummary
	ArchiveArn   string
	EventPattern string `json:",omitempty"`
}

// ArchiveSummary is what a list has of an archive. It lacks AWS's SizeBytes: how an
// event's size is counted there is not documented.
type ArchiveSummary struct {
	ArchiveName    string
	EventSourceArn string
	State          string
	RetentionDays  int
	EventCount     int
	CreationTime   float64
}

// DescribeArchive describes one archive.
func (s *Service) DescribeArchive(ctx context.Context, in *DescribeArchiveInput) (*DescribeArchiveOutput, error) {
	arn := s.arnIn("archive/" + in.ArchiveName)
	if err := s.allow(ctx, "DescribeArchive", arn); err != nil {
		return nil, err
	}
	found := s.archive(arn)
	if found == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Archive %s does not exist.", in.ArchiveName)
	}
	return &DescribeArchiveOutput{found.summary(s.config.Clock()), found.ARN, string(found.Pattern)}, nil
}

func (a *archive) summary(now time.Time) ArchiveSummary {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropExpired(now)
	return ArchiveSummary{
		ArchiveName: a.Name, EventSourceArn: a.BusARN, State: "ENABLED",
		RetentionDays: int(a.Retention / (24 * time.Hour)), EventCount: len(a.events), CreationTime: epoch(a.created),
	}
}

func (s *Service) listArchives(in *listInput) (found []ArchiveSummary, err error) {
	for _, each := range s.archives {
		if one := each.summary(s.config.Clock()); in.wants(one.ArchiveName, one.EventSourceArn, one.State) {
			found = append(found, one)
		}
	}
	return found, nil
}

// archive returns the archive with an ARN, or nil.
func (s *Service) archive(arn string) *archive {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, each := range s.archives {
		if each.ARN == arn {
			return each
		}
	}
	return nil
}
