package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// checkResults refuses, as Lambda does, a queue of the wrong kind as what gets the results
// of a function, and what the function's role may not use. Conditions on the events of a
// bus are checked with each event only.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (c *Cloud) checkResults(role, kind, arn string) error {
	action, service := "SendMessage", "SQS"
	switch absent := checkInStack[assembly.Queue](c.assembly, kind, arn); {
	case arn == "" || strings.HasPrefix(arn, "arn:aws:events:"):
		return nil
	case strings.HasPrefix(arn, "arn:aws:lambda:"):
		action, service = "InvokeFunction", "Lambda"
	case absent != nil:
		return absent
	case strings.HasSuffix(arn, ".fifo"):
		return fmt.Errorf("a FIFO queue cannot be the %s of a function", kind)
	}
	if c.authority.roleAllows(role, strings.ToLower(service)+":"+action, arn) {
		return nil
	}
	return fmt.Errorf("the provided execution role does not have permissions to call %s on %s", action, service)
}

// sendRecord sends the record of an asynchronous invocation to a queue, a function or an
// event bus.
func (c *Cloud) sendRecord(ctx context.Context, destination string, record lambda.Record) error {
	body, err := json.Marshal(record)
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(destination, "arn:aws:events:"):
		return c.publishRecord(ctx, destination, record, string(body))
	case strings.HasPrefix(destination, "arn:aws:lambda:"):
		if err := c.authority.authorize(ctx, "lambda:InvokeFunction", destination, nil); err != nil {
			return err
		}
		return c.functions.InvokeAsync(ctx, destination, body)
	}
	url, _ := c.queues.URL(destination)
	_, err = c.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: string(body)})
	return err
}

func (c *Cloud) publishRecord(ctx context.Context, bus string, record lambda.Record, detail string) error {
	result := "Failure"
	if record.Succeeded() {
		result = "Success"
	}
	out, err := c.buses.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventbridge.PutEventsEntry{{
		EventBusName: &bus, Source: "lambda", DetailType: "Lambda Function Invocation Result - " + result,
		Detail: &detail, Resources: []string{bus, record.RequestContext.FunctionARN},
	}}})
	if err == nil && out.FailedEntryCount > 0 {
		return wire.Errorf(out.Entries[0].ErrorCode, "%s", out.Entries[0].ErrorMessage)
	}
	return err
}
