package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"example.com/saga/infra/dashboard"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
	"example.com/saga/pkg/contract"
)

// runbooks is where this repository has them.
const runbooks = "docs/runbooks/"

const introduction = "**Do orders get through?** The first two rows say so; the rest says where they stop, and what it costs. " +
	"An alarm names the page that says what to do about it, in " + runbooks + " of the repository. " +
	"Names are construct paths, as in `make letters`."

// watch shows how the stack fares, and calls a person when one is needed. It
// comes last, because it looks at everything that the stack has.
func watch(stack awscdk.Stack, api awslambda.IFunction, services []string, settings environment.Settings) {
	watchFrontDoor(stack, api)
	name := *stack.StackName()
	dashboard.New(stack, "Dashboard", dashboard.Props{
		Name:         name,
		Introduction: introduction,
		Purpose:      []dashboard.Row{orders(name), endings(name), frontDoor(api), events(name, services)},
	})
	if settings.AlarmAddress != "" {
		resource.NotifyByEmail(stack, "OnCall", settings.AlarmAddress)
	}
}

// ofOrders is a metric that the functions of the order context measure. It may
// have a dimension, given by its name and value, besides the service.
func ofOrders(namespace, name string, statistic resource.Statistic, label string, dimension ...string) awscloudwatch.IMetric {
	dimensions := map[string]*string{"service": new(contract.SourceOrder)}
	if len(dimension) == 2 {
		dimensions[dimension[0]] = &dimension[1]
	}
	return resource.NewMetric(resource.MetricProps{Namespace: namespace, Name: name, Statistic: statistic, Label: label, Dimensions: dimensions})
}

func orders(namespace string) dashboard.Row {
	return dashboard.Row{Heading: "Do orders get through?", Graphs: []dashboard.Graph{
		{Title: "Orders", Metrics: []awscloudwatch.IMetric{
			ofOrders(namespace, "OrdersPlaced", resource.Sum, "placed"),
			ofOrders(namespace, "OrdersShipped", resource.Sum, "shipped"),
			resource.Total("cancelled", cancelled(namespace)...),
		}},
		{Title: "From placed to shipped (s)", Metrics: durations(namespace, "shipped")},
		{Title: "Age of the oldest that has not ended (s)", Metrics: []awscloudwatch.IMetric{
			ofOrders(namespace, "OldestUnfinishedOrder", resource.Maximum, "order"),
			ofOrders(namespace, "OldestUnfinishedRollback", resource.Maximum, "way back"),
		}},
	}}
}

func endings(namespace string) dashboard.Row {
	return dashboard.Row{Heading: "Orders that are cancelled", Graphs: []dashboard.Graph{
		{Title: "Cancelled, by reason", Metrics: cancelled(namespace), Stacked: true},
		{Title: "From placed to cancelled (s)", Metrics: durations(namespace, "cancelled")},
	}}
}

// cancelled counts the cancelled orders, by reason.
func cancelled(namespace string) []awscloudwatch.IMetric {
	var metrics []awscloudwatch.IMetric
	for _, reason := range contract.Reasons() {
		metrics = append(metrics, ofOrders(namespace, "OrdersCancelled", resource.Sum, string(reason), "reason", string(reason)))
	}
	return metrics
}

func durations(namespace, outcome string) []awscloudwatch.IMetric {
	var metrics []awscloudwatch.IMetric
	for _, percentile := range []resource.Statistic{resource.P50, resource.P90, resource.P99} {
		metrics = append(metrics, ofOrders(namespace, "SagaDuration", percentile, string(percentile), "outcome", outcome))
	}
	return metrics
}

func frontDoor(api awslambda.IFunction) dashboard.Row {
	name := api.FunctionName()
	return dashboard.Row{Heading: "Front door", Graphs: []dashboard.Graph{
		{Title: "Requests", Metrics: []awscloudwatch.IMetric{
			resource.FunctionMetric(name, "UrlRequestCount", resource.Sum, "all"),
			resource.FunctionMetric(name, "Url4xxCount", resource.Sum, "refused (4xx)"),
			resource.FunctionMetric(name, "Url5xxCount", resource.Sum, "failed (5xx)"),
		}},
		{Title: "Latency (ms)", Metrics: []awscloudwatch.IMetric{
			resource.FunctionMetric(name, "UrlRequestLatency", resource.Average, "average"),
			resource.FunctionMetric(name, "UrlRequestLatency", resource.Maximum, "maximum"),
		}},
	}}
}

// events shows what the workers say about the events that they get.
func events(namespace string, services []string) dashboard.Row {
	of := func(title, name string, statistic resource.Statistic) dashboard.Graph {
		graph := dashboard.Graph{Title: title}
		for _, service := range services {
			graph.Metrics = append(graph.Metrics, resource.NewMetric(resource.MetricProps{
				Namespace: namespace, Name: name, Statistic: statistic, Label: service,
				Dimensions: map[string]*string{"service": &service},
			}))
		}
		return graph
	}
	return dashboard.Row{Heading: "Events, by context", Graphs: []dashboard.Graph{
		of("Handled", "EventsHandled", resource.Sum),
		of("Failed, to be tried again", "EventsFailed", resource.Sum),
		of("Invalid, now dead letters", "EventsInvalid", resource.Sum),
		of("Time for one, p99 (ms)", "EventDuration", resource.P99),
	}}
}

// watchFrontDoor raises alarms when customers cannot order, or wait for it.
// There is nothing behind the front door that tries again, so a quarter of an
// hour is the most; a single failure at night wakes nobody.
func watchFrontDoor(stack awscdk.Stack, api awslambda.IFunction) {
	const persistent, percent, milliseconds = 3, 1, 2000
	name := api.FunctionName()
	resource.NewAlarm(stack, "FrontDoorFailing", resource.AlarmProps{
		Metric: resource.Expression("failed (%)", "100 * failed / requests", map[string]awscloudwatch.IMetric{
			"failed":   resource.FunctionMetric(name, "Url5xxCount", resource.Sum, ""),
			"requests": resource.FunctionMetric(name, "UrlRequestCount", resource.Sum, ""),
		}),
		Threshold: percent,
		Periods:   persistent,
		Advice:    "More than one in a hundred requests to the order API fails, for a quarter of an hour already. Look into the log of Order/Api.",
		Runbook:   "front-door.md",
	})
	resource.NewAlarm(stack, "FrontDoorSlow", resource.AlarmProps{
		Metric:    resource.FunctionMetric(name, "UrlRequestLatency", resource.Average, ""),
		Threshold: milliseconds,
		Periods:   persistent,
		Advice:    "The order API takes more than two seconds to answer, for a quarter of an hour already. Look at the duration of Order/Api, and at the table Order/Table.",
		Runbook:   "front-door.md",
	})
}
