package cloud

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/sqs"
)

// reportLoss counts a loss and reports it with construct paths. A message that
// expires in a queue that no function reads is not a loss, unless it is a
// dead-letter queue.
func (c *Cloud) reportLoss(l loss.Loss) {
	if l.Kind == loss.Queue && !c.awaited[l.Name] {
		return
	}
	c.lost.Add(1)
	l.Time, l.Name, l.Target = c.config.Clock(), c.pathOf(l.Name), c.pathOf(l.Target)
	c.activity.Add(activity.Lost, l)
	c.config.Lost.Lost(l)
}

// reportArrival reports a message that has come to a dead-letter queue. SQS keeps
// where it was before, EventBridge and Scheduler add that and the error as attributes,
// and Lambda adds the error only.
//   - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
//   - https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (c *Cloud) reportArrival(a sqs.Arrival) {
	if !c.deadLetterQueues[a.QueueARN] {
		return
	}
	attribute := func(names ...string) string {
		for _, name := range names {
			if value := a.Attributes[name].StringValue; value != nil {
				return *value
			}
		}
		return ""
	}
	reason := attribute("ERROR_MESSAGE", "ErrorMessage")
	if a.Source != "" {
		reason = fmt.Sprintf("it was received %d times and not deleted", a.Receives)
	}
	letter := loss.DeadLetter{
		Time: c.config.Clock(), URL: a.QueueURL, Queue: c.pathOf(a.QueueARN),
		From:    c.pathOf(cmp.Or(a.Source, attribute("RULE_ARN", "SCHEDULE_ARN"))),
		Message: a.ID, Event: loss.Identify([]byte(a.Body)), Reason: reason,
	}
	c.activity.Add(activity.DeadLetter, letter)
	if c.config.DeadLetter != nil {
		c.config.DeadLetter(letter)
	}
}

// pathOf returns the construct path of the resource with this ARN, or else the
// ARN. That of a log group may end in :*.
func (c *Cloud) pathOf(arn string) string {
	for _, resource := range c.assembly.Resources {
		if arn != "" && strings.TrimSuffix(resource.ARN, ":*") == strings.TrimSuffix(arn, ":*") {
			return resource.Path
		}
	}
	return arn
}

// awaitedQueues returns, by ARN, the queues that a function reads and the
// dead-letter queues.
func awaitedQueues(stack *assembly.Assembly, deadLetterQueues map[string]bool) map[string]bool {
	awaited := maps.Clone(deadLetterQueues)
	for _, mapping := range assembly.Of[assembly.EventSourceMapping](stack) {
		awaited[mapping.EventSourceARN] = true
	}
	return awaited
}

func deadLetterQueues(stack *assembly.Assembly) map[string]bool {
	queues := map[string]bool{}
	for _, queue := range assembly.Of[assembly.Queue](stack) {
		queues[queue.RedrivePolicy.DeadLetterTargetARN] = true
	}
	for _, function := range assembly.Of[assembly.Function](stack) {
		queues[function.DeadLetterConfig.TargetARN] = true
	}
	for _, config := range assembly.Of[assembly.EventInvokeConfig](stack) {
		if given := config.Destinations; given.OnFailure != given.OnSuccess {
			queues[given.OnFailure.ARN] = true
		}
	}
	for _, rule := range assembly.Of[assembly.Rule](stack) {
		for _, target := range rule.Targets {
			queues[target.DeadLetterConfig.ARN] = true
		}
	}
	for _, schedule := range assembly.Of[assembly.Schedule](stack) {
		queues[schedule.Target.DeadLetterConfig.ARN] = true
	}
	delete(queues, "") // It is of what has none.
	return queues
}
