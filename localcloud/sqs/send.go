package sqs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

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

// SendMessageBatchRequestEntry is one message of a batch, which names no queue.
type SendMessageBatchRequestEntry struct {
	Id string
	SendMessageInput
}

func (e SendMessageBatchRequestEntry) id() string { return e.Id }

// SendMessageBatchResultEntry is an entry that was accepted.
type SendMessageBatchResultEntry struct {
	Id string
	*SendMessageOutput
}

type (
	// SendMessageBatchInput is the request of SendMessageBatch.
	SendMessageBatchInput = BatchInput[SendMessageBatchRequestEntry]
	// SendMessageBatchOutput is its response.
	SendMessageBatchOutput = BatchOutput[SendMessageBatchResultEntry]
)

// SendMessage accepts one message. A duplicate within five minutes is accepted
// too, and never delivered.
func (s *Service) SendMessage(ctx context.Context, in *SendMessageInput) (*SendMessageOutput, error) {
	return locked(ctx, s, "SendMessage", in.QueueUrl, func(q *store, now time.Time) (*SendMessageOutput, error) {
		if q.FIFO && in.MessageGroupId == "" {
			return nil, missing("MessageGroupId")
		}
		return s.send(q, in, wire.Caller(ctx), now)
	})
}

// SendMessageBatch accepts up to ten messages, each on its own.
func (s *Service) SendMessageBatch(ctx context.Context, in *SendMessageBatchInput) (*SendMessageBatchOutput, error) {
	return locked(ctx, s, "SendMessage", in.QueueUrl, func(q *store, now time.Time) (*SendMessageBatchOutput, error) {
		if err := checkSendBatch(q, in.Entries); err != nil {
			return nil, err
		}
		return each(in.Entries, func(e SendMessageBatchRequestEntry) (SendMessageBatchResultEntry, error) {
			sent, err := s.send(q, &e.SendMessageInput, wire.Caller(ctx), now)
			return SendMessageBatchResultEntry{e.Id, sent}, err
		})
	})
}

func checkSendBatch(q *store, entries []SendMessageBatchRequestEntry) error {
	size := 0
	for _, entry := range entries {
		size += messageSize(&entry.SendMessageInput)
		switch {
		case entry.QueueUrl != "":
			return wire.ValidationError("the local cloud cannot take this request: an entry has a QueueUrl")
		case q.FIFO && entry.MessageGroupId == "":
			// Unlike SendMessage, the batch calls this an invalid value.
			return fail("InvalidParameterValue", "The request must contain the parameter MessageGroupId.")
		}
	}
	if size > maximumSize {
		return fail("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maximumSize, size)
	}
	return nil
}

// send adds a message to a queue, unless it is a duplicate: then the response is that of
// the first one.
func (s *Service) send(q *store, in *SendMessageInput, caller string, now time.Time) (*SendMessageOutput, error) {
	if err := checkMessage(q, in); err != nil {
		return nil, err
	}
	out := &SendMessageOutput{
		MD5OfMessageBody:             md5Hex([]byte(in.MessageBody)),
		MD5OfMessageAttributes:       md5OfAttributes(in.MessageAttributes),
		MD5OfMessageSystemAttributes: md5OfAttributes(in.MessageSystemAttributes),
	}
	m := &message{
		id: uuid.NewString(), attributes: in.MessageAttributes, sender: cmp.Or(caller, q.account()),
		group: in.MessageGroupId, dedup: in.MessageDeduplicationId,
	}
	if trace := in.MessageSystemAttributes[traceHeader].StringValue; trace != nil {
		m.trace = *trace
	}
	key, delay := "", durationOr(in.DelaySeconds, q.Delay)
	if q.FIFO {
		if m.dedup == "" {
			m.dedup = fmt.Sprintf("%x", sha256.Sum256([]byte(in.MessageBody)))
		}
		key, delay = m.dedup, q.Delay // A FIFO queue has only its own delay.
		if q.DeduplicationScope == ScopeMessageGroup {
			key = m.group + " " + m.dedup
		}
	}
	q.expire(now)
	accepted, duplicate := q.recent.find(key, now)
	if !duplicate {
		m.body = s.texts.Keep(in.MessageBody)
		s.enqueue(q, m, now, delay)
		accepted = sent{now, m.id, m.order}
		if q.FIFO {
			q.recent.remember(key, accepted)
		}
	}
	out.MessageId = accepted.id
	if q.FIFO {
		out.SequenceNumber = sequenceNumber(accepted.order)
	}
	return out, nil
}

func (s *Service) enqueue(q *store, m *message, now time.Time, delay time.Duration) {
	s.sequence++
	m.order, m.sent, m.visibleAt, m.expires = s.sequence, now, now.Add(delay), now.Add(q.Retention)
	q.add(m)
	s.arrived(q, m)
}

// checkMessage returns an error for a message that the queue cannot accept. The group id
// of a FIFO queue is checked before, because its absence is a different error in a batch.
func checkMessage(q *store, in *SendMessageInput) error {
	switch delay := wire.ValueOr(in.DelaySeconds, 0); {
	case in.MessageBody == "":
		return missing("MessageBody")
	case !validText(in.MessageBody):
		return fail("InvalidMessageContents", invalidText)
	case messageSize(in) > q.MaximumMessageSize:
		return fail("InvalidParameterValue",
			"One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaximumMessageSize)
	case delay < 0 || delay > int(maximumDelay/time.Second):
		return invalid("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900.")
	case q.FIFO && delay > 0:
		return invalid("DelaySeconds", delay, "The request include parameter that is not valid for this queue type.")
	}
	return cmp.Or(
		checkAttributes(in.MessageAttributes),
		checkSystemAttributes(in.MessageSystemAttributes),
		checkIDs(q, in.MessageGroupId, in.MessageDeduplicationId),
	)
}

func checkIDs(q *store, group, dedup string) error {
	const reason = " can only include alphanumeric and punctuation characters. 1 to 128 in length."
	switch {
	case group != "" && !messageID.MatchString(group):
		return invalid("MessageGroupId", group, "MessageGroupId"+reason)
	case dedup == "" && q.FIFO && !q.ContentBasedDeduplication:
		return fail("InvalidParameterValue",
			"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case dedup != "" && !q.FIFO:
		return invalid("MessageDeduplicationId", dedup, "The request includes a parameter that is not valid for this queue type.")
	case dedup != "" && !messageID.MatchString(dedup):
		return invalid("MessageDeduplicationId", dedup, "MessageDeduplicationId"+reason)
	}
	return nil
}

// messageID has letters, digits and ASCII punctuation: no spaces.
var messageID = regexp.MustCompile(`^[!-~]{1,128}$`)

const invalidText = "Invalid characters found. Valid unicode characters are " +
	"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// validText reports whether a body or the text of an attribute has only valid characters
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html).
func validText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		control := r < 0x20 && r != '\t' && r != '\n' && r != '\r'
		return control || r == 0xFFFE || r == 0xFFFF
	})
}

// messageSize returns the bytes that count towards the limit: the body and the
// attributes.
func messageSize(in *SendMessageInput) int {
	size := len(in.MessageBody)
	for name, attribute := range in.MessageAttributes {
		size += len(name) + len(attribute.DataType) + len(attribute.value())
	}
	return size
}
