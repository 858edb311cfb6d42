package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/dashboard"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
	"example.com/saga/pkg/contract"
)

// runbooks is the folder of the runbooks in this repository.
const runbooks = "docs/runbooks/"

const introduction = "**Do orders get through?** The first two rows show it; the others show where they stop, and what it costs. " +
	"An alarm names the page that describes what to do, in " + runbooks + " of the repository. " +
	"Names are construct paths, as in `make dlq`."

// addMonitoring adds the dashboard, the alarms of the order API, and the e-mails
// of all alarms. Call it last: it covers what is in the stack when it is called.
func addMonitoring(stack awscdk.Stack, api *boundedcontext.Published, services []string, settings environment.Settings) {
	addOrderAPIAlarms(stack, api)
	name := *stack.StackName()
	dashboard.New(stack, "Dashboard", dashboard.Props{
		Name:         name,
		Introduction: introduction,
		Purpose:      []dashboard.Row{ordersRow(name), cancellationsRow(name), orderAPIRow(api), eventsRow(name, services)},
	})
	if settings.AlarmAddress != "" {
		resource.NotifyByEmail(stack, "OnCall", settings.AlarmAddress)
	}
}

// orderMetric is a metric that the functions of the order context write. Its
// dimensions are the service and, if it is given, another one: a name and a
// value.
func orderMetric(namespace, name string, statistic resource.Statistic, label string, dimension ...string) awscloudwatch.IMetric {
	dimensions := map[string]*string{"service": new(contract.SourceOrder)}
	if len(dimension) == 2 {
		dimensions[dimension[0]] = &dimension[1]
	}
	return resource.NewMetric(resource.MetricProps{Namespace: namespace, Name: name, Statistic: statistic, Label: label, Dimensions: dimensions})
}

func ordersRow(namespace string) dashboard.Row {
	return dashboard.Row{Heading: "Do orders get through?", Graphs: []dashboard.Graph{
		{Title: "Orders", Metrics: []awscloudwatch.IMetric{
			orderMetric(namespace, "OrdersPlaced", resource.Sum, "placed"),
			orderMetric(namespace, "OrdersShipped", resource.Sum, "shipped"),
			resource.Total("cancelled", cancelledByReason(namespace)...),
		}},
		{Title: "From placed to shipped (s)", Metrics: durationPercentiles(namespace, "shipped")},
		{Title: "Age of the oldest that has not ended (s)", Metrics: []awscloudwatch.IMetric{
			orderMetric(namespace, "OldestUnfinishedOrder", resource.Maximum, "order"),
			orderMetric(namespace, "OldestUnfinishedRollback", resource.Maximum, "rollback"),
		}},
	}}
}

func cancellationsRow(namespace string) dashboard.Row {
	return dashboard.Row{Heading: "Orders that are cancelled", Graphs: []dashboard.Graph{
		{Title: "Cancelled, by reason", Metrics: cancelledByReason(namespace), Stacked: true},
		{Title: "From placed to cancelled (s)", Metrics: durationPercentiles(namespace, "cancelled")},
	}}
}

// cancelledByReason are the numbers of cancelled orders, one for each reason.
func cancelledByReason(namespace string) []awscloudwatch.IMetric {
	var metrics []awscloudwatch.IMetric
	for _, reason := range contract.Reasons() {
		metrics = append(metrics, orderMetric(namespace, "OrdersCancelled", resource.Sum, string(reason), "reason", string(reason)))
	}
	return metrics
}

func durationPercentiles(namespace, outcome string) []awscloudwatch.IMetric {
	var metrics []awscloudwatch.IMetric
	for _, percentile := range []resource.Statistic{resource.P50, resource.P90, resource.P99} {
		metrics = append(metrics, orderMetric(namespace, "SagaDuration", percentile, string(percentile), "outcome", outcome))
	}
	return metrics
}

func orderAPIRow(api *boundedcontext.Published) dashboard.Row {
	name := api.Function.FunctionName()
	return dashboard.Row{Heading: "Order API", Graphs: []dashboard.Graph{
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

// eventsRow shows the events that the workers could not handle. It has no data
// while there are none.
func eventsRow(namespace string, services []string) dashboard.Row {
	graph := func(title, name string) dashboard.Graph {
		graph := dashboard.Graph{Title: title}
		for _, service := range services {
			graph.Metrics = append(graph.Metrics, resource.NewMetric(resource.MetricProps{
				Namespace: namespace, Name: name, Statistic: resource.Sum, Label: service,
				Dimensions: map[string]*string{"service": &service},
			}))
		}
		return graph
	}
	return dashboard.Row{Heading: "Events that were not handled, by context", Graphs: []dashboard.Graph{
		graph("Failed, to be tried again", "EventsFailed"),
		graph("Invalid, now dead letters", "EventsInvalid"),
	}}
}

// addOrderAPIAlarms adds the alarms for customers who cannot order, or must wait.
// Nothing behind the API repeats a request, so they are raised after a quarter of
// an hour, and not for a single failure at night. They roll back a new version of
// the API. FrontDoor is in their ids only: another id would replace them.
func addOrderAPIAlarms(stack awscdk.Stack, api *boundedcontext.Published) {
	const (
		periods         = 3 // of five minutes
		failedPercent   = 1
		slowMillis      = 2000
		orderAPIRunbook = "order-api.md"
	)
	name := api.Function.FunctionName()
	failing := resource.NewAlarm(stack, "FrontDoorFailing", resource.AlarmProps{
		Metric: resource.Expression("failed (%)", "100 * failed / requests", map[string]awscloudwatch.IMetric{
			"failed":   resource.FunctionMetric(name, "Url5xxCount", resource.Sum, ""),
			"requests": resource.FunctionMetric(name, "UrlRequestCount", resource.Sum, ""),
		}),
		Threshold: failedPercent,
		Periods:   periods,
		Advice:    "More than one in a hundred requests to the order API has failed for a quarter of an hour. Look into the log of Order/Api.",
		Runbook:   orderAPIRunbook,
	})
	slow := resource.NewAlarm(stack, "FrontDoorSlow", resource.AlarmProps{
		Metric:    resource.FunctionMetric(name, "UrlRequestLatency", resource.Average, ""),
		Threshold: slowMillis,
		Periods:   periods,
		Advice:    "The order API has taken more than two seconds to answer for a quarter of an hour. Look at the duration of Order/Api, and at the table Order/Table.",
		Runbook:   orderAPIRunbook,
	})
	api.RollBackOn(failing, slow)
}
