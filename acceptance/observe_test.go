package acceptance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/event"
)

// observed reads the observability queue empty and gives the events by order,
// each event id once. It fails if an event is invalid or an id has two contents.
func (c *cloud) observed(tb testing.TB) map[string][]event.Event {
	tb.Helper()
	client := sqs.NewFromConfig(c.aws(tb))
	queue := c.Outputs["ObservabilityQueueUrl"]
	events := make(map[string][]event.Event)
	contents := make(map[string][]byte)
	for {
		out, err := client.ReceiveMessage(tb.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		if err != nil {
			tb.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return events
		}
		for _, message := range out.Messages {
			e, content := fromEnvelope(tb, message)
			if known, seen := contents[e.Source+e.ID]; seen {
				if !bytes.Equal(known, content) {
					tb.Errorf("%s %s has two contents:\n%s\n%s", e.Type, e.ID, known, content)
				}
			} else {
				contents[e.Source+e.ID] = content
				events[e.Subject] = append(events[e.Subject], e)
			}
			if _, err := client.DeleteMessage(tb.Context(), &sqs.DeleteMessageInput{
				QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle,
			}); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

func fromEnvelope(tb testing.TB, message types.Message) (event.Event, []byte) {
	tb.Helper()
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &envelope); err != nil {
		tb.Fatalf("%q: %v", aws.ToString(message.Body), err)
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		tb.Fatalf("%s: %v", envelope.Detail, err)
	}
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		tb.Errorf("the envelope says %s from %s, the event %s from %s", envelope.DetailType, envelope.Source, e.Type, e.Source)
	}
	return e, envelope.Detail
}

// notification is an event that arrived at the notification endpoint.
type notification struct {
	// Count is how often it came.
	Count  int             `json:"count"`
	Header http.Header     `json:"headers"`
	Body   json.RawMessage `json:"body"`
}

func (c *cloud) notifications(tb testing.TB) []notification {
	tb.Helper()
	var received struct {
		Deliveries []notification `json:"deliveries"`
	}
	c.get(tb, c.NotificationsURL, &received)
	return received.Deliveries
}

// deadLettered gives how many messages are in each dead-letter queue that is
// not empty.
func (u usage) deadLettered() map[string]int {
	letters := make(map[string]int)
	for path, counts := range u.Queues {
		if waiting := counts.Visible + counts.InFlight; waiting > 0 && isDeadLetterQueue(path) {
			letters[path] = waiting
		}
	}
	return letters
}

// Every dead-letter queue is called Undelivered (of a rule's target) or
// DeadLetters (of a queue or a function).
func isDeadLetterQueue(path string) bool {
	return strings.HasSuffix(path, "/Undelivered") || strings.HasSuffix(path, "/DeadLetters")
}
