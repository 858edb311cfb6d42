package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/envelope"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/event"
)

// published reads the log group that has every event of the Global bus.
func published(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group string, into *audit.Evidence) error {
	return logs.Read(ctx, client, logs.Query{Group: group}, func(logged types.FilteredLogEvent) {
		message := aws.ToString(logged.Message)
		e, _, err := envelope.Parse(message)
		if err != nil {
			into.Malformed = append(into.Malformed, fmt.Sprintf("%v: %s", err, message))
			return
		}
		into.Published = append(into.Published, e)
	})
}

// OfOrder returns the events of an order that were logged, each once, in the order
// in which they were and in the envelope of EventBridge. It needs the permissions
// logs:FilterLogEvents and logs:Unmask.
func OfOrder(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, in stack.Stack, order string) ([]string, error) {
	group, err := in.EventLog()
	if err != nil {
		return nil, err
	}
	var events []string
	seen := make(map[string]bool)
	// The log finds what mentions the order, which need not be about it.
	err = logs.Read(ctx, client, logs.Query{Group: group, Text: order}, func(logged types.FilteredLogEvent) {
		message := aws.ToString(logged.Message)
		if content := (deadletter.Message{Body: message}).Content(); content.Order == order && !seen[content.ID] {
			seen[content.ID] = true
			events = append(events, message)
		}
	})
	return events, err
}

// notified asks the notification endpoint of the local cloud what it received.
func notified(ctx context.Context, url string) (events []event.Event, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the notifications: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the notifications: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the notifications: %s answers %s", url, answer.Status)
	}
	var received struct {
		Deliveries []struct {
			Body json.RawMessage `json:"body"`
		} `json:"deliveries"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&received); err != nil {
		return nil, fmt.Errorf("read the notifications: %w", err)
	}
	events = []event.Event{}
	for _, notification := range received.Deliveries {
		e, err := event.Parse(notification.Body)
		if err != nil {
			return nil, fmt.Errorf("read the notification %s: %w", notification.Body, err)
		}
		events = append(events, e)
	}
	return events, nil
}
