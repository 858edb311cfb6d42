package resource

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

// MetricProps describes a metric. Its period is five minutes.
type MetricProps struct {
	Namespace string
	Name      string
	Statistic Statistic
	// Label is that of its line in a graph.
	Label      string
	Dimensions map[string]*string
}

// NewMetric makes a metric.
func NewMetric(props MetricProps) awscloudwatch.IMetric {
	metricProps := &awscloudwatch.MetricProps{
		Namespace:     &props.Namespace,
		MetricName:    &props.Name,
		Statistic:     new(string(props.Statistic)),
		DimensionsMap: &props.Dimensions,
	}
	if props.Label != "" {
		metricProps.Label = &props.Label
	}
	return awscloudwatch.NewMetric(metricProps)
}

// QueueMetric is a metric of an SQS queue.
func QueueMetric(queueName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return NewMetric(MetricProps{"AWS/SQS", name, statistic, label, map[string]*string{"QueueName": queueName}})
}

// FunctionMetric is a metric of a Lambda function, or of its URL.
func FunctionMetric(functionName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return NewMetric(MetricProps{"AWS/Lambda", name, statistic, label, map[string]*string{"FunctionName": functionName}})
}

// TableMetric is a metric of a DynamoDB table, without its indexes.
func TableMetric(tableName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return NewMetric(MetricProps{"AWS/DynamoDB", name, statistic, label, map[string]*string{"TableName": tableName}})
}

// IndexMetric is a metric of a global secondary index.
func IndexMetric(tableName, indexName *string, name string, statistic Statistic) awscloudwatch.IMetric {
	return NewMetric(MetricProps{"AWS/DynamoDB", name, statistic, "", map[string]*string{"TableName": tableName, "GlobalSecondaryIndexName": indexName}})
}

// LogGroupMetric is a metric of a log group.
func LogGroupMetric(logGroupName *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	return NewMetric(MetricProps{"AWS/Logs", name, statistic, label, map[string]*string{"LogGroupName": logGroupName}})
}

// RuleMetric is a metric of a rule on a bus other than the default bus. It takes
// the rule's ARN, …:rule/<bus>/<name>, because on such a bus the Ref of
// CloudFormation is not the rule's name.
func RuleMetric(busName, ruleARN *string, name string, statistic Statistic, label string) awscloudwatch.IMetric {
	ruleName := awscdk.Fn_Select(new(2.0), awscdk.Fn_Split(new("/"), ruleARN, nil))
	return NewMetric(MetricProps{"AWS/Events", name, statistic, label, map[string]*string{"EventBusName": busName, "RuleName": ruleName}})
}

// Total adds metrics up. Missing data counts as zero: a metric of failures is
// often written only when there is one.
func Total(label string, metrics ...awscloudwatch.IMetric) awscloudwatch.MathExpression {
	used := map[string]awscloudwatch.IMetric{}
	terms := make([]string, len(metrics))
	for i, metric := range metrics {
		id := fmt.Sprintf("%s_%d", MetricID(label), i)
		used[id] = metric
		terms[i] = "FILL(" + id + ", 0)"
	}
	return Expression(label, strings.Join(terms, " + "), used)
}

// MetricID makes the id of a metric in expressions out of a label. In one graph,
// two metrics must not have the same.
func MetricID(label string) string {
	return "m_" + regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(label, "_")
}

// Expression calculates with metrics. Their ids are the keys of used.
func Expression(label, expression string, used map[string]awscloudwatch.IMetric) awscloudwatch.MathExpression {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   &expression,
		Label:        &label,
		UsingMetrics: &used,
		Period:       awscdk.Duration_Minutes(jsii.Number(5)),
	})
}
