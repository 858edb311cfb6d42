package cloud_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/cloud"
)

// scheduled adds a schedule of the worker to the test stack.
func scheduled(r resources) {
	r["SweepRole"] = decode(`{"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [
		{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}`)
	r["SweepPolicy"] = decode(`{"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "sweep", "Roles": [{"Ref": "SweepRole"}],
		"PolicyDocument": {"Statement": [
			{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["Worker", "Arn"]}},
			{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}]}}}`)
	r["Sweep"] = decode(`{"Type": "AWS::Scheduler::Schedule", "Properties": {
		"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"},
		"Target": {"Arn": {"Fn::GetAtt": ["Worker", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["SweepRole", "Arn"]}, "Input": "{\"sweep\":true}",
			"RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 300},
			"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}}}}`)
	r["Alarm"] = decode(`{"Type": "AWS::CloudWatch::Alarm", "Properties": {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
		"MetricName": "ApproximateNumberOfMessagesVisible", "Namespace": "AWS/SQS", "Period": 300, "Statistic": "Maximum", "Threshold": 0,
		"Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}]}}`)
}

// eventually waits for a condition that must come true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func TestAScheduleInvokesItsFunctionAgainAndAgain(t *testing.T) {
	lines := make(chan string, 1000)
	config := configOf(assembled(t, scheduled))
	config.ScheduleEvery = 10 * time.Millisecond
	config.Log = func(_ time.Time, _, line string) {
		select {
		case lines <- line:
		default:
		}
	}
	s := startWith(t, config)
	for seen := 0; seen < 3; {
		if line := <-lines; strings.Contains(line, `{"sweep":true}`) {
			seen++
		}
	}
	// It counts when the function has taken the event, which may have run by then.
	eventually(t, "the third count", func() bool { return s.Usage(t.Context()).Schedules["Sweep"].Fired >= 3 })
	if refused := s.Usage(t.Context()).Schedules["Sweep"].Refused; refused != 0 {
		t.Errorf("%d invocations were refused", refused)
	}
}

