package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/letter"
	"example.com/saga/pkg/sqsbody"
)

type queueAttribute = types.QueueAttributeName

const queueARN = types.QueueAttributeNameQueueArn

// way is a way back.
type way struct {
	// to says where it leads, to a person.
	to   string
	send func(ctx context.Context) error
}

// way finds the way back of a letter in the queue with the given ARN.
func (r *Redriver) way(ctx context.Context, arn string, l letter.Letter) (way, error) {
	switch {
	case l.Undecoded != nil:
		return way{}, l.Undecoded
	case l.Attribute(letter.RuleARN) != "":
		return r.wayOfRule(ctx, arn, l)
	case l.Attribute(letter.ScheduleARN) != "":
		return way{}, errors.New("it is of a schedule, which comes again by itself")
	}
	var sources letter.Sources
	for _, source := range r.Sources {
		if source.DeadLetterARN == arn && (l.From == "" || l.From == source.ARN) {
			sources = append(sources, source)
		}
	}
	functions := r.Owners[arn]
	switch {
	case len(sources) == 1 && len(functions) == 0:
		return r.toQueue(message{url: sources[0].URL, body: l.Body, letter: l}, sources[0].Name)
	case len(sources) == 0 && len(functions) == 1:
		return r.toFunction(functions[0], l.Body)
	case len(sources) == 0 && len(functions) == 0:
		return way{}, errors.New("nothing has this queue for its dead-letter queue, and the letter has no " + letter.RuleARN)
	default:
		return way{}, errors.New("it may come from more than one place, and does not say from where")
	}
}

// message is what a queue gets because of a letter.
type message struct {
	url, body string
	// group is the FIFO message group, if it is known.
	group  string
	letter letter.Letter
}

// toQueue sends the message as it was, and never escaped: a consumer does not look
// for that.
func (r *Redriver) toQueue(m message, name string) (way, error) {
	if err := sqsbody.Check(m.body); err != nil {
		return way{}, fmt.Errorf("queue %s cannot carry it: %w", name, err)
	}
	return way{"queue " + name, func(ctx context.Context) error {
		if _, err := r.Queues.SendMessage(ctx, m.input()); err != nil {
			return fmt.Errorf("send to queue %s: %w", name, err)
		}
		return nil
	}}, nil
}

// input makes the request. The de-duplication id is of the letter, and not the
// one that the message had on its first way: the queue would drop that within
// five minutes. A letter that is sent twice, because it could not be removed, is
// taken once.
func (m message) input() *sqs.SendMessageInput {
	in := &sqs.SendMessageInput{
		QueueUrl: &m.url, MessageBody: &m.body, MessageAttributes: maps.Clone(m.letter.Attributes),
	}
	maps.DeleteFunc(in.MessageAttributes, func(name string, _ types.MessageAttributeValue) bool {
		return slices.Contains(letter.ReasonAttributes(), name)
	})
	if m.letter.Trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &m.letter.Trace},
		}
	}
	if strings.HasSuffix(m.url, ".fifo") {
		in.MessageGroupId = new(m.groupID())
		in.MessageDeduplicationId = new("redrive-" + m.letter.ID)
	}
	return in
}

// groupID is the group that the rule or else the event asks for. What is not an
// event stays in the group that it was in.
func (m message) groupID() string {
	var event struct {
		Subject string `json:"subject"`
	}
	switch err := json.Unmarshal([]byte(m.body), &event); {
	case m.group != "":
		return m.group
	case err == nil && event.Subject != "":
		return event.Subject
	case m.letter.Group != "":
		return m.letter.Group
	}
	return m.letter.ID
}

// toFunction invokes a function as its events do: without waiting for the answer,
// and Lambda tries again.
func (r *Redriver) toFunction(name, payload string) (way, error) {
	if !json.Valid([]byte(payload)) || !utf8.ValidString(payload) {
		return way{}, fmt.Errorf("function %s cannot be invoked with it: it is not JSON in UTF-8", name)
	}
	return way{"function " + name, func(ctx context.Context) error {
		if _, err := r.Functions.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: &name, InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(payload),
		}); err != nil {
			return fmt.Errorf("invoke function %s: %w", name, err)
		}
		return nil
	}}, nil
}
