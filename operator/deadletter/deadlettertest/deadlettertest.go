// Package deadlettertest is SQS in memory, as far as dead letters need it: it hides
// received messages, locks FIFO message groups and de-duplicates.
package deadlettertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrBroken is the error of an operation in SQS.Broken.
var ErrBroken = errors.New("the queue is broken")

// SQS is a fake of the SQS client. Its operations, and none of its fields, are safe for
// concurrent use.
type SQS struct {
	// Queues are the messages by queue URL.
	Queues map[string][]*Message
	// Policies are the redrive policies by queue URL.
	Policies map[string]string
	// Broken has the names of the operations that fail.
	Broken map[string]bool

	mu   sync.Mutex
	sent int
}

// Message is a message in a queue.
type Message struct {
	types.Message

	Hidden bool
	// Deduplication is the id with which it was sent.
	Deduplication string
}

// New makes an SQS without queues.
func New() *SQS {
	return &SQS{Queues: make(map[string][]*Message), Policies: make(map[string]string), Broken: make(map[string]bool)}
}

// ARN is the ARN of the queue with this URL.
func ARN(url string) string {
	return "arn:aws:sqs:eu-west-1:000000000000:" + url[strings.LastIndex(url, "/")+1:]
}

// Put puts a message into a queue. System attributes are its group, if it has
// one, and when it was sent, in milliseconds.
func (s *SQS) Put(url, body, group string, sent int64, attributes map[string]string) *Message {
	s.sent++
	m := &Message{Message: types.Message{
		MessageId: aws.String("m-" + strconv.Itoa(s.sent)), Body: &body, ReceiptHandle: aws.String("r-" + strconv.Itoa(s.sent)),
		Attributes:        map[string]string{"SentTimestamp": strconv.FormatInt(sent, 10)},
		MessageAttributes: make(map[string]types.MessageAttributeValue),
	}}
	if group != "" {
		m.Attributes["MessageGroupId"] = group
	}
	for name, value := range attributes {
		m.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	s.Queues[url] = append(s.Queues[url], m)
	return m
}

// Visible returns the ids of the messages of a queue that can be received.
func (s *SQS) Visible(url string) []string {
	var ids []string
	for _, m := range s.Queues[url] {
		if !m.Hidden {
			ids = append(ids, *m.MessageId)
		}
	}
	return ids
}

func (s *SQS) broken(operation string) error {
	if s.Broken[operation] {
		return fmt.Errorf("%s: %w", operation, ErrBroken)
	}
	return nil
}

// ReceiveMessage returns messages and hides them.
func (s *SQS) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	locked := make(map[string]bool)
	for _, m := range s.Queues[*in.QueueUrl] {
		if group := m.Attributes["MessageGroupId"]; m.Hidden && group != "" {
			locked[group] = true
		}
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range s.Queues[*in.QueueUrl] {
		if len(out.Messages) < int(in.MaxNumberOfMessages) && !m.Hidden && !locked[m.Attributes["MessageGroupId"]] {
			m.Hidden = true
			out.Messages = append(out.Messages, m.Message)
		}
	}
	return out, s.broken("ReceiveMessage")
}

// ChangeMessageVisibilityBatch makes messages visible again.
func (s *SQS) ChangeMessageVisibilityBatch(
	ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.broken("ChangeMessageVisibilityBatch")); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, entry := range in.Entries {
		m := s.find(*in.QueueUrl, *entry.ReceiptHandle)
		if m == nil || entry.VisibilityTimeout != 0 {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: entry.Id, Code: aws.String("InvalidParameterValue")})
			continue
		}
		m.Hidden = false
	}
	return out, nil
}

func (s *SQS) find(url, receipt string) *Message {
	for _, m := range s.Queues[url] {
		if *m.ReceiptHandle == receipt {
			return m
		}
	}
	return nil
}

// DeleteMessage deletes a message.
func (s *SQS) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.broken("DeleteMessage")); err != nil {
		return nil, err
	}
	s.Queues[*in.QueueUrl] = slices.DeleteFunc(s.Queues[*in.QueueUrl], func(m *Message) bool { return *m.ReceiptHandle == *in.ReceiptHandle })
	return &sqs.DeleteMessageOutput{}, nil
}

// GetQueueAttributes returns the ARN, the redrive policy and how many messages there
// are.
func (s *SQS) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	visible := len(s.Visible(*in.QueueUrl))
	attributes := map[string]string{
		"QueueArn":                              ARN(*in.QueueUrl),
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(len(s.Queues[*in.QueueUrl]) - visible),
		"ApproximateNumberOfMessagesDelayed":    "0",
	}
	if policy, has := s.Policies[*in.QueueUrl]; has {
		attributes["RedrivePolicy"] = policy
	}
	return &sqs.GetQueueAttributesOutput{Attributes: attributes}, s.broken("GetQueueAttributes")
}

// SendMessage puts a message into a queue, unless it has the de-duplication id of
// another one.
func (s *SQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.broken("SendMessage"); err != nil {
		return nil, err
	}
	deduplication := aws.ToString(in.MessageDeduplicationId)
	for _, m := range s.Queues[*in.QueueUrl] {
		if deduplication != "" && m.Deduplication == deduplication {
			return &sqs.SendMessageOutput{MessageId: m.MessageId}, nil
		}
	}
	m := s.Put(*in.QueueUrl, *in.MessageBody, aws.ToString(in.MessageGroupId), 0, nil)
	m.Deduplication = deduplication
	m.MessageAttributes = maps.Clone(in.MessageAttributes)
	if trace, has := in.MessageSystemAttributes["AWSTraceHeader"]; has {
		m.Attributes["AWSTraceHeader"] = *trace.StringValue
	}
	return &sqs.SendMessageOutput{MessageId: m.MessageId}, nil
}

// GetQueueUrl finds a queue by its name.
func (s *SQS) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for url := range s.Queues {
		if strings.HasSuffix(url, "/"+*in.QueueName) {
			return &sqs.GetQueueUrlOutput{QueueUrl: &url}, nil
		}
	}
	return nil, &types.QueueDoesNotExist{}
}
