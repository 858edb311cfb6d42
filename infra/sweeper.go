package main

import (
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
	"example.com/saga/pkg/contract"
)

const (
	// graceAfterDeadline is how long after its deadline an order may still be
	// open, and how long a rollback may take.
	graceAfterDeadline = 15 * time.Minute
	// stuckAfter is far longer than an order takes while all contexts work: an
	// event that a context cannot handle is a dead letter by then.
	stuckAfter = time.Hour
)

// sweeper describes the function that cancels orders at their deadline. Its metrics
// are its own, and so are their alarms.
func sweeper(settings environment.Settings, built artefacts) *boundedcontext.Sweeper {
	return &boundedcontext.Sweeper{Function: boundedcontext.Function{
		Artefact:  built.of(contract.SourceOrder, "sweeper"),
		MemoryMB:  settings.Worker.MemoryMB,
		Timeout:   settings.Worker.Timeout,
		Variables: withOpenOrders(settings, map[string]string{"DEADLINE": settings.Deadline.String()}),
		// It publishes again what the order API may have failed to publish.
		Publishes: contract.Catalogue().BySource(contract.OrderPlaced{}, contract.CancellationRequested{}),
		Shift:     settings.Deployment.Workers,
	}}
}

// withOpenOrders adds the partitions of the index of open orders to the variables of a
// function of the order context.
func withOpenOrders(settings environment.Settings, variables map[string]string) map[string]string {
	if settings.OpenOrders.Read > 1 {
		variables["DUE_PARTITIONS_READ"] = strconv.Itoa(settings.OpenOrders.Read)
		variables["DUE_PARTITIONS_WRITTEN"] = strconv.Itoa(max(1, settings.OpenOrders.Written))
	}
	return variables
}

// addAgeAlarms adds the alarms for orders that do not end.
func addAgeAlarms(stack awscdk.Stack, settings environment.Settings) {
	resource.NewAlarm(stack, "StuckOrder", resource.AlarmProps{
		Metric:    orderMetric(*stack.StackName(), "OldestUnfinishedOrder", resource.Maximum, ""),
		Threshold: stuckAfter.Seconds(),
		Advice: "An order has not ended for more than an hour. If the others do not end either, a rule or a function may be switched off, which no other alarm detects. " +
			"Look at the dashboard: do orders get through?",
		Runbook: "unfinished-orders.md",
	})
	newAgeAlarm(stack, "OldestUnfinishedOrder", "unfinished-orders.md", settings.Deadline+graceAfterDeadline,
		"An order has not ended although its deadline is past, or the sweeper does not run. "+
			"Look into the sweeper's log and into the dead-letter queues: the event that stopped the order is there.")
	newAgeAlarm(stack, "OldestUnfinishedRollback", "unfinished-rollbacks.md", graceAfterDeadline,
		"An order is being cancelled and the rollback does not end: stock, money or points are still held, or the sweeper does not run. "+
			"Look at the order's timeline for the step that is missing, and into that context's dead-letter queue.")
}

// newAgeAlarm makes an alarm that is raised when an age that the sweeper measures
// every minute is above the longest, or is not measured.
func newAgeAlarm(stack awscdk.Stack, name, runbook string, longest time.Duration, advice string) {
	resource.NewAlarm(stack, name, resource.AlarmProps{
		Metric:         orderMetric(*stack.StackName(), name, resource.Maximum, ""),
		Threshold:      longest.Seconds(),
		MissingIsAlarm: true,
		Advice:         advice,
		Runbook:        runbook,
	})
}
