// Package observability makes every event on a bus visible: in a log group that can
// be read at any time and, if there is to be one, in a queue for one reader.
package observability

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/lambdalimit"
	"example.com/saga/infra/resource"
)

// Props describes the bus that is observed, and its log group. CloudFormation
// generates the group's name: a group with a fixed name that is retained would
// collide with the next stack's. Only the console of AWS needs the names of groups to
// begin with /aws/events/, a rule does not: see
// https://github.com/aws/aws-cdk/blob/main/packages/@aws-cdk-testing/framework-integ/test/aws-events-targets/test/logs/integ.log-group.ts,
// a test that is run against AWS.
type Props struct {
	// Bus is in the account and the region of the stack, and is not the default bus.
	Bus awsevents.IEventBus
	// LogRetentionDays is one of the periods that CloudWatch Logs has.
	LogRetentionDays int
	// Protected retains the log group when the stack is deleted.
	Protected bool
	// Masked are the members of events that the log group masks.
	Masked []string
	// WithQueue makes the queue. By default there is none.
	WithQueue bool
	// Key encrypts the queues and the log group. Without one AWS uses keys of its own.
	Key awskms.IKey
}

// Observability has what a reader of the events needs.
type Observability struct {
	// Queue receives every event, with the envelope of the bus. It is nil if there
	// is none.
	Queue awssqs.IQueue
}

func (p Props) validate(scope constructs.Construct) error {
	problems := []error{resource.CheckBus(scope, p.Bus), resource.CheckMasked(p.Masked)}
	if err := lambdalimit.CheckLogRetention(p.LogRetentionDays); err != nil {
		problems = append(problems, fmt.Errorf("no LogRetentionDays: %w", err))
	}
	return errors.Join(problems...)
}

// New observes everything that the own account publishes on the bus.
func New(scope constructs.Construct, id string, props Props) Observability {
	if err := errors.Join(resource.CheckIDs(scope, id), props.validate(scope)); err != nil {
		panic(fmt.Sprintf("observability %s: %v", id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	undelivered := resource.NewDeadLetterQueue(this, "Undelivered", props.Key)
	rules := []*string{logEvents(this, props, undelivered).AttrArn()}
	var made Observability
	if props.WithQueue {
		queue, toQueue := queueEvents(this, props, undelivered)
		made.Queue, rules = queue, append(rules, toQueue.RuleArn())
	}
	resource.NewLossAlarm(this, "To", props.Bus, rules...)
	return made
}

func queueEvents(scope constructs.Construct, props Props, undelivered awssqs.IQueue) (awssqs.IQueue, awsevents.Rule) {
	queue := resource.NewQueue(scope, "Queue", props.Key, awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(1)),
	})
	cdknag.NagSuppressions_AddResourceSuppressions(queue, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-SQS3"),
		Reason: new("The queue is a live view of what the log group keeps: a message that is not read is not lost."),
	}}, nil)
	rule := awsevents.NewRule(scope, new("ToQueue"), &awsevents.RuleProps{
		EventBus:     props.Bus,
		EventPattern: &awsevents.EventPattern{Account: ownAccount(scope)},
		Targets: &[]awsevents.IRuleTarget{
			awseventstargets.NewSqsQueue(queue, &awseventstargets.SqsQueueProps{DeadLetterQueue: undelivered}),
		},
	})
	return queue, rule
}

// logEvents uses the resources of CloudFormation: the CDK's own log target adds a
// function to the stack, only to call one API operation on deployment.
func logEvents(scope constructs.Construct, props Props, undelivered awssqs.Queue) awsevents.CfnRule {
	group := resource.NewLogGroup(scope, "Events", resource.LogGroupProps{
		RetentionDays: props.LogRetentionDays,
		Protected:     props.Protected,
		Masked:        props.Masked,
		Key:           props.Key,
	})
	rule := awsevents.NewCfnRule(scope, new("ToLogs"), &awsevents.CfnRuleProps{
		EventBusName: props.Bus.EventBusName(),
		EventPattern: map[string]any{"account": ownAccount(scope)},
		State:        new("ENABLED"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id:               new("Target0"),
			Arn:              targetARN(group),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: undelivered.QueueArn()},
		}},
	})
	bus := awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil)
	forRule := &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.AttrArn()}}
	writers := &[]awsiam.IPrincipal{bus, awsiam.NewServicePrincipal(new("delivery.logs.amazonaws.com"), nil)}
	awslogs.NewResourcePolicy(scope, new("EventsPolicy"), &awslogs.ResourcePolicyProps{
		ResourcePolicyName: props.Bus.EventBusName(),
		PolicyStatements: &[]awsiam.PolicyStatement{
			// It is not documented that a request to make a stream has the rule's ARN.
			allow(writers, group.LogGroupArn(), "logs:CreateLogStream", nil),
			allow(writers, group.LogGroupArn(), "logs:PutLogEvents", forRule),
		},
	})
	undelivered.AddToResourcePolicy(allow(&[]awsiam.IPrincipal{bus}, undelivered.QueueArn(), "sqs:SendMessage", forRule))
	return rule
}

func allow(principals *[]awsiam.IPrincipal, arn *string, action string, conditions *map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: principals, Actions: &[]*string{&action}, Resources: &[]*string{arn}, Conditions: conditions,
	})
}

// targetARN is the ARN of the group as the target of a rule. The attribute of
// the group ends with ":*", for its streams.
func targetARN(group awslogs.ILogGroup) *string {
	return awscdk.Stack_Of(group).FormatArn(&awscdk.ArnComponents{
		Service:      new("logs"),
		Resource:     new("log-group"),
		ResourceName: group.LogGroupName(),
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

func ownAccount(scope constructs.Construct) *[]*string {
	return &[]*string{awscdk.Stack_Of(scope).Account()}
}
