package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

// probe handles everything that a Lambda function can receive in these tests.
type probe struct {
	journal journal
	events  *eventbridge.Client
	runtime runtimeAPI
}

// envelope has the members that distinguish the kinds of payloads.
type envelope struct {
	Records    []json.RawMessage `json:"Records"`
	DetailType string            `json:"detail-type"`
	Detail     instruction       `json:"detail"`
	RawPath    string            `json:"rawPath"`
	Body       string            `json:"body"`
	Headers    map[string]string `json:"headers"`
}

// Invoke handles a payload and returns the response, both as raw bytes.
func (p *probe) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var got envelope
	if err := json.Unmarshal(payload, &got); err != nil {
		return nil, fmt.Errorf("reading the payload: %w", err)
	}
	switch {
	case got.Records != nil:
		return p.batch(ctx, got.Records)
	case got.DetailType != "":
		return p.follow(ctx, got.Detail, payload)
	case strings.HasSuffix(got.RawPath, "/notify"):
		return p.notified(ctx, got.Body, payload)
	case strings.HasSuffix(got.RawPath, "/echo"):
		return payload, nil
	}
	body := payload
	if got.RawPath != "" {
		body = []byte(got.Body)
	}
	var o instruction
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, fmt.Errorf("reading the instruction: %w", err)
	}
	return p.follow(ctx, o, payload)
}

// begin notes that an instruction with a pause is begun, and pauses.
func (p *probe) begin(ctx context.Context, o instruction, payload []byte) error {
	if o.Pause == 0 {
		return nil
	}
	if err := p.journal.note(ctx, o, outcomeBegun, payload); err != nil {
		return err
	}
	pause(ctx, time.Duration(o.Pause)*time.Millisecond)
	return nil
}

// follow notes the payload and follows the instruction.
func (p *probe) follow(ctx context.Context, o instruction, payload []byte) ([]byte, error) {
	if err := p.begin(ctx, o, payload); err != nil {
		return nil, err
	}
	attempt := 1
	if o.Times > 0 {
		var err error
		if attempt, err = p.journal.count(ctx, o); err != nil {
			return nil, err
		}
	}
	if !o.applies(attempt) {
		return []byte("null"), p.journal.note(ctx, o, outcomeDone, payload)
	}
	switch o.Do {
	case doPublish:
		return p.publish(ctx, o)
	case doAnother:
		return p.runtime.respondToAnother(ctx)
	}
	if err := p.journal.note(ctx, o, outcomeFailed, payload); err != nil {
		return nil, err
	}
	return o.execute(ctx)
}

// publish publishes the events of the instruction and returns the error code of the
// call, or that of each entry.
func (p *probe) publish(ctx context.Context, o instruction) ([]byte, error) {
	detail, err := json.Marshal(map[string]string{"test": o.Test})
	if err != nil {
		return nil, err
	}
	in := &eventbridge.PutEventsInput{}
	for _, e := range o.Events {
		in.Entries = append(in.Entries, types.PutEventsRequestEntry{
			EventBusName: &o.Bus, Source: &e.Source, DetailType: &e.Type, Detail: aws.String(string(detail)),
		})
	}
	var answer struct {
		Call    string   `json:"call"`
		Entries []string `json:"entries"`
	}
	out, err := p.events.PutEvents(ctx, in)
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		answer.Call = failure.ErrorCode()
		return json.Marshal(answer)
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range out.Entries {
		answer.Entries = append(answer.Entries, aws.ToString(entry.ErrorCode))
	}
	return json.Marshal(answer)
}

// batch handles the messages of a queue one after the other.
func (p *probe) batch(ctx context.Context, records []json.RawMessage) ([]byte, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	rest := false
	for _, raw := range records {
		var record events.SQSMessage
		var o instruction
		if err := json.Unmarshal(raw, &record); err != nil {
			return nil, fmt.Errorf("reading a record: %w", err)
		}
		if err := json.Unmarshal([]byte(record.Body), &o); err != nil {
			return nil, fmt.Errorf("reading the order in message %s: %w", record.MessageId, err)
		}
		receives, err := strconv.Atoi(record.Attributes["ApproximateReceiveCount"])
		if err != nil {
			return nil, fmt.Errorf("reading the receive count of message %s: %w", record.MessageId, err)
		}
		if err := p.begin(ctx, o, raw); err != nil {
			return nil, err
		}
		outcome := outcomeOf(o, receives, rest)
		if err := p.journal.note(ctx, o, outcome, raw); err != nil {
			return nil, err
		}
		switch {
		case outcome == outcomeDone:
			continue
		case outcome == outcomeFailed && o.Do != doReport && o.Do != doReportR:
			return o.execute(ctx)
		}
		rest = rest || o.Do == doReportR
		answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
	}
	return json.Marshal(answer)
}

func outcomeOf(o instruction, receives int, rest bool) string {
	switch {
	case rest:
		return outcomeLeft
	case o.applies(receives):
		return outcomeFailed
	default:
		return outcomeDone
	}
}

// notified is the endpoint of the API destination.
func (p *probe) notified(ctx context.Context, body string, payload []byte) ([]byte, error) {
	var o instruction
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return nil, fmt.Errorf("reading the notification: %w", err)
	}
	calls, err := p.journal.count(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := p.journal.note(ctx, o, outcomeDone, payload); err != nil {
		return nil, err
	}
	if len(o.Responses) == 0 {
		return json.Marshal(map[string]int{"statusCode": 204})
	}
	chosen := o.Responses[min(calls, len(o.Responses))-1]
	pause(ctx, time.Duration(chosen.Pause)*time.Millisecond)
	headers := map[string]string{}
	if chosen.RetryAfter != "" {
		headers["Retry-After"] = chosen.RetryAfter
	}
	if chosen.Location != "" {
		headers["Location"] = chosen.Location
	}
	return json.Marshal(map[string]any{"statusCode": chosen.Status, "headers": headers})
}
