package resource_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestASubscriptionThatCannotWorkIsNamed(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	bus := resource.NewEventBus(stack, "Bus", "bank")
	elsewhere := awsevents.EventBus_FromEventBusArn(stack, new("Shared"), new("arn:aws:events:eu-west-1:222222222222:event-bus/shared"))
	target := awseventstargets.NewSqsQueue(awssqs.NewQueue(stack, new("Queue"), nil), nil)
	resource.Subscribe(stack, "Consume", bus, resource.Events{"bank": {"opened"}}, target)
	for name, test := range map[string]struct {
		prefix string
		bus    awsevents.IEventBus
		events resource.Events
		want   string
	}{
		"no bus":                   {"Read", nil, resource.Events{"bank": {"opened"}}, "rules Read: no Bus"},
		"a bus of another account": {"Read", elsewhere, resource.Events{"bank": {"opened"}}, "rules Read: the account of the Bus is 222222222222"},
		"no events":                {"Read", bus, nil, "rules Read: no events"},
		"sources in two cases":     {"Read", bus, resource.Events{"bank": {"opened"}, "Bank": {"opened"}}, `rules Read: the sources "Bank" and "bank"`},
		"a prefix that is taken":   {"Consume", bus, resource.Events{"desk": {"opened"}}, `rules Consume: there is a construct ConsumeLoss in "Bank" already`},
	} {
		t.Run(name, func(t *testing.T) {
			message := synthtest.PanicMessage(func() { resource.Subscribe(stack, test.prefix, test.bus, test.events, target) })
			if !strings.HasPrefix(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
}

func TestABusThatCannotBeMadeIsNamed(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	resource.NewEventBus(stack, "Bus", "bank")
	for name, test := range map[string]struct{ id, name, want string }{
		"an id that is taken":    {"Bus", "ledger", "event bus Bus: there is a construct Bus"},
		"a name that is taken":   {"Other", "bank", `event bus Other: the bus Bank/Bus/Resource has the name "bank" already`},
		"the name default":       {"Other", "default", `event bus Other: the name "default"`},
		"a name with a slash":    {"Other", "bank/ledger", `event bus Other: the name "bank/ledger"`},
		"a name that is a token": {"Other", *awscdk.Fn_Ref(new("Name")), "event bus Other: the name"},
	} {
		t.Run(name, func(t *testing.T) {
			message := synthtest.PanicMessage(func() { resource.NewEventBus(stack, test.id, test.name) })
			if !strings.HasPrefix(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
}

func TestOtherResourcesThatCannotBeMadeAreNamed(t *testing.T) {
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	queue := resource.NewDeadLetterQueue(stack, "DeadLetters", nil)
	alarm := resource.AlarmProps{Metric: queue.MetricNumberOfMessagesSent(nil), Advice: "A message was sent.", Runbook: "dead-letters.md"}
	resource.NewAlarm(stack, "Alarm", alarm)
	for name, test := range map[string]struct {
		make func()
		want string
	}{
		"an alarm":            {func() { resource.NewAlarm(stack, "Alarm", alarm) }, "alarm Alarm: there is a construct Alarm"},
		"a dead-letter queue": {func() { resource.NewDeadLetterQueue(stack, "DeadLetters", nil) }, "dead-letter queue DeadLetters: there is a construct"},
		"a log group":         {func() { resource.NewLogGroup(stack, "Alarm", resource.LogGroupProps{RetentionDays: 1}) }, "log group Alarm: there is a construct"},
		"a period of logs":    {func() { resource.NewLogGroup(stack, "Log", resource.LogGroupProps{RetentionDays: 2}) }, "log group Log: CloudWatch Logs has no retention of 2 days"},
		"a member that is masked": {func() {
			resource.NewLogGroup(stack, "Log", resource.LogGroupProps{RetentionDays: 1, Masked: []string{""}})
		}, "log group Log: in Masked"},
		"a notification":         {func() { resource.NotifyByEmail(stack, "Alarm", "on-call@example.org") }, "notification of alarms Alarm: there is a construct"},
		"no address":             {func() { resource.NotifyByEmail(stack, "OnCall", "") }, `notification of alarms OnCall: "" is not an e-mail address`},
		"an address with a name": {func() { resource.NotifyByEmail(stack, "OnCall", "On call <on-call@example.org>") }, "is not an e-mail address alone"},
		"a location of runbooks": {func() { resource.SetRunbooks(stack, "docs/runbooks") }, `runbooks of "Bank": the location "docs/runbooks" does not end with a slash`},
	} {
		t.Run(name, func(t *testing.T) {
			if message := synthtest.PanicMessage(test.make); !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
}
