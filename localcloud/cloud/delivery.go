package cloud

import (
	"context"
	"errors"
	"strings"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/iam"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// deliverer is a function that is an eventbridge.Deliverer.
type deliverer func(ctx context.Context, d eventbridge.Delivery) error

// Deliver calls the function.
func (d deliverer) Deliver(ctx context.Context, delivery eventbridge.Delivery) error {
	return d(ctx, delivery)
}

// deliveries delivers events from rules to their targets, if the policies allow
// it.
type deliveries struct{ cloud *Cloud }

func (d deliveries) toQueue(ctx context.Context, delivery eventbridge.Delivery) error {
	attributes := map[string]sqs.MessageAttribute{}
	if header := delivery.Event.TraceHeader; header != "" {
		attributes["AWSTraceHeader"] = sqs.MessageAttribute{DataType: "String", StringValue: &header}
	}
	return d.send(ctx, delivery.Rule, delivery.Target, &sqs.SendMessageInput{
		MessageBody: string(delivery.Body), MessageGroupId: delivery.GroupID, MessageSystemAttributes: attributes,
	})
}

// send sends to a queue on behalf of a rule. For a queue that does not exist
// and one whose policy denies it, the failure is permanent and the same: SQS
// does not reveal that a queue exists to a caller without access, as was
// observed on AWS.
func (d deliveries) send(ctx context.Context, ruleARN, queueARN string, in *sqs.SendMessageInput) error {
	url, exists := d.cloud.queues.URL(queueARN)
	if !exists || !d.cloud.authority.serviceAllowed(serviceEvents, "sqs:SendMessage", queueARN, ruleARN) {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeNoResource, Message: "The specified queue does not exist or you do not have access to it: " +
			"the policy of " + queueARN + " must allow " + serviceEvents + " to send messages for this rule."}
	}
	in.QueueUrl = url
	_, err := d.cloud.queues.SendMessage(ctx, in)
	return deliveryError(err)
}

// SendDeadLetter sends an event that could not be delivered to a dead-letter queue.
func (d deliveries) SendDeadLetter(ctx context.Context, queueARN string, body []byte, attributes map[string]string) error {
	return d.send(ctx, attributes["RULE_ARN"], queueARN, deadLetter(body, attributes))
}

func deadLetter(body []byte, attributes map[string]string) *sqs.SendMessageInput {
	in := &sqs.SendMessageInput{MessageBody: string(body), MessageAttributes: map[string]sqs.MessageAttribute{}}
	for name, value := range attributes {
		in.MessageAttributes[name] = sqs.MessageAttribute{DataType: "String", StringValue: &value}
	}
	return in
}

func (d deliveries) toFunction(ctx context.Context, delivery eventbridge.Delivery) error {
	if !d.cloud.authority.serviceAllowed(serviceEvents, "lambda:InvokeFunction", delivery.Target, delivery.Rule) {
		return notPermitted("the policy of " + delivery.Target + " does not allow " + serviceEvents + " to invoke it for this rule")
	}
	ctx = lambda.WithTrace(ctx, delivery.Event.TraceHeader)
	if err := d.cloud.functions.InvokeAsync(ctx, delivery.Target, delivery.Body); err != nil {
		return deliveryError(err)
	}
	function, _ := lambda.SplitARN(delivery.Target)
	d.cloud.counted.add(function, countedEvents, 1)
	return nil
}

func (d deliveries) toLogGroup(ctx context.Context, delivery eventbridge.Delivery) error {
	streams := strings.TrimSuffix(delivery.Target, ":*") + ":log-stream:*"
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if !d.cloud.authority.serviceAllowedToLog(serviceEvents, action, streams, delivery.Rule) {
			return notPermitted("no resource policy of the logs allows " + serviceEvents + " to do " + action + " on " + delivery.Target)
		}
	}
	return d.cloud.logs.Deliver(ctx, delivery)
}

func (d deliveries) toBus(ctx context.Context, delivery eventbridge.Delivery) error {
	err := d.asRole(delivery, "events:PutEvents", map[string][]string{
		"events:source":             {delivery.Event.Source},
		"events:detail-type":        {delivery.Event.DetailType},
		"events:eventBusInvocation": {"true"},
	})
	if err != nil {
		return err
	}
	return d.cloud.buses.Accept(ctx, delivery.Target, delivery.Event)
}

func (d deliveries) toDestination(ctx context.Context, delivery eventbridge.Delivery) error {
	if err := d.asRole(delivery, "events:InvokeApiDestination", nil); err != nil {
		return err
	}
	d.cloud.counted.add(delivery.Target, countedRequests, 1)
	return d.cloud.destinations.Deliver(ctx, delivery)
}

// asRole checks that EventBridge can assume the target's role, and that the
// role allows the action on the target.
func (d deliveries) asRole(delivery eventbridge.Delivery, action string, conditions map[string][]string) error {
	assumed := d.cloud.authority.roles[delivery.Role]
	if !d.cloud.authority.trusts(assumed, serviceEvents, delivery.Rule) {
		return &eventbridge.DeliveryError{Code: "FAILED_TO_ASSUME_ROLE", Message: "EventBridge cannot assume the role " + delivery.Role}
	}
	if d.cloud.authority.decide(assumed, action, delivery.Target, conditions) != iam.Allow {
		return notPermitted("the role " + delivery.Role + " does not allow " + action + " on " + delivery.Target)
	}
	return nil
}

func notPermitted(message string) error {
	return &eventbridge.DeliveryError{Code: eventbridge.CodeNoPermissions, Message: message}
}

// deliveryError returns the delivery's error for an engine's. What the target
// refuses as invalid, it would refuse again; throttling and internal failures
// are retried.
func deliveryError(err error) error {
	failure, isAnswer := errors.AsType[*wire.Error](err)
	switch {
	case err == nil:
		return nil
	case !isAnswer || failure.Status >= 500:
		return &eventbridge.DeliveryError{Code: eventbridge.CodeInternalError, Message: wire.Message(err), Retryable: true}
	case failure.Status == 429:
		return &eventbridge.DeliveryError{Code: eventbridge.CodeThrottling, Message: failure.Message, Retryable: true}
	case failure.Status == 404 || strings.Contains(failure.Code, "NotFound"):
		return &eventbridge.DeliveryError{Code: eventbridge.CodeNoResource, Message: failure.Message}
	default:
		return &eventbridge.DeliveryError{Code: eventbridge.CodeInvalidParameter, Message: failure.Error()}
	}
}
