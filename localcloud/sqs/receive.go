package sqs

import (
	"context"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// ReceiveMessageInput is a request for messages. AttributeNames is the older
// name of MessageSystemAttributeNames.
type ReceiveMessageInput struct {
	QueueUrl                    string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

// ReceiveMessageOutput is the response. Messages is absent if there are none.
type ReceiveMessageOutput struct {
	Messages []Message `json:",omitempty"`
}

// Message is a message as a consumer receives it.
type Message struct {
	MessageId              string
	ReceiptHandle          string
	Body                   string
	MD5OfBody              string
	Attributes             map[string]string           `json:",omitempty"`
	MessageAttributes      map[string]MessageAttribute `json:",omitempty"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
}

// ReceiveMessage returns messages and hides them until their visibility
// timeout. With a wait it returns as soon as there is a message. The context's
// error is returned if the context ends first.
func (s *Service) ReceiveMessage(ctx context.Context, in *ReceiveMessageInput) (*ReceiveMessageOutput, error) {
	q, err := locked(ctx, s, "ReceiveMessage", in.QueueUrl, func(q *store, _ time.Time) (*store, error) { return q, in.check() })
	if err != nil {
		return nil, err
	}
	deadline := s.config.Clock().Add(durationOr(in.WaitTimeSeconds, q.ReceiveWait))
	for {
		messages, changed, pause := s.receive(ctx, q, in, deadline)
		if pause <= 0 {
			return &ReceiveMessageOutput{Messages: messages}, nil
		}
		if err := await(ctx, changed, pause); err != nil {
			return nil, err
		}
	}
}

// await waits until the queue has changed or the pause is over.
func await(ctx context.Context, changed <-chan struct{}, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-timer.C:
	}
	return nil
}

// receive returns the messages that can be received now. If there are none, it
// returns the channel to wait for, and for how long at most: until the
// deadline, or until a hidden message becomes visible by itself. The pause is 0
// if there are messages or the deadline has passed.
func (s *Service) receive(ctx context.Context, q *store, in *ReceiveMessageInput, deadline time.Time) ([]Message, <-chan struct{}, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock()
	q.expire(now)
	chosen, dead := q.pick(s.order(ctx, q), now, wire.ValueOr(in.MaxNumberOfMessages, 1))
	for _, m := range dead {
		s.sendToDeadLetterQueue(q, m, now)
	}
	timeout := durationOr(in.VisibilityTimeout, q.VisibilityTimeout)
	if len(chosen) > 0 {
		q.requests.Receives++
		q.requests.EmptyReceives--
		messages := make([]Message, len(chosen))
		for i, m := range chosen {
			m.receive(now, timeout)
			messages[i] = in.message(q, m)
		}
		return messages, nil, 0
	}
	pause := deadline.Sub(now)
	if next := q.nextVisible(now); pause > 0 && !next.IsZero() && next.Before(deadline) {
		pause = next.Sub(now)
	}
	return nil, q.changed, pause
}

// order returns the messages in the order in which a receive considers them.
func (s *Service) order(ctx context.Context, q *store) []*message {
	if s.config.Shuffle == nil || q.FIFO {
		return q.messages
	}
	messages := q.messages
	s.config.Shuffle(ctx, len(messages), func(i, j int) {
		if &messages[0] == &q.messages[0] { // A queue may be long, and a shuffle is rare.
			messages = slices.Clone(messages)
		}
		messages[i], messages[j] = messages[j], messages[i]
	})
	return messages
}

// sendToDeadLetterQueue moves a message to the dead-letter queue. The message
// keeps its id, body, attributes, sent time and receive count.
func (s *Service) sendToDeadLetterQueue(q *store, m *message, now time.Time) {
	target := s.byARN[q.Redrive.DeadLetterARN]
	q.remove(m)
	s.sequence++
	m.order, m.source, m.visibleAt = s.sequence, q.ARN, now
	// A standard dead-letter queue keeps a message from when it was first
	// sent, a FIFO one from when it arrives there.
	m.expires = m.sent.Add(target.Retention)
	if target.FIFO {
		m.expires, m.dedup = now.Add(target.Retention), m.id
	}
	target.add(m)
	s.arrived(target, m)
}

func (in *ReceiveMessageInput) check() error {
	for _, limit := range []struct {
		parameter   string
		value       *int
		least, most int
		requirement string
	}{
		{"MaxNumberOfMessages", in.MaxNumberOfMessages, 1, 10, "Must be between 1 and 10, if provided."},
		{"WaitTimeSeconds", in.WaitTimeSeconds, 0, 20, "Must be >= 0 and <= 20, if provided."},
		{"VisibilityTimeout", in.VisibilityTimeout, 0, 43200, "VisibilityTimeout must be an integer between 0 and 43200"},
	} {
		if limit.value != nil && (*limit.value < limit.least || *limit.value > limit.most) {
			return invalid(limit.parameter, *limit.value, limit.requirement)
		}
	}
	return checkNames(in.systemAttributes(), systemAttributeNames())
}

func (in *ReceiveMessageInput) systemAttributes() []string {
	return slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
}

func systemAttributeNames() []string {
	return []string{
		"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
		"SequenceNumber", "MessageDeduplicationId", "MessageGroupId", traceHeader, "DeadLetterQueueSourceArn",
	}
}

func (in *ReceiveMessageInput) message(q *store, m *message) Message {
	body, attributes := q.texts.Read(m.body), selected(m.attributes, in.MessageAttributeNames, matchesAttribute)
	return Message{
		MessageId: m.id, ReceiptHandle: m.handle(q.ARN), Body: body, MD5OfBody: md5Hex([]byte(body)),
		Attributes:        selected(m.systemAttributes(q.FIFO), in.systemAttributes(), isNamed),
		MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes),
	}
}

func isNamed(pattern, name string) bool { return pattern == "All" || pattern == name }

// matchesAttribute reports whether a pattern matches a name. A pattern is All,
// .*, a prefix such as trace.*, or a name.
func matchesAttribute(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, ".*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return isNamed(pattern, name)
}

func selected[V any](all map[string]V, patterns []string, matches func(pattern, name string) bool) map[string]V {
	chosen := map[string]V{}
	for name, value := range all {
		if slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) }) {
			chosen[name] = value
		}
	}
	return chosen
}

func durationOr(seconds *int, otherwise time.Duration) time.Duration {
	if seconds == nil {
		return otherwise
	}
	return time.Duration(*seconds) * time.Second
}
