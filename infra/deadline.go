package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
	"example.com/saga/pkg/contract"
)

const (
	// tolerance is how long after its deadline an order may still be on its way
	// back, and how long that way may take.
	tolerance = 15 * time.Minute
	// usual is far more than an order takes where all contexts work: what one of
	// them fails at is a dead letter by then.
	usual = time.Hour
)

// keepDeadlines lets the sweeper look after the orders that have not ended,
// and calls a person where it cannot help.
func keepDeadlines(stack awscdk.Stack, order *boundedcontext.BoundedContext, settings environment.Settings, built artefacts) {
	order.AddScheduledFunction("Sweeper", time.Minute, boundedcontext.Function{
		Artefact:     built.of(contract.SourceOrder, "sweeper"),
		MemoryMB:     settings.Worker.MemoryMB,
		Timeout:      settings.Worker.Timeout,
		TableActions: []string{"GetItem", "PutItem"},
		QueriesDue:   true,
		Variables:    map[string]string{"DEADLINE": settings.Deadline.String()},
		// It publishes again what the front door may not have published.
		Publishes: contract.BySource(contract.OrderPlaced{}, contract.CancellationRequested{}),
	})
	resource.NewAlarm(stack, "StuckOrder", resource.AlarmProps{
		Metric:    ofOrders(*stack.StackName(), "OldestUnfinishedOrder", resource.Maximum, ""),
		Threshold: usual.Seconds(),
		Advice: "An order has not ended for more than an hour. If the others do not end either, a rule or a function may be switched off, which no other alarm notices. " +
			"Look whether orders get through, on the dashboard.",
		Runbook: "unfinished-orders.md",
	})
	watchAge(stack, "OldestUnfinishedOrder", "unfinished-orders.md", settings.Deadline+tolerance,
		"An order has not ended although its deadline is past, or the sweeper does not run. "+
			"Look into the sweeper's log and into the dead-letter queues: what stopped the order is there.")
	watchAge(stack, "OldestUnfinishedRollback", "unfinished-rollbacks.md", tolerance,
		"An order is being cancelled and does not come to an end: stock, money or points are still held, or the sweeper does not run. "+
			"Look at the order's timeline for the step that is missing, and into that context's dead-letter queue.")
}

// watchAge raises an alarm when an age that the sweeper measures is too high.
func watchAge(stack awscdk.Stack, name, runbook string, most time.Duration, advice string) {
	resource.NewAlarm(stack, name, resource.AlarmProps{
		Metric:         ofOrders(*stack.StackName(), name, resource.Maximum, ""),
		Threshold:      most.Seconds(),
		MissingIsAlarm: true,
		Advice:         advice,
		Runbook:        runbook,
	})
}
