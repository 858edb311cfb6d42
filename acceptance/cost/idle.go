package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// month is as long as AWS's price calculator takes it to be.
const month = 730 * time.Hour

// Lambda polls a queue with five requests at a time, each of which waits 20 seconds for
// a message. It may reduce that to two for a standard queue, if the concurrency of its
// mapping is not limited
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
const (
	pollers = 5
	poll    = 20 * time.Second
)

// What the sweeper uses in one run without orders, at most: the time that is billed, a
// query of an index without items (half a unit, because it is eventually consistent),
// and the line with its metrics.
const (
	sweepTime  = 100 * time.Millisecond
	sweepReads = 0.5
	sweepBytes = 300
)

// The lines of what an idle environment costs.
const (
	alarmsLine     = "alarms, 0.10 for each metric"
	dashboardsLine = "dashboard"
	metricsLine    = "metrics that are written all the time, 0.30 each"
	keysLine       = "KMS keys, 1.00 each"
	secretsLine    = "secrets, 0.40 each"
	pollingLine    = "polling of the queues"
	schedulesLine  = "sweeper: schedule, function, query, log"
	tracesLine     = "traces of the sweeper, sampled by Lambda"
)

// IdleLines returns the names of the lines, in the order of the table.
func IdleLines() []string {
	return []string{alarmsLine, dashboardsLine, metricsLine, keysLine, secretsLine, pollingLine, schedulesLine, tracesLine}
}

// idleBill has what a month costs in USD, by the names of lines.
type idleBill map[string]float64

// Idle returns what the stack of a template of CloudFormation costs in a month in which
// no order is placed, by the names of IdleLines. An error names every resource of a type
// without a price here, and every one with a property that costs and has none.
func Idle(template []byte) (map[string]float64, error) {
	var all stack
	if err := json.Unmarshal(template, &all); err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	if len(all.Resources) == 0 {
		return nil, errors.New("the template has no resources")
	}
	total := make(idleBill)
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(all.Resources)) {
		costs, err := all.price(all.Resources[id])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s (%s): %w", id, all.Resources[id].Type, err))
		}
		for line, usd := range costs {
			total[line] += usd
		}
	}
	metrics, err := all.metrics()
	total[metricsLine] = customMetric * float64(len(metrics))
	return total, errors.Join(append(problems, err)...)
}

// stack is a template of CloudFormation.
type stack struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties json.RawMessage
}

// decode decodes the properties, which a resource need not have.
func (r resource) decode(properties any) error {
	if len(r.Properties) == 0 {
		return nil
	}
	return json.Unmarshal(r.Properties, properties)
}

// price returns what a resource costs in a month in which nothing happens.
func (s stack) price(r resource) (idleBill, error) {
	var properties map[string]any
	if err := r.decode(&properties); err != nil {
		return nil, err
	}
	kind, known := kinds()[r.Type]
	if !known {
		return nil, errors.New("the type has no price: add it to acceptance/cost, with the reason if it is free while nothing happens")
	}
	for _, property := range kind.unpriced {
		if _, has := properties[property]; has {
			return nil, fmt.Errorf("the property %s has no price in acceptance/cost", property)
		}
	}
	if kind.price == nil {
		return nil, nil
	}
	return kind.price(s, r)
}

// kind is how resources of a type are billed while nothing happens.
type kind struct {
	// free is why they cost nothing. Empty, they have a price.
	free  string
	price func(s stack, r resource) (idleBill, error)
	// unpriced are properties that cost, and have no price here.
	unpriced []string
}

func fixed(line string, usd float64) func(stack, resource) (idleBill, error) {
	return func(stack, resource) (idleBill, error) { return idleBill{line: usd}, nil }
}

