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

// retriedPeriods is how many periods of five minutes in a row a failure must last
// before its alarm is raised, if the call is repeated by itself.
const retriedPeriods = 3

// minimumWait is the lowest threshold of the alarms for waiting events. Lambda
// invokes a function for an event three times, one and two minutes apart, which
// is over by then
// (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
const minimumWait = 10 * time.Minute

// A worker delays a message that it could not handle by minimumDelay, and by
// twice as much each time, up to maximumDelay.
const (
	minimumDelay = time.Second
	maximumDelay = 5 * time.Minute
)

// queueWait is the threshold of the alarm for waiting events of a queue, a number
// of metric periods of five minutes. A message that the worker cannot handle, and
// that waits for the batching window each time, is a dead letter by then. So what
// waits longer was never received, or makes the worker crash.
func queueWait(maxReceiveCount int, window time.Duration) time.Duration {
	const period = 5 * time.Minute
	total, delay := window, minimumDelay
	for range maxReceiveCount - 1 {
		total += delay + window
		delay = min(2*delay, maximumDelay)
	}
	return max(minimumWait, (total + period - 1).Truncate(period))
}

// newFailingAlarm makes an alarm for errors and throttles of a function. It is one
// for both, because they have one runbook, and one for each function, because it
// names the function.
func newFailingAlarm(function awslambda.Function) awscloudwatch.Alarm {
	name := function.FunctionName()
	return resource.NewAlarm(function, "Failing", resource.AlarmProps{
		Metric: resource.Total("errors and throttles",
			resource.FunctionMetric(name, "Errors", resource.Sum, ""),
			resource.FunctionMetric(name, "Throttles", resource.Sum, "")),
		Periods: retriedPeriods,
		Advice: "The function " + *function.Node().Path() + " has returned errors, crashed, timed out or been throttled for a quarter of an hour. " +
			"Look into its log.",
		Runbook: "failing-functions.md",
	})
}

// newQueueAlarm makes an alarm for events that wait too long in a queue.
func newQueueAlarm(queue awssqs.Queue, maxReceiveCount int, window time.Duration) {
	age := resource.QueueMetric(queue.QueueName(), "ApproximateAgeOfOldestMessage", resource.Maximum, "")
	newWaitingAlarm(queue, age, queueWait(maxReceiveCount, window), time.Second)
}

// newWaitingAlarm makes an alarm for events that wait longer for the worker. The
// metric of their age has the unit.
func newWaitingAlarm(scope constructs.Construct, age awscloudwatch.IMetric, longest, unit time.Duration) {
	resource.NewAlarm(scope, "Waiting", resource.AlarmProps{
		Metric:    age,
		Threshold: float64(longest / unit),
		Advice: "An event waits in " + *scope.Node().Path() + " for more than " + longest.String() + ". " +
			"Look whether its worker fails, is throttled, or handles fewer events than arrive.",
		Runbook: "waiting-events.md",
	})
}

// newInvocationAlarms makes the alarms for a worker that events invoke directly:
// for events that wait for it, and for those that Lambda could not put into the
// dead-letter queue.
func newInvocationAlarms(worker awslambda.Function) {
	age := resource.FunctionMetric(worker.FunctionName(), "AsyncEventAge", resource.Maximum, "")
	newWaitingAlarm(worker, age, minimumWait, time.Millisecond)
	resource.NewAlarm(worker, "Loss", resource.AlarmProps{
		Metric: resource.FunctionMetric(worker.FunctionName(), "DeadLetterErrors", resource.Sum, ""),
		Advice: "An event that " + *worker.Node().Path() + " could not handle was not put into its dead-letter queue either: it is lost. " +
			"Look into the function's log.",
		Runbook: "lost-events.md",
	})
}

// newThrottledAlarm makes an alarm for throttled requests to a table. The SDK
// repeats them, and so does redelivery.
func newThrottledAlarm(table awsdynamodb.Table, indexes []string) {
	name := table.TableName()
	throttled := []awscloudwatch.IMetric{
		resource.TableMetric(name, "ReadThrottleEvents", resource.Sum, ""),
		resource.TableMetric(name, "WriteThrottleEvents", resource.Sum, ""),
	}
	for _, index := range indexes {
		throttled = append(throttled, resource.IndexMetric(name, &index, "WriteThrottleEvents", resource.Sum))
	}
	resource.NewAlarm(table, "Throttled", resource.AlarmProps{
		Metric:  resource.Total("throttled", throttled...),
		Periods: retriedPeriods,
		Advice: "DynamoDB has throttled requests to " + *table.Node().Path() + " for a quarter of an hour, because there are too many. " +
			"Look for a hot partition.",
		Runbook: "throttled-tables.md",
	})
}
