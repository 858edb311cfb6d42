package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/event"
)

// published reads the log group that has every event of the Global bus.
func published(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group string, into *audit.Evidence) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read the events in %s: %w", group, err)
		}
		for _, logged := range page.Events {
			message := aws.ToString(logged.Message)
			e, err := inEnvelope(message)
			if err != nil {
				into.Malformed = append(into.Malformed, fmt.Sprintf("%v: %s", err, message))
				continue
			}
			into.Published = append(into.Published, e)
		}
	}
	return nil
}

// inEnvelope reads the event in an envelope of EventBridge, which repeats its
// source and type.
func inEnvelope(text string) (event.Event, error) {
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(text), &envelope); err != nil {
		return event.Event{}, fmt.Errorf("not an event of EventBridge: %w", err)
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		return e, err
	}
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		return e, fmt.Errorf("the envelope says %s from %s", envelope.DetailType, envelope.Source)
	}
	return e, nil
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
		Notifications []struct {
			Body json.RawMessage `json:"body"`
		} `json:"notifications"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&received); err != nil {
		return nil, fmt.Errorf("read the notifications: %w", err)
	}
	events = []event.Event{}
	for _, notification := range received.Notifications {
		e, err := event.Parse(notification.Body)
		if err != nil {
			return nil, fmt.Errorf("read the notification %s: %w", notification.Body, err)
		}
		events = append(events, e)
	}
	return events, nil
}