// kinds returns how each type is billed.
func kinds() map[string]kind {
	const (
		byEvent      = "billed by event"
		byInvocation = "billed by invocation"
		byGB         = "billed by GB"
		policy       = "a permission"
		deployment   = "deployments to Lambda are free (https://aws.amazon.com/codedeploy/pricing/)"
		registry     = "only the discovery of schemas costs (https://aws.amazon.com/about-aws/whats-new/2021/09/cross-account-discovery-amazon-eventbridge-schema)"
		iam          = "IAM is free (https://aws.amazon.com/iam/)"
	)
	return map[string]kind{
		"AWS::CloudWatch::Alarm":          {price: priceAlarm},
		"AWS::CloudWatch::Dashboard":      {price: fixed(dashboardsLine, dashboard)},
		"AWS::KMS::Key":                   {price: fixed(keysLine, key)},
		"AWS::Lambda::EventSourceMapping": {price: priceMapping, unpriced: []string{"ProvisionedPollerConfig"}},
		"AWS::Scheduler::Schedule":        {price: priceSchedule},
		"AWS::SecretsManager::Secret":     {price: fixed(secretsLine, secret), unpriced: []string{"ReplicaRegions"}},

		"AWS::CodeDeploy::Application":      {free: deployment},
		"AWS::CodeDeploy::DeploymentConfig": {free: deployment},
		"AWS::CodeDeploy::DeploymentGroup":  {free: deployment},
		"AWS::DynamoDB::Table": {
			free:     "billed by request and by GB, recovery to any second included",
			unpriced: []string{"ContributorInsightsSpecification", "ProvisionedThroughput", "WarmThroughput"},
		},
		"AWS::EventSchemas::Registry": {free: registry},
		"AWS::EventSchemas::Schema":   {free: registry},
		"AWS::Events::ApiDestination": {free: byEvent},
		"AWS::Events::Archive":        {free: byGB},
		// https://docs.aws.amazon.com/secretsmanager/latest/userguide/integrating_how-services-use-secrets_events.html
		"AWS::Events::Connection":     {free: "its secret is in the price of the API destination"},
		"AWS::Events::EventBus":       {free: byEvent},
		"AWS::Events::EventBusPolicy": {free: policy},
		"AWS::Events::Rule":           {free: byEvent, unpriced: []string{"ScheduleExpression"}},
		"AWS::IAM::ManagedPolicy":     {free: iam},
		"AWS::IAM::OIDCProvider":      {free: iam},
		"AWS::IAM::Policy":            {free: iam},
		"AWS::IAM::Role":              {free: iam},
		"AWS::KMS::Alias":             {free: "billed with its key"},
		"AWS::Lambda::Alias":          {free: byInvocation, unpriced: []string{"ProvisionedConcurrencyConfig"}},
		"AWS::Lambda::Function":       {free: byInvocation, unpriced: []string{"SnapStart"}},
		"AWS::Lambda::Permission":     {free: policy},
		"AWS::Lambda::Url":            {free: byInvocation},
		"AWS::Lambda::Version":        {free: byInvocation, unpriced: []string{"ProvisionedConcurrencyConfig"}},
		"AWS::Logs::LogGroup":         {free: byGB},
		"AWS::Logs::ResourcePolicy":   {free: policy},
		"AWS::SNS::Subscription":      {free: "billed by message"},
		"AWS::SNS::Topic":             {free: "billed by message"},
		"AWS::SNS::TopicPolicy":       {free: policy},
		"AWS::SQS::Queue":             {free: "billed by request: the polling of a queue is billed with its mapping"},
		"AWS::SQS::QueuePolicy":       {free: policy},

		"AWS::Lambda::EventInvokeConfig": {free: byInvocation},
	}
}

// alarm is the properties of an alarm, of one metric or of several.
type alarm struct {
	metric

	TreatMissingData string
	Period           int
	Metrics          []struct {
		MetricStat struct {
			Metric metric
			Period int
		}
	}
}

type metric struct {
	Namespace, MetricName string
	Dimensions            json.RawMessage
}

// priceAlarm counts the metrics of an alarm. An expression is no metric of its own.
func priceAlarm(_ stack, r resource) (idleBill, error) {
	var a alarm
	if err := r.decode(&a); err != nil {
		return nil, err
	}
	usd := 0.0
	count := func(m metric, period int) {
		switch {
		case m.MetricName == "":
		case period < 60:
			usd += fastAlarmMetric
		default:
			usd += alarmMetric
		}
	}
	count(a.metric, a.Period)
	for _, data := range a.Metrics {
		count(data.MetricStat.Metric, data.MetricStat.Period)
	}
	if usd == 0 {
		return nil, errors.New("it has no metric that can be counted")
	}
	return idleBill{alarmsLine: usd}, nil
}

// metrics returns the metrics of the stack's own that are written although nothing
// happens: those whose absence raises an alarm. CloudWatch charges for a metric only
// while it is written, and for AWS's own not at all.
func (s stack) metrics() (map[string]bool, error) {
	written := make(map[string]bool)
	for id, r := range s.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		var a alarm
		if err := r.decode(&a); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		if a.TreatMissingData == "breaching" && a.Namespace != "" && !strings.HasPrefix(a.Namespace, "AWS/") {
			written[a.Namespace+" "+a.MetricName+" "+string(a.Dimensions)] = true
		}
	}
	return written, nil
}

