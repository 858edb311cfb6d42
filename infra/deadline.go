package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/saga/infra/alarm"
	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/metric"
	"example.com/saga/pkg/contract"
)

// tolerance is how long after its deadline an order may still be on its way
// back, and how long that way may take.
const tolerance = 15 * time.Minute

// keepDeadlines lets the sweeper look after the orders that have not ended,
// and calls a person where it cannot help.
func keepDeadlines(stack awscdk.Stack, order *boundedcontext.BoundedContext, settings environment.Settings, built artefacts) {
	order.AddScheduledFunction("Sweeper", time.Minute, boundedcontext.Function{
		Artefact:     built.of("order", "sweeper"),
		MemoryMB:     settings.Worker.MemoryMB,
		Timeout:      settings.Worker.Timeout,
		TableActions: []string{"GetItem", "PutItem"},
		QueriesDue:   true,
		Variables:    map[string]string{"DEADLINE": settings.Deadline.String()},
		// It publishes again what the front door may not have published.
		Publishes: contract.BySource(contract.OrderPlaced{}, contract.CancellationRequested{}),
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
	alarm.New(stack, name, alarm.Props{
		Metric:     ofOrders(*stack.StackName(), name, metric.Maximum, ""),
		Above:      most.Seconds(),
		Continuous: true,
		Advice:     advice,
		Runbook:    runbook,
	})
}
