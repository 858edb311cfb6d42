package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/deadletter"
	"example.com/saga/pkg/sqsbody"
)

type queueAttribute = types.QueueAttributeName

const queueARN = types.QueueAttributeNameQueueArn

// route is how a dead letter gets to its destination.
type route struct {
	// destination is described for people.
	destination string
	// payload is what a handler gets, if the destination is a queue or a function.
	payload string
	send    func(ctx context.Context) error
}

// route returns the route of a dead letter in the queue with the given ARN.
func (r *Redriver) route(ctx context.Context, arn string, m deadletter.Message) (route, error) {
	switch {
	case m.Undecoded != nil:
		return route{}, m.Undecoded
	case m.Attribute(deadletter.RuleARN) != "":
		return r.routeOfRule(ctx, arn, m)
	case m.Attribute(deadletter.ScheduleARN) != "":
		return route{}, errors.New("it is of a schedule, which runs again by itself")
	}
	var sources deadletter.Sources
	for _, source := range r.Sources {
		if source.DeadLetterARN == arn && (m.From == "" || m.From == source.ARN) {
			sources = append(sources, source)
		}
	}
	functions := r.Owners[arn]
	source, known := mainSource(sources)
	switch {
	case known && len(functions) == 0:
		return r.toQueue(message{url: source.URL, body: m.Body, dead: m}, source.Name)
	case len(sources) == 0 && len(functions) == 1:
		return r.toFunction(functions[0], m.Body)
	case len(sources) == 0 && len(functions) == 0:
		return route{}, errors.New("no queue or function has this dead-letter queue, and there is no attribute " + deadletter.RuleARN)
	default:
		return route{}, errors.New("its source is unknown: more than one queue or function has this dead-letter queue")
	}
}

// mainSource returns the queue that a dead letter of these queues is sent to: the only
// one or, of several in one construct, the one with the id Queue. Their messages are
// handled by the same worker, and a dead letter that the worker sent names no queue.
func mainSource(sources deadletter.Sources) (main deadletter.Source, known bool) {
	for _, source := range sources {
		if path.Dir(source.Name) != path.Dir(sources[0].Name) {
			return deadletter.Source{}, false
		}
		if len(sources) == 1 || path.Base(source.Name) == "Queue" {
			main, known = source, true
		}
	}
	return main, known
}

// message is what is sent to a queue for a dead letter.
type message struct {
	url, body string
	// group is the FIFO message group, if it is known.
	group string
	dead  deadletter.Message
}

// toQueue sends the message as it was, and never escaped: a consumer does not decode
// it.
func (r *Redriver) toQueue(m message, name string) (route, error) {
	if err := sqsbody.Check(m.body); err != nil {
		return route{}, fmt.Errorf("queue %s cannot carry it: %w", name, err)
	}
	return route{"queue " + name, m.body, func(ctx context.Context) error {
		if _, err := r.Queues.SendMessage(ctx, m.input()); err != nil {
			return fmt.Errorf("send to queue %s: %w", name, err)
		}
		return nil
	}}, nil
}

// input returns the request. The de-duplication id is that of the dead letter, and not
// the one that the message had first, which the queue would drop within five minutes. A
// dead letter that is sent twice, because it could not be deleted, is accepted once.
func (m message) input() *sqs.SendMessageInput {
	in := &sqs.SendMessageInput{
		QueueUrl: &m.url, MessageBody: &m.body, MessageAttributes: maps.Clone(m.dead.Attributes),
	}
	maps.DeleteFunc(in.MessageAttributes, func(name string, _ types.MessageAttributeValue) bool {
		return slices.Contains(sqsbody.ReasonAttributes(), name)
	})
	if m.dead.Trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &m.dead.Trace},
		}
	}
	if strings.HasSuffix(m.url, ".fifo") {
		in.MessageGroupId = new(m.groupID())
		in.MessageDeduplicationId = new("redrive-" + m.dead.ID)
	}
	return in
}

// groupID returns the group that the rule sets, or else that of the event's order. What
// is not an event stays in the group that it was in.
func (m message) groupID() string {
	var event struct {
		Subject string `json:"subject"`
	}
	switch err := json.Unmarshal([]byte(m.body), &event); {
	case m.group != "":
		return m.group
	case err == nil && event.Subject != "":
		return event.Subject
	case m.dead.Group != "":
		return m.dead.Group
	}
	return m.dead.ID
}

// toFunction invokes a function as its events do: asynchronously, and Lambda retries.
func (r *Redriver) toFunction(name, payload string) (route, error) {
	if !json.Valid([]byte(payload)) || !utf8.ValidString(payload) {
		return route{}, fmt.Errorf("function %s cannot be invoked with it: it is not JSON in UTF-8", name)
	}
	return route{"function " + name, payload, func(ctx context.Context) error {
		if _, err := r.Functions.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: &name, InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(payload),
		}); err != nil {
			return fmt.Errorf("invoke function %s: %w", name, err)
		}
		return nil
	}}, nil
}