// priceMapping is what Lambda's polling of an empty queue costs.
func priceMapping(s stack, r resource) (idleBill, error) {
	var mapping struct {
		EventSourceArn json.RawMessage
		Enabled        *bool
	}
	if err := r.decode(&mapping); err != nil {
		return nil, err
	}
	if mapping.Enabled != nil && !*mapping.Enabled {
		return nil, nil
	}
	var queue struct{ FifoQueue bool }
	if err := s.find(mapping.EventSourceArn, "AWS::SQS::Queue", &queue); err != nil {
		return nil, err
	}
	request := standardRequest
	if queue.FifoQueue {
		request = fifoRequest
	}
	return idleBill{pollingLine: pollers * float64(month/poll) * request}, nil
}

// priceSchedule is what the invocations of the sweeper cost. One in a minute is always
// the first of its second, so Lambda samples each.
func priceSchedule(s stack, r resource) (idleBill, error) {
	var schedule struct {
		ScheduleExpression, State string
		Target                    struct{ Arn json.RawMessage }
	}
	if err := r.decode(&schedule); err != nil {
		return nil, err
	}
	if schedule.State == "DISABLED" {
		return nil, nil
	}
	every, err := rate(schedule.ScheduleExpression)
	if err != nil {
		return nil, err
	}
	function := struct {
		MemorySize    float64
		TracingConfig struct{ Mode string }
	}{MemorySize: 128}
	if err := s.find(schedule.Target.Arn, "AWS::Lambda::Function", &function); err != nil {
		return nil, err
	}
	run := scheduledInvocation + invocation + sweepTime.Seconds()*function.MemorySize/1024*gbSecond +
		sweepReads*readUnit + (platformBytes+sweepBytes)*logByte
	runs := float64(month / every)
	bill := idleBill{schedulesLine: runs * run}
	if function.TracingConfig.Mode == "Active" {
		bill[tracesLine] = runs * trace
	}
	return bill, nil
}

// rate returns the interval of a schedule expression such as rate(5 minutes).
func rate(expression string) (time.Duration, error) {
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	var n int
	var unit string
	if _, err := fmt.Sscanf(expression, "rate(%d %s", &n, &unit); err == nil {
		if length, known := units[strings.TrimSuffix(strings.TrimSuffix(unit, ")"), "s")]; known && n > 0 {
			return time.Duration(n) * length, nil
		}
	}
	return 0, fmt.Errorf("the schedule %q is no rate", expression)
}

// find decodes the properties of the resource that an expression refers to, which must be
// of a type. The alias of a function stands for the function.
func (s stack) find(expression json.RawMessage, wanted string, properties any) error {
	var reference struct {
		Ref    string
		GetAtt []string `json:"Fn::GetAtt"`
	}
	if err := json.Unmarshal(expression, &reference); err != nil {
		return fmt.Errorf("%s refers to no resource of the template: %w", expression, err)
	}
	id := reference.Ref
	if len(reference.GetAtt) > 0 {
		id = reference.GetAtt[0]
	}
	found := s.Resources[id]
	if found.Type == "AWS::Lambda::Alias" {
		var alias struct{ FunctionName json.RawMessage }
		if err := found.decode(&alias); err != nil {
			return err
		}
		return s.find(alias.FunctionName, wanted, properties)
	}
	if found.Type != wanted {
		return fmt.Errorf("it refers to %q, which is no %s of the template", id, wanted)
	}
	return found.decode(properties)
}

// IdleTable returns the rows of a table of what environments cost in a month without
// orders. The templates are by the name of their environment.
func IdleTable(environments []string, templates map[string][]byte) ([][]string, error) {
	bills := make(map[string]map[string]float64)
	for _, environment := range environments {
		bill, err := Idle(templates[environment])
		if err != nil {
			return nil, fmt.Errorf("environment %s: %w", environment, err)
		}
		bills[environment] = bill
	}
	rows := [][]string{append([]string{"USD a month, without any order"}, environments...)}
	totals := make([]float64, len(environments))
	for _, line := range IdleLines() {
		row := []string{line}
		for i, environment := range environments {
			row = append(row, fmt.Sprintf("%.2f", bills[environment][line]))
			totals[i] += bills[environment][line]
		}
		rows = append(rows, row)
	}
	row := []string{"**together**"}
	for _, total := range totals {
		row = append(row, fmt.Sprintf("**%.2f**", total))
	}
	return append(rows, row), nil
}