func TestAScheduleSendsToAQueue(t *testing.T) {
	for name, test := range map[string]struct{ queue, parameters string }{
		"standard": {`{"Type": "AWS::SQS::Queue"}`, `{}`},
		"FIFO":     {`{"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true, "ContentBasedDeduplication": true}}`, `{"MessageGroupId": "g"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(r resources) {
				scheduled(r)
				r["Ticks"] = decode(test.queue)
				target := r.properties("Sweep")["Target"].(map[string]any)
				target["Arn"], target["SqsParameters"] = decode(`{"Fn::GetAtt": ["Ticks", "Arn"]}`), decode(test.parameters)
				r["SweepPolicy"] = decode(strings.ReplaceAll(encode(r["SweepPolicy"]), `"DeadLetters"`, `"Ticks"`))
			})
			eventually(t, "the message", func() bool { return s.Usage(t.Context()).Queues["Ticks"].Visible == 1 })
			if got := *s.only(t, "Ticks").Body; got != `{"sweep":true}` {
				t.Errorf("the message is %s", got)
			}
		})
	}
}

// ticking adds a rule with a schedule, which sends to a queue, to the test stack.
func ticking(r resources) {
	r["Ticks"] = decode(`{"Type": "AWS::SQS::Queue"}`)
	r["TicksPolicy"] = decode(`{"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Ticks"}], "PolicyDocument": {"Statement": [
		{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Ticks", "Arn"]}}]}}}`)
	r["Tick"] = decode(`{"Type": "AWS::Events::Rule", "Properties": {"Name": "tick", "ScheduleExpression": "rate(5 minutes)",
		"Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Ticks", "Arn"]}}]}}`)
}

func TestTheScheduleOfARuleSendsAnEventToTheTargetsOfTheRule(t *testing.T) {
	s := start(t, ticking)
	eventually(t, "the event", func() bool { return s.Usage(t.Context()).Queues["Ticks"].Visible == 1 })
	var event map[string]any
	if err := json.Unmarshal([]byte(*s.only(t, "Ticks").Body), &event); err != nil {
		t.Fatal(err)
	}
	if event["id"] == "" || event["time"] == "" {
		t.Errorf("the event is %v", event)
	}
	delete(event, "id")
	delete(event, "time")
	want := map[string]any{
		"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000", "region": "eu-west-1",
		"resources": []any{"arn:aws:events:eu-west-1:000000000000:rule/tick"}, "detail": map[string]any{},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("the event differs (-want +got):\n%s", diff)
	}
	described, err := s.events.DescribeRule(t.Context(), &awseventbridge.DescribeRuleInput{Name: aws.String("tick")})
	if err != nil || aws.ToString(described.ScheduleExpression) != "rate(5 minutes)" || described.EventPattern != nil {
		t.Errorf("the rule is described as %+v, %v", described, err)
	}
	if got := s.Usage(t.Context()); got.Schedules["Tick"].Fired != 1 || got.Rules["Tick"].Delivered != 1 {
		t.Errorf("the schedule has counted %+v, the rule %+v", got.Schedules["Tick"], got.Rules["Tick"])
	}
}

func TestWhatIsDisabledDoesNotFire(t *testing.T) {
	s := start(t, func(r resources) {
		ticking(r)
		scheduled(r)
		r.properties("Tick")["State"], r.properties("Sweep")["State"] = "DISABLED", "DISABLED"
	})
	s.settle(t)
	for _, schedule := range []string{"Tick", "Sweep"} {
		if got := s.Usage(t.Context()).Schedules[schedule].Fired; got != 0 {
			t.Errorf("%s has fired %d times", schedule, got)
		}
	}
}

func TestAScheduleOfARuleThatCannotWorkIsRefusedByName(t *testing.T) {
	for expression, want := range map[string]string{
		"rate(5 minute)":       `the schedule expression "rate(5 minute)" is not valid`,
		"rate(1 minutes)":      `the schedule expression "rate(1 minutes)" is not valid`,
		"cron(0 12 * * * *)":   `the schedule expression cron(0 12 * * * *) is not valid`,
		"at(2026-03-01T12:00)": `the schedule expression "at(2026-03-01T12:00)" is not supported by the local cloud`,
	} {
		got := refused(t, func(r resources) {
			ticking(r)
			r.properties("Tick")["ScheduleExpression"] = expression
		})
		if !strings.Contains(got, "resource Tick (AWS::Events::Rule): ") || !strings.Contains(got, want) {
			t.Errorf("refused with %s, want %q", got, want)
		}
	}
}

func TestAScheduleThatWaitsIsIdle(t *testing.T) {
	s := start(t, scheduled)
	eventually(t, "the first invocation", func() bool { return s.Usage(t.Context()).Schedules["Sweep"].Fired == 1 })
	s.settle(t)
	if got := s.Usage(t.Context()).Schedules["Sweep"]; got != (cloud.ScheduleUsage{Fired: 1}) {
		t.Errorf("the schedule has counted %+v", got)
	}
}

func TestAScheduleWithoutPermissionEndsInItsDeadLetterQueue(t *testing.T) {
	s := start(t, func(r resources) {
		scheduled(r)
		statements := r.properties("SweepPolicy")["PolicyDocument"].(map[string]any)
		statements["Statement"] = statements["Statement"].([]any)[1:]
	})
	eventually(t, "the refusal", func() bool { return s.Usage(t.Context()).Queues["DeadLetters"].Visible == 1 })
	letter := s.only(t, "DeadLetters")
	if got := *letter.MessageAttributes["ERROR_CODE"].StringValue; got != "AccessDeniedException" || !strings.Contains(*letter.Body, `"Payload":"{\"sweep\":true}"`) {
		t.Errorf("the dead letter is %s, its error code %s", *letter.Body, got)
	}
}

func TestAScheduleThatCannotWorkIsRefusedByName(t *testing.T) {
	for name, test := range map[string]struct {
		change func(resources)
		want   string
	}{
		"with the last day of each month": {
			func(r resources) { r.properties("Sweep")["ScheduleExpression"] = "cron(0 0 L * ? *)" },
			`the schedule expression "cron(0 0 L * ? *)" is not supported by the local cloud`,
		},
		"with a cron expression in another time zone": {
			func(r resources) {
				r.properties("Sweep")["ScheduleExpression"] = "cron(0 0 * * ? *)"
				r.properties("Sweep")["ScheduleExpressionTimezone"] = "Europe/Berlin"
			},
			`only UTC is supported by the local cloud for a cron expression, not "Europe/Berlin"`,
		},
		"with a role that is not for the scheduler": {
			func(r resources) {
				r["SweepRole"] = decode(strings.ReplaceAll(encode(r["SweepRole"]), "scheduler.amazonaws.com", "events.amazonaws.com"))
			},
			"must allow EventBridge Scheduler to assume it",
		},
		"with a role for the schedules of another account": {
			func(r resources) { trustFor(r, "SweepRole", "aws:SourceAccount", "999999999999") },
			"must allow EventBridge Scheduler to assume it",
		},
		"with a role for another group of schedules": {
			func(r resources) {
				trustFor(r, "SweepRole", "aws:SourceArn", "arn:aws:scheduler:eu-west-1:000000000000:schedule-group/others")
			},
			"must allow EventBridge Scheduler to assume it",
		},
		"with a dead-letter queue that is not there": {
			func(r resources) {
				r.properties("Sweep")["Target"].(map[string]any)["DeadLetterConfig"] = map[string]any{"Arn": "arn:aws:sqs:eu-west-1:000000000000:nowhere"}
			},
			"the dead-letter queue arn:aws:sqs:eu-west-1:000000000000:nowhere is not in the stack",
		},
		"with a FIFO queue without a message group": {
			func(r resources) {
				r["Ticks"] = decode(`{"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`)
				r.properties("Sweep")["Target"].(map[string]any)["Arn"] = decode(`{"Fn::GetAtt": ["Ticks", "Arn"]}`)
			},
			"property Target.SqsParameters.MessageGroupId is required for a FIFO queue",
		},
		"with a FIFO dead-letter queue": {
			func(r resources) {
				r["Letters"] = decode(`{"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`)
				r.properties("Sweep")["Target"].(map[string]any)["DeadLetterConfig"] = decode(`{"Arn": {"Fn::GetAtt": ["Letters", "Arn"]}}`)
			},
			"a FIFO queue cannot be the dead-letter queue of a schedule",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := refused(t, func(r resources) {
				scheduled(r)
				test.change(r)
			})
			if !strings.Contains(got, "resource Sweep (AWS::Scheduler::Schedule): ") || !strings.Contains(got, test.want) {
				t.Errorf("refused with %s, want %q", got, test.want)
			}
		})
	}
}

// trustFor lets a role of the test stack be taken on only where a key of the
// request has a value.
func trustFor(r resources, role, key, value string) {
	document := r.properties(role)["AssumeRolePolicyDocument"].(map[string]any)
	statement := document["Statement"].([]any)[0].(map[string]any)
	statement["Condition"] = map[string]any{"StringEquals": map[string]any{key: value}}
}

func TestARoleIsTakenOnForSchedulesOfItsOwnAccountAndGroup(t *testing.T) {
	for key, value := range map[string]string{
		"aws:SourceAccount": "000000000000",
		"aws:SourceArn":     "arn:aws:scheduler:eu-west-1:000000000000:schedule-group/default",
	} {
		s := start(t, func(r resources) {
			scheduled(r)
			trustFor(r, "SweepRole", key, value)
		})
		eventually(t, "the first invocation", func() bool { return s.Usage(t.Context()).Schedules["Sweep"].Fired == 1 })
	}
}

func TestWhatIsHeldBackGoesOnWhenSomebodyResumes(t *testing.T) {
	s := start(t, nil)
	if err := s.Pause("Shop/Missing"); err == nil || !strings.Contains(err.Error(), "Shop/Missing") {
		t.Errorf("pausing no function: %v", err)
	}
	if err := s.Pause("Shop/Worker"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.queues.SendMessage(t.Context(), messageTo(s.where.Queues["Shop/Queue"])); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message is received", func() bool { return s.Usage(t.Context()).Queues["Shop/Queue"].InFlight == 1 })
	if s.Idle() {
		t.Error("the cloud is idle while a message is held back")
	}
	if status, answer := request(t, http.MethodPost, s.where.AWSEndpointURL+"/resume", nil, ""); status != http.StatusNoContent {
		t.Errorf("resuming is answered with %d %s", status, answer)
	}
	s.settle(t)
	if got := s.Usage(t.Context()).Functions["Shop/Worker"].Records; got != 1 {
		t.Errorf("the function has handled %d records", got)
	}
}

func TestATableHasItsIndexes(t *testing.T) {
	s := start(t, func(r resources) {
		table := r.properties("Table")
		table["AttributeDefinitions"] = append(table["AttributeDefinitions"].([]any),
			decode(`{"AttributeName": "open", "AttributeType": "S"}`), decode(`{"AttributeName": "due", "AttributeType": "N"}`))
		table["GlobalSecondaryIndexes"] = []any{decode(`{"IndexName": "due", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
			{"AttributeName": "open", "KeyType": "HASH"}, {"AttributeName": "due", "KeyType": "RANGE"}]}`)}
		statement := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any)
		statement["Action"] = []any{"dynamodb:PutItem", "dynamodb:Query"}
		statement["Resource"] = []any{statement["Resource"], decode(`{"Fn::Sub": "${Table.Arn}/index/due"}`)}
	})
	name := s.where.Tables["Table"]
	for _, item := range []string{
		`{"pk": {"S": "late"}, "open": {"S": "yes"}, "due": {"N": "20"}}`, `{"pk": {"S": "soon"}, "open": {"S": "yes"}, "due": {"N": "3"}, "more": {"S": "x"}}`,
		`{"pk": {"S": "never"}, "due": {"N": "1"}}`,
	} {
		if status, answer := s.call(t, "DynamoDB_20120810.PutItem", `{"TableName": "`+name+`", "Item": `+item+`}`); status != http.StatusOK {
			t.Fatalf("putting is answered with %d %s", status, answer)
		}
	}
	status, answer := s.call(t, "DynamoDB_20120810.Query", `{"TableName": "`+name+`", "IndexName": "due",
		"KeyConditionExpression": "#o = :o AND due <= :d", "ExpressionAttributeNames": {"#o": "open"},
		"ExpressionAttributeValues": {":o": {"S": "yes"}, ":d": {"N": "20"}}}`)
	if soon, late := strings.Index(answer, "soon"), strings.Index(answer, "late"); status != http.StatusOK || soon < 0 || late < soon ||
		strings.Contains(answer, "never") || strings.Contains(answer, "more") {
		t.Errorf("the query is answered with %d %s", status, answer)
	}
}

func messageTo(url string) *awssqs.SendMessageInput {
	return &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(`{"id":"1"}`)}
}
