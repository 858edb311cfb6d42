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

	"example.com/saga/infra/resource"
)

// resources are those of a stack that the dashboard shows.
type resources struct {
	alarms                                                   []interfacesawscloudwatch.IAlarmRef
	queues, deadLetterQueues, functions, tables, logs, rules []item
}

// item is one resource.
type item struct {
	// label is its construct path.
	label string
	// name is its physical name; that of a rule is its ARN.
	name *string
	// bus is the name of a rule's bus.
	bus *string
	// memoryMB is a function's memory.
	memoryMB float64
}

// findResources finds the resources of CloudFormation and the alarms in the
// scope.
func findResources(scope constructs.Construct) resources {
	var found resources
	for _, construct := range *scope.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		i := item{label: label(scope, construct)}
		switch made := construct.(type) {
		case awscloudwatch.Alarm:
			found.alarms = append(found.alarms, made)
		case awssqs.CfnQueue:
			i.name = made.AttrQueueName()
			if resource.IsDeadLetterQueue(i.label) {
				found.deadLetterQueues = append(found.deadLetterQueues, i)
			} else {
				found.queues = append(found.queues, i)
			}
		case awslambda.CfnFunction:
			i.name, i.memoryMB = made.Ref(), memoryMB(made)
			found.functions = append(found.functions, i)
		case awsevents.CfnRule:
			i.name, i.bus = made.AttrArn(), made.EventBusName()
			found.rules = append(found.rules, i)
		case awsdynamodb.CfnTable:
			i.name = made.Ref()
			found.tables = append(found.tables, i)
		case awslogs.CfnLogGroup:
			i.name = made.Ref()
			found.logs = append(found.logs, i)
		}
	}
	return found
}

// memoryMB is a function's memory, or Lambda's default of 128 MB.
func memoryMB(function awslambda.CfnFunction) float64 {
	if size := function.MemorySize(); size != nil {
		return *size
	}
	return 128
}

// label is the path of a resource's construct in the scope.
func label(scope constructs.Construct, construct constructs.IConstruct) string {
	path := strings.TrimPrefix(*construct.Node().Path(), *scope.Node().Path()+"/")
	return strings.TrimSuffix(path, "/Resource")
}

// rows are in the order in which one looks for a failure; the costs come last.
func (r resources) rows() []Row {
	return []Row{
		{"Where events wait", []Graph{
			graph("Messages that wait", r.queues, queueMetric("ApproximateNumberOfMessagesVisible")),
			graph("Age of the oldest message (s)", r.queues, queueMetric("ApproximateAgeOfOldestMessage")),
			graph("Age of the oldest event for a function (ms)", r.functions, functionMetric("AsyncEventAge", resource.Maximum)),
		}},
		{"What could not be handled or delivered", []Graph{
			graph("Dead letters", r.deadLetterQueues, queueMetric("ApproximateNumberOfMessagesVisible")),
			graph("Age of the oldest dead letter (s)", r.deadLetterQueues, queueMetric("ApproximateAgeOfOldestMessage")),
		}},
		{"Functions", []Graph{
			graph("Errors", r.functions, functionMetric("Errors", resource.Sum)),
			graph("Throttles", r.functions, functionMetric("Throttles", resource.Sum)),
			graph("Duration, p99 (ms)", r.functions, functionMetric("Duration", resource.P99)),
			graph("Lost: not in the dead-letter queue either", r.functions, functionMetric("DeadLetterErrors", resource.Sum)),
		}},
		{"Rules", []Graph{
			graph("Invocations that failed for good", r.rules, ruleMetric("FailedInvocations")),
			graph("Lost: not in the dead-letter queue either", r.rules, ruleMetric("InvocationsFailedToBeSentToDlq")),
			graph("Attempts that were repeated", r.rules, ruleMetric("RetryInvocationAttempts")),
		}},
		{"Tables", []Graph{
			graph("Throttled reads", r.tables, tableMetric("ReadThrottleEvents")),
			graph("Throttled writes", r.tables, tableMetric("WriteThrottleEvents")),
		}},
		{"What it costs: calls", []Graph{
			graph("Invocations of functions", r.functions, functionMetric("Invocations", resource.Sum)).stacked(),
			graph("GB-seconds of functions", r.functions, gigabyteSeconds).stacked(),
			graph("Events that rules delivered", r.rules, ruleMetric("Invocations")).stacked(),
			graph("Requests to queues, at most", slices.Concat(r.queues, r.deadLetterQueues), maximumRequests).stacked(),
		}},
		{"What it costs: data", []Graph{
			graph("Read units of tables", r.tables, tableMetric("ConsumedReadCapacityUnits")).stacked(),
			graph("Write units of tables", r.tables, tableMetric("ConsumedWriteCapacityUnits")).stacked(),
			graph("Write units of indexes", r.tables, indexWrites).stacked(),
			graph("Bytes of logs", r.logs, logGroupMetric("IncomingBytes")).stacked(),
		}},
	}
}

