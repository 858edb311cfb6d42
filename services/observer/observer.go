package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/pkg/event"
)

const (
	// The most that one request may wait for messages and receive.
	longPoll    = 20 // seconds
	maximumRead = 10
	// deletion bounds how long the observer goes on after it was told to stop,
	// so that what it has printed is not shown again.
	deletion = 5 * time.Second
)

// queue is the part of the SQS client that an observer uses.
type queue interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// printer shows what was received.
type printer interface {
	// event shows an event, given also as the JSON that it came as.
	event(e event.Event, encoded json.RawMessage) error
	// raw shows a message that is no event, and why.
	raw(body string, reason error) error
}

// observer shows what comes out of a queue. The queue delivers at least once,
// and what comes twice is shown twice.
type observer struct {
	queue   queue
	url     string
	filter  filter
	printer printer
	logger  *slog.Logger
}

// filter selects events; empty fields select all.
type filter struct {
	order     string
	eventType string
}

func (f filter) wants(e event.Event) (bool, error) {
	if f.order != "" && f.order != e.Subject {
		return false, nil
	}
	if f.eventType == "" {
		return true, nil
	}
	return path.Match(f.eventType, e.Type)
}

// run shows events until the context ends, which is no error.
func (o *observer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		out, err := o.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &o.url, MaxNumberOfMessages: maximumRead, WaitTimeSeconds: longPoll,
		})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("receive from %s: %w", o.url, err)
		}
		shown, err := o.show(out.Messages)
		if err := errors.Join(err, o.delete(ctx, shown)); err != nil {
			return err
		}
	}
	return nil //nolint:nilerr // Being stopped is the end, and no error.
}

// show shows messages, up to the first that cannot be shown, and gives those
// that are done with: shown, or of no interest.
func (o *observer) show(messages []types.Message) ([]types.Message, error) {
	for i, message := range messages {
		if err := o.message(aws.ToString(message.Body)); err != nil {
			return messages[:i], fmt.Errorf("print: %w", err)
		}
	}
	return messages, nil
}

func (o *observer) message(body string) error {
	var envelope struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		return o.printer.raw(body, err)
	}
	if envelope.Detail == nil {
		return o.printer.raw(body, errors.New("not an envelope of EventBridge: there is no detail"))
	}
	e, err := event.Parse(envelope.Detail)
	if err != nil {
		return o.printer.raw(body, err)
	}
	// It must not look like an event that others have got.
	if e.Source != envelope.Source || e.Type != envelope.DetailType {
		return o.printer.raw(body, fmt.Errorf("%s from %s, and its envelope says %s from %s: no context has got it",
			e.Type, e.Source, envelope.DetailType, envelope.Source))
	}
	wanted, err := o.filter.wants(e)
	if err != nil || !wanted {
		return err
	}
	return o.printer.event(e, envelope.Detail)
}

// delete deletes messages, even if the context has ended in the meantime.
func (o *observer) delete(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deletion)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(messages))
	for i, message := range messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: message.ReceiptHandle}
	}
	out, err := o.queue.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &o.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("delete from %s: %w", o.url, err)
	}
	for _, failed := range out.Failed {
		o.logger.WarnContext(ctx, "a message is not deleted, and will be shown again",
			slog.String("code", aws.ToString(failed.Code)), slog.String("reason", aws.ToString(failed.Message)))
	}
	return nil
}
