package sqs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/wire"
)

// SendMessageInput is one message for a queue.
type SendMessageInput struct {
	QueueUrl                string
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]MessageAttribute
	MessageSystemAttributes map[string]MessageAttribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

// SendMessageOutput identifies the accepted message.
type SendMessageOutput struct {
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	MessageId                    string
	SequenceNumber               string `json:",omitempty"`
}

// SendMessageBatchInput is up to ten messages for a queue.
type SendMessageBatchInput struct {
	QueueUrl string
	Entries  []SendMessageBatchRequestEntry
}

// SendMessageBatchRequestEntry is one message of a batch.
type SendMessageBatchRequestEntry struct {
	Id                      string
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]MessageAttribute
	MessageSystemAttributes map[string]MessageAttribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

// SendMessageBatchOutput has the result of each entry.
type SendMessageBatchOutput struct {
	Successful []SendMessageBatchResultEntry
	Failed     []BatchResultErrorEntry `json:",omitempty"`
}

// SendMessageBatchResultEntry is an entry that was accepted.
type SendMessageBatchResultEntry struct {
	Id string
	SendMessageOutput
}

// SendMessage accepts one message. A duplicate within five minutes is accepted
// too, and never delivered.
func (s *Service) SendMessage(ctx context.Context, in *SendMessageInput) (*SendMessageOutput, error) {
	q, err := s.open(ctx, "SendMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if q.FIFO && in.MessageGroupId == "" {
		return nil, missing("MessageGroupId")
	}
	return s.send(q, in, wire.Caller(ctx))
}

// SendMessageBatch accepts up to ten messages, each on its own.
func (s *Service) SendMessageBatch(ctx context.Context, in *SendMessageBatchInput) (*SendMessageBatchOutput, error) {
	q, err := s.open(ctx, "SendMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkSendBatch(q, in.Entries); err != nil {
		return nil, err
	}
	out := &SendMessageBatchOutput{Successful: []SendMessageBatchResultEntry{}}
	for _, entry := range in.Entries {
		sent, err := s.send(q, entry.message(), wire.Caller(ctx))
		if err != nil {
			out.Failed = append(out.Failed, failed(entry.Id, err))
			continue
		}
		out.Successful = append(out.Successful, SendMessageBatchResultEntry{Id: entry.Id, SendMessageOutput: *sent})
	}
	return out, nil
}

func (e *SendMessageBatchRequestEntry) message() *SendMessageInput {
	return &SendMessageInput{
		MessageBody: e.MessageBody, DelaySeconds: e.DelaySeconds,
		MessageAttributes: e.MessageAttributes, MessageSystemAttributes: e.MessageSystemAttributes,
		MessageDeduplicationId: e.MessageDeduplicationId, MessageGroupId: e.MessageGroupId,
	}
}

func checkSendBatch(q *store, entries []SendMessageBatchRequestEntry) error {
	ids, size := make([]string, len(entries)), 0
	for i, entry := range entries {
		ids[i] = entry.Id
		size += messageSize(entry.message())
		if q.FIFO && entry.MessageGroupId == "" {
			// Unlike SendMessage, the batch calls this an invalid value.
			return fail("InvalidParameterValue", "The request must contain the parameter MessageGroupId.")
		}
	}
	if err := checkBatch(ids); err != nil {
		return err
	}
	if size > maximumSize {
		return fail("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maximumSize, size)
	}
	return nil
}

func (s *Service) send(q *store, in *SendMessageInput, caller string) (*SendMessageOutput, error) {
	if err := checkMessage(q, in); err != nil {
		return nil, err
	}
	m := &message{
		id: uuid.NewString(), body: in.MessageBody, bodyMD5: md5Hex([]byte(in.MessageBody)),
		attributes: in.MessageAttributes, sender: cmp.Or(caller, q.account()),
		group: in.MessageGroupId, dedup: in.MessageDeduplicationId,
	}
	if trace := in.MessageSystemAttributes[traceHeader].StringValue; trace != nil {
		m.trace = *trace
	}
	if q.FIFO && m.dedup == "" {
		hash := sha256.Sum256([]byte(in.MessageBody))
		m.dedup = hex.EncodeToString(hash[:])
	}
	delay := q.Delay
	// A FIFO queue has only its own delay.
	if in.DelaySeconds != nil && !q.FIFO {
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	id, sequence := s.accept(q, m, delay)
	return &SendMessageOutput{
		MD5OfMessageBody:             m.bodyMD5,
		MD5OfMessageAttributes:       md5OfAttributes(in.MessageAttributes),
		MD5OfMessageSystemAttributes: md5OfAttributes(in.MessageSystemAttributes),
		MessageId:                    id,
		SequenceNumber:               sequence,
	}, nil
}

// accept adds the message to the queue, unless it is a duplicate: then it
// returns the first message's id and sequence number.
func (s *Service) accept(q *store, m *message, delay time.Duration) (id, sequence string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock()
	q.expire(now)
	if !q.FIFO {
		s.enqueue(q, m, now, delay)
		return m.id, ""
	}
	duplicateOf := m.dedup
	if q.DeduplicationScope == ScopeMessageGroup {
		duplicateOf = m.group + " " + m.dedup
	}
	if first, found := q.recent.find(duplicateOf, now); found {
		return first.id, first.sequence
	}
	s.enqueue(q, m, now, delay)
	q.recent.remember(duplicateOf, sent{at: now, id: m.id, sequence: m.sequenceNumber()})
	return m.id, m.sequenceNumber()
}

func (s *Service) enqueue(q *store, m *message, now time.Time, delay time.Duration) {
	s.sequence++
	m.order, m.sent, m.visibleAt, m.expires = s.sequence, now, now.Add(delay), now.Add(q.Retention)
	q.add(m)
	s.arrived(q, m)
}
