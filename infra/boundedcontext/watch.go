package boundedcontext

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/resource"
)

// persistent is how many periods of five minutes in a row something must fail
// that is tried again by itself. What fails for good is a dead letter by then.
const persistent = 3

// shortestWait is the shortest threshold of the alarms for waiting events. The
// three invocations of an event that a worker fails on directly end before it.
const shortestWait = 10 * time.Minute

// A worker delays a message that it failed on by minimumDelay, and by twice as
// much each time, up to maximumDelay.
const (
	minimumDelay = time.Second
	maximumDelay = 5 * time.Minute
)

// longestWait is how long an event may wait in a queue. An event that the worker
// fails on is a dead letter by then, so what waits longer was never received, or
// makes the worker crash. The threshold is a number of metric periods, which are
// five minutes.
func longestWait(maxReceiveCount int) time.Duration {
	const period = 5 * time.Minute
	total, delay := time.Duration(0), minimumDelay
	for range maxReceiveCount - 1 {
		total += delay
		delay = min(2*delay, maximumDelay)
	}
	return max(shortestWait, (total + period - 1).Truncate(period))
}

// watchFunction raises an alarm when a function keeps failing or being
// throttled. One alarm for both, because they have one runbook; one for each
// function, because it tells where to look.
func watchFunction(function awslambda.Function) {
	name := function.FunctionName()
	resource.NewAlarm(function, "Failing", resource.AlarmProps{
		Metric: resource.Total("errors and throttles",
			resource.FunctionMetric(name, "Errors", resource.Sum, ""),
			resource.FunctionMetric(name, "Throttles", resource.Sum, "")),
		Periods: persistent,
		Advice: "The function " + *function.Node().Path() + " fails, dies, runs out of time or is throttled, for a quarter of an hour already. " +
			"Look into its log.",
		Runbook: "failing-functions.md",
	})
}

// watchQueue raises an alarm when events wait too long in a queue.
func watchQueue(queue awssqs.Queue, maxReceiveCount int) {
	age := resource.QueueMetric(queue.QueueName(), "ApproximateAgeOfOldestMessage", resource.Maximum, "")
	watchWaiting(queue, age, longestWait(maxReceiveCount), time.Second)
}

// watchWaiting raises an alarm when events wait longer for the worker. The age
// is measured in the unit.
func watchWaiting(scope constructs.Construct, age awscloudwatch.IMetric, longest, unit time.Duration) {
	resource.NewAlarm(scope, "Waiting", resource.AlarmProps{
		Metric:    age,
		Threshold: float64(longest / unit),
		Advice: "An event waits in " + *scope.Node().Path() + " for more than " + longest.String() + ". " +
			"Look whether its worker fails, is throttled, or cannot keep up.",
		Runbook: "waiting-events.md",
	})
}

// watchInvocations raises alarms when events wait for a worker that they invoke
// directly, and when Lambda could not put one into the dead-letter queue.
func watchInvocations(worker awslambda.Function) {
	age := resource.FunctionMetric(worker.FunctionName(), "AsyncEventAge", resource.Maximum, "")
	watchWaiting(worker, age, shortestWait, time.Millisecond)
	resource.NewAlarm(worker, "Loss", resource.AlarmProps{
		Metric: resource.FunctionMetric(worker.FunctionName(), "DeadLetterErrors", resource.Sum, ""),
		Advice: "An event that " + *worker.Node().Path() + " could not handle was not put into its dead-letter queue either: it is lost. " +
			"Look into the function's log.",
		Runbook: "lost-events.md",
	})
}

// watchTable raises an alarm when a table keeps refusing requests for their
// number. The SDK tries again, and so does redelivery.
func watchTable(table awsdynamodb.Table, indexed bool) {
	name := table.TableName()
	refused := []awscloudwatch.IMetric{
		resource.TableMetric(name, "ReadThrottleEvents", resource.Sum, ""),
		resource.TableMetric(name, "WriteThrottleEvents", resource.Sum, ""),
	}
	if indexed {
		refused = append(refused, resource.IndexMetric(name, new(dueIndex), "WriteThrottleEvents", resource.Sum))
	}
	resource.NewAlarm(table, "Throttled", resource.AlarmProps{
		Metric:  resource.Total("throttled", refused...),
		Periods: persistent,
		Advice: "DynamoDB refuses requests to " + *table.Node().Path() + " for a quarter of an hour already, because there are too many. " +
			"Look for a hot partition.",
		Runbook: "throttled-tables.md",
	})
}
