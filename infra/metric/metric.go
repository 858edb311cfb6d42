// Package metric names the metrics that AWS keeps of a stack's resources, as
// graphs and alarms use them. Their period is five minutes.
package metric

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// Statistic is how the values of a period become one.
type Statistic string

// The statistics.
const (
	Sum     Statistic = "Sum"
	Average Statistic = "Average"
	Maximum Statistic = "Maximum"
	P50     Statistic = "p50"
	P90     Statistic = "p90"
	P99     Statistic = "p99"
)

// Metric is one metric of a resource, with the label of its line in a graph.
type Metric struct {
	Namespace  string
	Name       string
	Statistic  Statistic
	Label      string
	Dimensions map[string]*string
}

// New makes a metric of CDK.
func New(m Metric) awscloudwatch.IMetric {
	props := &awscloudwatch.MetricProps{
		Namespace:     &m.Namespace,
		MetricName:    &m.Name,
		Statistic:     new(string(m.Statistic)),
		DimensionsMap: &m.Dimensions,
	}
	if m.Label != "" {
		props.Label = &m.Label
	}
	return awscloudwatch.NewMetric(props)
}

// OfQueue is a metric of an SQS queue.
func OfQueue(queueName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return New(Metric{"AWS/SQS", name, statistic, label, map[string]*string{"QueueName": queueName}})
}

// OfFunction is a metric of a Lambda function, or of its URL.
func OfFunction(functionName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return New(Metric{"AWS/Lambda", name, statistic, label, map[string]*string{"FunctionName": functionName}})
}

// OfTable is a metric of a DynamoDB table, without its indexes.
func OfTable(tableName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return New(Metric{"AWS/DynamoDB", name, statistic, label, map[string]*string{"TableName": tableName}})
}

// OfIndex is a metric of a global secondary index.
func OfIndex(tableName, indexName *string, name string, statistic Statistic) awscloudwatch.IMetric {
	return New(Metric{"AWS/DynamoDB", name, statistic, "", map[string]*string{"TableName": tableName, "GlobalSecondaryIndexName": indexName}})
}

// OfLogGroup is a metric of a log group.
func OfLogGroup(logGroupName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return New(Metric{"AWS/Logs", name, statistic, label, map[string]*string{"LogGroupName": logGroupName}})
}

// OfRule is a metric of a rule on a bus that is not the default one. The rule is
// given by its ARN, …:rule/<bus>/<name>: what CloudFormation calls its Ref is
// not its name on such a bus.
func OfRule(busName, ruleARN *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	ruleName := awscdk.Fn_Select(new(2.0), awscdk.Fn_Split(new("/"), ruleARN, nil))
	return New(Metric{"AWS/Events", name, statistic, label, map[string]*string{"EventBusName": busName, "RuleName": ruleName}})
}

// Total adds metrics up. One that was not written counts as zero: what counts
// failures is often written only when there is one.
func Total(label string, metrics ...awscloudwatch.IMetric) awscloudwatch.MathExpression {
	used := map[string]awscloudwatch.IMetric{}
	terms := make([]string, len(metrics))
	for i, m := range metrics {
		id := fmt.Sprintf("%s_%d", ID(label), i)
		used[id] = m
		terms[i] = "FILL(" + id + ", 0)"
	}
	return Expression(label, strings.Join(terms, " + "), used)
}

// ID makes a name for a metric in expressions out of a label. In one graph, no
// two metrics may have the same.
func ID(label string) string {
	return "m_" + regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(label, "_")
}

// Expression calculates with metrics, which it calls by the keys of used.
func Expression(label, expression string, used map[string]awscloudwatch.IMetric) awscloudwatch.MathExpression {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   &expression,
		Label:        &label,
		UsingMetrics: &used,
		Period:       awscdk.Duration_Minutes(jsii.Number(5)),
	})
}