// metricOf is a metric of a resource.
type metricOf func(item) awscloudwatch.IMetric

// graph shows the same metric of many resources.
func graph(title string, items []item, of metricOf) Graph {
	metrics := make([]awscloudwatch.IMetric, len(items))
	for i, each := range items {
		metrics[i] = of(each)
	}
	return Graph{Title: title, Metrics: metrics}
}

func (g Graph) stacked() Graph {
	g.Stacked = true
	return g
}

func queueMetric(name string) metricOf {
	return func(i item) awscloudwatch.IMetric {
		return resource.QueueMetric(i.name, name, resource.Maximum, i.label)
	}
}

func functionMetric(name string, statistic resource.Statistic) metricOf {
	return func(i item) awscloudwatch.IMetric {
		return resource.FunctionMetric(i.name, name, statistic, i.label)
	}
}

func ruleMetric(name string) metricOf {
	return func(i item) awscloudwatch.IMetric {
		return resource.RuleMetric(i.bus, i.name, name, resource.Sum, i.label)
	}
}

func tableMetric(name string) metricOf {
	return func(i item) awscloudwatch.IMetric {
		return resource.TableMetric(i.name, name, resource.Sum, i.label)
	}
}

func logGroupMetric(name string) metricOf {
	return func(i item) awscloudwatch.IMetric {
		return resource.LogGroupMetric(i.name, name, resource.Sum, i.label)
	}
}

// gigabyteSeconds is what Lambda charges for: the duration, in milliseconds,
// times the memory.
func gigabyteSeconds(i item) awscloudwatch.IMetric {
	duration := resource.MetricID(i.label)
	return resource.Expression(i.label, fmt.Sprintf("%s / 1000 * %g / 1024", duration, i.memoryMB), map[string]awscloudwatch.IMetric{
		duration: resource.FunctionMetric(i.name, "Duration", resource.Sum, ""),
	})
}

// maximumRequests is how many requests to a queue SQS can have charged for. Its
// metrics count messages, and one request has up to ten of them.
func maximumRequests(i item) awscloudwatch.IMetric {
	return resource.Total(i.label,
		resource.QueueMetric(i.name, "NumberOfMessagesSent", resource.Sum, ""),
		resource.QueueMetric(i.name, "NumberOfMessagesReceived", resource.Sum, ""),
		resource.QueueMetric(i.name, "NumberOfMessagesDeleted", resource.Sum, ""),
		resource.QueueMetric(i.name, "NumberOfEmptyReceives", resource.Sum, ""))
}

// indexWrites searches for the indexes of a table: a table construct does not
// list them.
func indexWrites(i item) awscloudwatch.IMetric {
	return resource.Expression(i.label,
		`SEARCH('{AWS/DynamoDB,TableName,GlobalSecondaryIndexName} TableName="`+*i.name+`" MetricName="ConsumedWriteCapacityUnits"', 'Sum', 300)`, nil)
}
