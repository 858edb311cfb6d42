package dashboard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/deadletter"
	"example.com/saga/infra/metric"
)

// found is everything of a stack that is shown.
type found struct {
	alarms                                              []interfacesawscloudwatch.IAlarmRef
	queues, deadLetters, functions, tables, logs, rules []resource
}

// resource is one resource: what a reader calls it, and what AWS calls it.
type resource struct {
	label string
	name  *string
	// bus is that of a rule, whose name is its ARN.
	bus *string
	// memory of a function, in megabytes.
	memory float64
}

// find looks at all resources of CloudFormation that are in the scope, and at
// the alarms.
func find(scope constructs.Construct) found {
	var f found
	for _, construct := range *scope.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		r := resource{label: label(scope, construct)}
		switch made := construct.(type) {
		case awscloudwatch.Alarm:
			f.alarms = append(f.alarms, made)
		case awssqs.CfnQueue:
			r.name = made.AttrQueueName()
			if deadletter.Is(r.label) {
				f.deadLetters = append(f.deadLetters, r)
			} else {
				f.queues = append(f.queues, r)
			}
		case awslambda.CfnFunction:
			r.name, r.memory = made.Ref(), memory(made)
			f.functions = append(f.functions, r)
		case awsevents.CfnRule:
			r.name, r.bus = made.AttrArn(), made.EventBusName()
			f.rules = append(f.rules, r)
		case awsdynamodb.CfnTable:
			r.name = made.Ref()
			f.tables = append(f.tables, r)
		case awslogs.CfnLogGroup:
			r.name = made.Ref()
			f.logs = append(f.logs, r)
		}
	}
	return f
}

// memory is a function's, or what Lambda gives one that asks for none.
func memory(function awslambda.CfnFunction) float64 {
	if given := function.MemorySize(); given != nil {
		return *given
	}
	return 128
}

// label is the path of a resource's construct in the scope.
func label(scope constructs.Construct, construct constructs.IConstruct) string {
	path := strings.TrimPrefix(*construct.Node().Path(), *scope.Node().Path()+"/")
	return strings.TrimSuffix(path, "/Resource")
}

// rows go from what says that something is wrong to what it costs.
func (f found) rows() []Row {
	return []Row{
		{"Where events wait", []Graph{
			graph("Messages that wait", f.queues, ofQueue("ApproximateNumberOfMessagesVisible")),
			graph("Age of the oldest message (s)", f.queues, ofQueue("ApproximateAgeOfOldestMessage")),
			graph("Age of the oldest event for a function (ms)", f.functions, ofFunction("AsyncEventAge", metric.Maximum)),
		}},
		{"What could not be handled or delivered", []Graph{
			graph("Dead letters", f.deadLetters, ofQueue("ApproximateNumberOfMessagesVisible")),
			graph("Age of the oldest dead letter (s)", f.deadLetters, ofQueue("ApproximateAgeOfOldestMessage")),
		}},
		{"Functions", []Graph{
			graph("Errors", f.functions, ofFunction("Errors", metric.Sum)),
			graph("Throttles", f.functions, ofFunction("Throttles", metric.Sum)),
			graph("Duration, p99 (ms)", f.functions, ofFunction("Duration", metric.P99)),
			graph("Lost: not in the dead-letter queue either", f.functions, ofFunction("DeadLetterErrors", metric.Sum)),
		}},
		{"Rules", []Graph{
			graph("Invocations that failed for good", f.rules, ofRule("FailedInvocations")),
			graph("Lost: not in the dead-letter queue either", f.rules, ofRule("InvocationsFailedToBeSentToDlq")),
			graph("Attempts that were repeated", f.rules, ofRule("RetryInvocationAttempts")),
		}},
		{"Tables", []Graph{
			graph("Throttled reads", f.tables, ofTable("ReadThrottleEvents")),
			graph("Throttled writes", f.tables, ofTable("WriteThrottleEvents")),
		}},
		{"What it costs: calls", []Graph{
			graph("Invocations of functions", f.functions, ofFunction("Invocations", metric.Sum)).stacked(),
			graph("GB-seconds of functions", f.functions, gigabyteSeconds).stacked(),
			graph("Events that rules delivered", f.rules, ofRule("Invocations")).stacked(),
			graph("Requests to queues, at most", slices.Concat(f.queues, f.deadLetters), requests).stacked(),
		}},
		{"What it costs: data", []Graph{
			graph("Read units of tables", f.tables, ofTable("ConsumedReadCapacityUnits")).stacked(),
			graph("Write units of tables", f.tables, ofTable("ConsumedWriteCapacityUnits")).stacked(),
			graph("Write units of indexes", f.tables, indexWrites).stacked(),
			graph("Bytes of logs", f.logs, ofLogs("IncomingBytes")).stacked(),
		}},
	}
}

// graph shows the same metric of many resources.
func graph(title string, resources []resource, of func(resource) awscloudwatch.IMetric) Graph {
	metrics := make([]awscloudwatch.IMetric, len(resources))
	for i, r := range resources {
		metrics[i] = of(r)
	}
	return Graph{Title: title, Metrics: metrics}
}

func (g Graph) stacked() Graph {
	g.Stacked = true
	return g
}

func ofQueue(name string) func(resource) awscloudwatch.IMetric {
	return func(r resource) awscloudwatch.IMetric { return metric.OfQueue(r.name, name, metric.Maximum, r.label) }
}

func ofFunction(name string, statistic metric.Statistic) func(resource) awscloudwatch.IMetric {
	return func(r resource) awscloudwatch.IMetric { return metric.OfFunction(r.name, name, statistic, r.label) }
}

func ofRule(name string) func(resource) awscloudwatch.IMetric {
	return func(r resource) awscloudwatch.IMetric { return metric.OfRule(r.bus, r.name, name, metric.Sum, r.label) }
}

func ofTable(name string) func(resource) awscloudwatch.IMetric {
	return func(r resource) awscloudwatch.IMetric { return metric.OfTable(r.name, name, metric.Sum, r.label) }
}

func ofLogs(name string) func(resource) awscloudwatch.IMetric {
	return func(r resource) awscloudwatch.IMetric { return metric.OfLogGroup(r.name, name, metric.Sum, r.label) }
}

// gigabyteSeconds is what Lambda bills: the duration, in milliseconds, times the
// memory.
func gigabyteSeconds(r resource) awscloudwatch.IMetric {
	duration := metric.ID(r.label)
	return metric.Expression(r.label, fmt.Sprintf("%s / 1000 * %g / 1024", duration, r.memory), map[string]awscloudwatch.IMetric{
		duration: metric.OfFunction(r.name, "Duration", metric.Sum, ""),
	})
}

// requests is the most that a queue can have been asked. SQS counts messages,
// and a request for up to ten of them is billed as one.
func requests(r resource) awscloudwatch.IMetric {
	return metric.Total(r.label,
		metric.OfQueue(r.name, "NumberOfMessagesSent", metric.Sum, ""),
		metric.OfQueue(r.name, "NumberOfMessagesReceived", metric.Sum, ""),
		metric.OfQueue(r.name, "NumberOfMessagesDeleted", metric.Sum, ""),
		metric.OfQueue(r.name, "NumberOfEmptyReceives", metric.Sum, ""))
}

// indexWrites searches, because a table does not tell its indexes.
func indexWrites(r resource) awscloudwatch.IMetric {
	return metric.Expression(r.label,
		`SEARCH('{AWS/DynamoDB,TableName,GlobalSecondaryIndexName} TableName="`+*r.name+`" MetricName="ConsumedWriteCapacityUnits"', 'Sum', 300)`, nil)
}
