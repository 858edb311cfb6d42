package cost_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/saga/acceptance/cost"
)

// templateOf returns a template with these resources, and others that they refer to.
func templateOf(resources ...string) []byte {
	all := append(resources,
		`"Queue": {"Type": "AWS::SQS::Queue"}`,
		`"FIFO": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`,
		`"Traced": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 1024, "TracingConfig": {"Mode": "Active"}}}`,
		`"Untraced": {"Type": "AWS::Lambda::Function", "Properties": {"TracingConfig": {"Mode": "PassThrough"}}}`,
		`"Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Traced"}}}`)
	return fmt.Appendf(nil, `{"Resources": {%s}}`, strings.Join(all, ", "))
}

func mapping(queue, more string) string {
	return `"Polling` + queue + `": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": {"Fn::GetAtt": ["` + queue + `", "Arn"]}` + more + `}}`
}

func schedule(expression, target, more string) string {
	return `"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "` + expression + `", "Target": {"Arn": ` + target + `}` + more + `}}`
}

func TestWhatAResourceCostsWhileNothingHappens(t *testing.T) {
	const (
		oneMetric = `"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "AWS/SQS", "MetricName": "Age", "Period": 300}}`
		twoOfAn   = `"Sum": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "a + b"},
			{"MetricStat": {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 300}},
			{"MetricStat": {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Throttles"}, "Period": 60}}]}}`
		fast  = `"Fast": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "AWS/SQS", "MetricName": "Age", "Period": 10}}`
		own   = `"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "saga", "MetricName": "Oldest", "Period": 300, "Dimensions": [{"Name": "service", "Value": "%s"}], "TreatMissingData": "%s"}`
		arn   = `{"Fn::GetAtt": ["Traced", "Arn"]}`
		alias = `{"Ref": "Live"}`
		// One request for 20 s by each of five pollers: 657,000 in 730 hours.
		standard, fifo = 0.2628, 0.3285
		// 43,800 runs in 730 hours, of 1.00 and 0.20 USD for a million, 0.1 s of 1 GB, half
		// a unit, and 650 bytes.
		run = 43_800 * (1.20e-6 + 0.1*0.0000133334 + 0.5*0.125e-6 + 650*0.5e-9)
	)
	metric := func(id, service, missing string) string {
		return `"` + id + `": {` + fmt.Sprintf(own, service, missing) + `}`
	}
	for name, test := range map[string]struct {
		resources []string
		want      [8]float64 // In the order of cost.IdleLines.
	}{
		"nothing with a price":      {nil, [8]float64{}},
		"an alarm":                  {[]string{oneMetric}, [8]float64{0.10}},
		"an alarm of two metrics":   {[]string{twoOfAn}, [8]float64{0.20}},
		"an alarm of ten seconds":   {[]string{fast}, [8]float64{0.30}},
		"a metric in two alarms":    {[]string{metric("A", "order", "breaching"), metric("B", "order", "breaching")}, [8]float64{0.20, 0, 0.30}},
		"two metrics":               {[]string{metric("A", "order", "breaching"), metric("B", "payment", "breaching")}, [8]float64{0.20, 0, 0.60}},
		"a metric of what is rare":  {[]string{metric("A", "order", "notBreaching")}, [8]float64{0.10}},
		"a dashboard":               {[]string{`"D": {"Type": "AWS::CloudWatch::Dashboard"}`}, [8]float64{0, 3}},
		"two keys":                  {[]string{`"K": {"Type": "AWS::KMS::Key"}`, `"L": {"Type": "AWS::KMS::Key"}`}, [8]float64{0, 0, 0, 2}},
		"a secret":                  {[]string{`"S": {"Type": "AWS::SecretsManager::Secret"}`}, [8]float64{0, 0, 0, 0, 0.40}},
		"the polling of two queues": {[]string{mapping("Queue", ""), mapping("FIFO", `, "Enabled": true`)}, [8]float64{0, 0, 0, 0, 0, standard + fifo}},
		"no polling":                {[]string{mapping("Queue", `, "Enabled": false`)}, [8]float64{}},
		"a schedule":                {[]string{schedule("rate(1 minute)", arn, "")}, [8]float64{0, 0, 0, 0, 0, 0, run, 0.219}},
		"a schedule of an alias":    {[]string{schedule("rate(1 minute)", alias, "")}, [8]float64{0, 0, 0, 0, 0, 0, run, 0.219}},
		"a schedule of five hours":  {[]string{schedule("rate(5 hours)", arn, "")}, [8]float64{0, 0, 0, 0, 0, 0, run / 300, 0.219 / 300}},
		"a schedule without traces": {
			[]string{schedule("rate(1 minute)", `{"Fn::GetAtt": ["Untraced", "Arn"]}`, "")},
			[8]float64{0, 0, 0, 0, 0, 0, run - 43_800*0.1*0.875*0.0000133334, 0},
		},
		"a schedule that is off": {[]string{schedule("rate(1 minute)", arn, `, "State": "DISABLED"`)}, [8]float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cost.Idle(templateOf(test.resources...))
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range cost.IdleLines() {
				if !equal(got[line], test.want[i]) {
					t.Errorf("%s: %f, want %f", line, got[line], test.want[i])
				}
			}
		})
	}
}

