package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// pollAgain is the wait after a receive that failed.
const pollAgain = time.Second

// EventSource maps a queue to a function, one of its versions or one of its
// aliases. It has to be valid.
type EventSource struct {
	// ID is the mapping's UUID.
	ID                    string
	QueueARN, FunctionARN string
	// BatchSize is the maximum number of messages in one invocation.
	BatchSize int
	// BatchingWindow is how long a batch of a standard queue may wait to be filled.
	BatchingWindow time.Duration
	// MaximumConcurrency limits the invocations at once; with 0 only the
	// function's own concurrency does.
	MaximumConcurrency      int
	ReportBatchItemFailures bool
	// Filters are event patterns. A message that matches none of them is deleted.
	Filters []string
	// IsDisabled is set if the queue is not read until the mapping is enabled.
	IsDisabled bool
}

// MappingStats counts what an event source mapping has done.
type MappingStats struct {
	QueueARN, FunctionARN string
	// Invocations are the batches the function was invoked with, Records
	// the messages in them, Failed the messages that were not deleted.
	Invocations, Records, Failed int
	LargestBatch                 int
	IsDisabled                   bool
}

// mapping reads a queue and invokes a function with batches of its messages.
type mapping struct {
	EventSource
	target  target
	queues  Queues
	url     string
	region  string
	timeout time.Duration // the queue's visibility timeout
	// receives is after how many a message moves to the dead-letter queue; 0 is never.
	receives int
	fifo     bool
	filters  filters
	// slots limits the batches at once.
	slots chan struct{}
	// gate is closed while the mapping is disabled.
	gate gate

	mu    sync.Mutex
	stats MappingStats
}

// Map begins to read a queue for a function.
func (s *Service) Map(source EventSource) error {
	s.mu.Lock()
	t, err := s.find(source.FunctionARN)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("event source mapping of %s: there is no function %s", source.QueueARN, source.FunctionARN)
	}
	m, err := s.newMapping(source, t)
	if err != nil {
		return fmt.Errorf("event source mapping of %s to %s: %w", source.QueueARN, t.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	for _, other := range s.mappings {
		if other.QueueARN == source.QueueARN && other.FunctionARN == source.FunctionARN {
			return fmt.Errorf("event source mapping of %s to %s exists already", source.QueueARN, t.Name)
		}
	}
	s.mappings = append(s.mappings, m)
	s.background(func(ctx context.Context) { m.poll(ctx, s) })
	return nil
}

func (s *Service) newMapping(source EventSource, t target) (*mapping, error) {
	filters, err := parseFilters(source.Filters)
	if err != nil {
		return nil, err
	}
	url, found := s.config.Queues.URL(source.QueueARN)
	if !found {
		return nil, errors.New("the queue does not exist")
	}
	timeout, receives, err := queueAttributes(t.asRole(context.Background()), s.config.Queues, url)
	if err != nil {
		return nil, err
	}
	if timeout < t.Timeout {
		return nil, fmt.Errorf("queue visibility timeout: %d seconds is less than function timeout: %d seconds",
			int(timeout.Seconds()), int(t.Timeout.Seconds()))
	}
	// More batches than slots would only be throttled, which would use up receives
	// of their messages.
	limit := t.Concurrency
	if source.MaximumConcurrency > 0 {
		limit = min(limit, source.MaximumConcurrency)
	}
	m := &mapping{
		EventSource: source, target: t, queues: s.config.Queues, url: url, region: s.config.Region,
		timeout: timeout, receives: receives, fifo: strings.HasSuffix(source.QueueARN, ".fifo"), filters: filters, slots: make(chan struct{}, limit),
		stats: MappingStats{QueueARN: source.QueueARN, FunctionARN: source.FunctionARN},
	}
	m.enable(!source.IsDisabled)
	return m, nil
}

// enable lets the mapping read its queue, or not. A receive that waits ends first.
func (m *mapping) enable(enabled bool) {
	m.gate.set(enabled)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.IsDisabled = !enabled
}

// queueAttributes returns the visibility timeout of a queue, and how often a message
// is received before it moves to the dead-letter queue: 0 without one.
func queueAttributes(ctx context.Context, queues Queues, url string) (visibility time.Duration, receives int, err error) {
	const timeout, redrive = "VisibilityTimeout", "RedrivePolicy"
	out, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []string{timeout, redrive}})
	if err != nil {
		return 0, 0, err
	}
	seconds, err := strconv.Atoi(out.Attributes[timeout])
	var policy struct{ MaxReceiveCount int }
	if text := out.Attributes[redrive]; err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &policy)
	}
	return time.Duration(seconds) * time.Second, policy.MaxReceiveCount, err
}

// poll starts to process each batch at once and polls again, as long as there
// is a slot.
func (m *mapping) poll(ctx context.Context, s *Service) {
	for {
		m.gate.wait(ctx)
		m.target.gate.wait(ctx)
		select {
		case m.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch, visible, err := m.collect(m.target.asRole(ctx))
		if err != nil && ctx.Err() == nil {
			s.config.Logger.ErrorContext(ctx, "an event source mapping cannot receive", "queue", m.QueueARN, "error", err)
			if wire.Sleep(ctx, pollAgain) != nil {
				return
			}
		}
		if len(batch) == 0 {
			<-m.slots
			continue
		}
		s.busy.Add(1)
		s.background(func(ctx context.Context) {
			defer func() {
				<-m.slots
				s.busy.Add(-1)
			}()
			m.target.gate.wait(ctx) // The gate may have been closed meanwhile.
			if err := m.process(ctx, batch, visible); err != nil && ctx.Err() == nil {
				s.config.Logger.ErrorContext(ctx, "an event source mapping has failed", "queue", m.QueueARN, "error", err)
			}
		})
	}
}

// collect receives until the batch is full. Without a batching window it
// returns the messages that there are. With one it waits for more, until the
// window after the first message is over. It also returns when the first
// message becomes visible again.
func (m *mapping) collect(ctx context.Context) (batch []sqs.Message, visible time.Time, err error) {
	batch, err = m.receive(ctx, m.BatchSize)
	visible = m.target.config.Clock().Add(m.timeout)
	if err != nil || len(batch) == 0 || m.BatchingWindow == 0 {
		return batch, visible, err
	}
	window, cancel := context.WithTimeout(ctx, m.BatchingWindow)
	defer cancel()
	for len(batch) < m.BatchSize && size(batch) < maximumPayload {
		more, err := m.receive(window, m.BatchSize-len(batch))
		batch = append(batch, more...)
		if window.Err() != nil {
			return batch, visible, nil
		}
		if err != nil {
			return batch, visible, err
		}
	}
	return batch, visible, nil
}

// receive returns the messages that pass the filters, and deletes the others.
func (m *mapping) receive(ctx context.Context, limit int) ([]sqs.Message, error) {
	out, err := m.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: m.url, MaxNumberOfMessages: new(min(limit, 10)), WaitTimeSeconds: new(20),
		MessageSystemAttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	passed, others, err := m.filters.split(out.Messages)
	return passed, errors.Join(err, m.delete(ctx, others))
}

func size(batch []sqs.Message) int {
	total := 0
	for _, message := range batch {
		total += len(message.Body)
	}
	return total
}

func (m *mapping) snapshot() MappingStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

func (m *mapping) count(records, failed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Invocations++
	m.stats.Records += records
	m.stats.Failed += failed
	m.stats.LargestBatch = max(m.stats.LargestBatch, records)
}