func TestWhatHasNoPriceIsAnErrorThatNamesIt(t *testing.T) {
	for name, test := range map[string]struct {
		resource, want string
	}{
		"an unknown type":         {`"Net": {"Type": "AWS::EC2::NatGateway"}`, "Net (AWS::EC2::NatGateway): the type has no price"},
		"provisioned capacity":    {`"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"ProvisionedThroughput": {}}}`, "T (AWS::DynamoDB::Table): the property ProvisionedThroughput"},
		"provisioned concurrency": {`"A": {"Type": "AWS::Lambda::Alias", "Properties": {"ProvisionedConcurrencyConfig": {}}}`, "A (AWS::Lambda::Alias): the property ProvisionedConcurrencyConfig"},
		"provisioned pollers":     {mapping("Queue", `, "ProvisionedPollerConfig": {}`), "PollingQueue (AWS::Lambda::EventSourceMapping): the property ProvisionedPollerConfig"},
		"a rule with a schedule":  {`"R": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)"}}`, "R (AWS::Events::Rule): the property ScheduleExpression"},
		"a replicated secret":     {`"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"ReplicaRegions": []}}`, "S (AWS::SecretsManager::Secret): the property ReplicaRegions"},
		"a stream that is polled": {mapping("Stream", ""), `it refers to "Stream", which is no AWS::SQS::Queue`},
		"a queue elsewhere":       {`"P": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": "arn:aws:sqs:::other"}}`, "refers to no resource of the template"},
		"a cron schedule":         {schedule("cron(0 * * * ? *)", `{"Fn::GetAtt": ["Traced", "Arn"]}`, ""), `Schedule (AWS::Scheduler::Schedule): the schedule "cron(0 * * * ? *)" is no rate`},
		"a schedule of a queue":   {schedule("rate(1 minute)", `{"Fn::GetAtt": ["Queue", "Arn"]}`, ""), `it refers to "Queue", which is no AWS::Lambda::Function`},
		"an alarm of a query":     {`"Q": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "SELECT 1"}]}}`, "Q (AWS::CloudWatch::Alarm): it has no metric that can be counted"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cost.Idle(templateOf(test.resource)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
	both := templateOf(`"Net": {"Type": "AWS::EC2::NatGateway"}`, `"Disk": {"Type": "AWS::EFS::FileSystem"}`)
	if _, err := cost.Idle(both); err == nil || !strings.Contains(err.Error(), "Net (") || !strings.Contains(err.Error(), "Disk (") {
		t.Errorf("of two unknown types the error is %v", err)
	}
	for _, invalid := range []string{"", "{}", `{"Resources": {}}`, `{"Resources": {"A": {"Type": "AWS::KMS::Key", "Properties": 1}}}`} {
		if bill, err := cost.Idle([]byte(invalid)); err == nil {
			t.Errorf("the template %s costs %v", invalid, bill)
		}
	}
}

// idleTable returns the table of the golden templates.
func idleTable(t *testing.T) [][]string {
	t.Helper()
	environments := []string{"dev", "staging", "prod"}
	templates := make(map[string][]byte)
	for _, environment := range environments {
		text, err := os.ReadFile("../../infra/testdata/" + environment + ".golden.json")
		if err != nil {
			t.Fatal(err)
		}
		templates[environment] = text
	}
	rows, err := cost.IdleTable(environments, templates)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheTotalOfAnEnvironmentIsTheSumOfItsLines(t *testing.T) {
	rows := idleTable(t)
	for column := 1; column < len(rows[0]); column++ {
		sum := 0.0
		for _, row := range rows[1 : len(rows)-1] {
			usd, err := strconv.ParseFloat(row[column], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += usd
		}
		// Each line is rounded by half a cent at most, and so is the total.
		if total := bold(t, rows[len(rows)-1][column]); math.Abs(total-sum) > 0.005*float64(len(rows)) || total == 0 {
			t.Errorf("%s costs %.2f, the lines sum up to %.2f", rows[0][column], total, sum)
		}
	}
	if !slices.Equal(rows[0][1:], []string{"dev", "staging", "prod"}) || len(rows) != len(cost.IdleLines())+2 {
		t.Errorf("the table is %q", rows)
	}
}

// bold returns the number of a bold cell.
func bold(t *testing.T, cell string) float64 {
	t.Helper()
	number, err := strconv.ParseFloat(strings.Trim(cell, "*"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestAnIdleDevCostsNextToNothing(t *testing.T) {
	rows := idleTable(t)
	if total := bold(t, rows[len(rows)-1][1]); rows[0][1] != "dev" || total > 2.50 {
		t.Errorf("%s costs %.2f USD a month", rows[0][1], total)
	}
}
