package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

const (
	alarms    = "AWS::CloudWatch::Alarm"
	schedules = "AWS::Scheduler::Schedule"
)

func TestTheSweeperIsInvokedEveryMinute(t *testing.T) {
	template := synthesized(t, "prod")
	swept := 0
	for id, schedule := range synthtest.Of[synthtest.Schedule](t, template, schedules) {
		swept++
		if schedule.ScheduleExpression != "rate(1 minute)" || schedule.State == "DISABLED" || resourceName(string(schedule.Target.Arn)) != "OrderSweeper" {
			t.Errorf("%s is %+v", id, schedule)
		}
	}
	if swept != 1 {
		t.Errorf("there are %d schedules", swept)
	}
}

func TestAScheduleThatFailsTriesOnceMoreAndEndsInItsDeadLetterQueue(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Of[synthtest.Queue](t, template, queues)
	invoked := synthtest.Of[synthtest.Function](t, template, functions)
	retries := map[synthtest.Reference]int{}
	for _, config := range synthtest.Of[synthtest.EventInvokeConfig](t, template, "AWS::Lambda::EventInvokeConfig") {
		retries[config.FunctionName] = config.MaximumRetryAttempts
	}
	for id, schedule := range synthtest.Of[synthtest.Schedule](t, template, schedules) {
		target := schedule.Target
		dead, exists := known[string(target.DeadLetterConfig.Arn)]
		if !exists || dead.FifoQueue || target.RetryPolicy.MaximumRetryAttempts != 1 {
			t.Errorf("%s: the schedule's target is %+v", id, target)
		}
		if invoked[string(target.Arn)].DeadLetterConfig.TargetArn != target.DeadLetterConfig.Arn || retries[target.Arn] != 1 {
			t.Errorf("%s: its function ends elsewhere, after %d retries", id, retries[target.Arn])
		}
		for queue := range known {
			if redrive := known[queue].RedrivePolicy; redrive.DeadLetterTargetArn == target.DeadLetterConfig.Arn {
				t.Errorf("%s shares its dead-letter queue with %s", id, queue)
			}
		}
	}
}

func TestOnlyTheOrdersHaveAnIndexOfWhatIsDue(t *testing.T) {
	for id, table := range synthtest.Of[synthtest.Table](t, synthesized(t, "prod"), tables) {
		if contextOf(t, id) != "Order" {
			if len(table.GlobalSecondaryIndexes) != 0 {
				t.Errorf("%s has indexes: each costs writes", id)
			}
			continue
		}
		if len(table.GlobalSecondaryIndexes) != 1 {
			t.Fatalf("%s has %d indexes", id, len(table.GlobalSecondaryIndexes))
		}
		index := table.GlobalSecondaryIndexes[0]
		if index.IndexName != "due" || index.Projection.ProjectionType != "KEYS_ONLY" || len(index.KeySchema) != 2 ||
			index.KeySchema[0].AttributeName != "open" || index.KeySchema[1].AttributeName != "due" {
			t.Errorf("the index is %+v", index)
		}
	}
}

func TestTheFrontDoorAndTheSweeperKnowTheDeadlineOfTheirEnvironment(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		told := 0
		for id, function := range synthtest.Of[synthtest.Function](t, synthesized(t, name), functions) {
			value, isTold := function.Environment.Variables["DEADLINE"]
			if !isTold {
				continue
			}
			told++
			if got, err := time.ParseDuration(string(value)); err != nil || got != settings.Deadline {
				t.Errorf("%s of %s is told %s, %v", id, name, value, err)
			}
		}
		if told != 2 {
			t.Errorf("in %s %d functions are told the deadline", name, told)
		}
	}
}

func TestEveryDeadLetterQueueCallsAPersonAsSoonAsItIsNotEmpty(t *testing.T) {
	template := synthesized(t, "prod")
	watched := map[string]bool{}
	for id, raised := range synthtest.Of[synthtest.Alarm](t, template, alarms) {
		if raised.MetricName != "ApproximateNumberOfMessagesVisible" {
			continue
		}
		queue := string(raised.Dimensions[0].Value)
		watched[queue] = true
		if raised.Namespace != "AWS/SQS" || raised.Statistic != "Maximum" || raised.Threshold != 0 ||
			raised.ComparisonOperator != "GreaterThanThreshold" || raised.EvaluationPeriods != 1 || raised.TreatMissingData != "notBreaching" {
			t.Errorf("%s is %+v", id, raised)
		}
	}
	for id := range synthtest.Of[synthtest.Queue](t, template, queues) {
		if letters := strings.Contains(id, "DeadLetters") || strings.Contains(id, "Undelivered"); letters != watched[id] {
			t.Errorf("%s is a dead-letter queue: %t, is watched: %t", id, letters, watched[id])
		}
	}
}

func TestAnOrderOrARollbackThatDoesNotEndCallsAPerson(t *testing.T) {
	for name, deadline := range map[string]time.Duration{"prod": 24 * time.Hour, "dev": 15 * time.Minute} {
		want := map[string]time.Duration{
			"StuckOrder":               time.Hour,
			"OldestUnfinishedOrder":    deadline + 15*time.Minute,
			"OldestUnfinishedRollback": 15 * time.Minute,
		}
		for id, raised := range synthtest.Of[synthtest.Alarm](t, synthesized(t, name), alarms) {
			if !strings.HasPrefix(raised.Namespace, "saga-") {
				continue
			}
			most, expected := want[resourceName(id)]
			delete(want, resourceName(id))
			if !expected || raised.Namespace != "saga-"+name || raised.Threshold != most.Seconds() || raised.Dimensions[0].Value != "order" {
				t.Errorf("%s of %s is %+v", id, name, raised)
			}
			// One call is enough if the sweeper does not run.
			if silent := raised.TreatMissingData == "notBreaching"; silent != (resourceName(id) == "StuckOrder") {
				t.Errorf("%s of %s takes what is missing as %s", id, name, raised.TreatMissingData)
			}
		}
		if len(want) > 0 {
			t.Errorf("in %s nobody watches %v", name, want)
		}
	}
}

func TestAnAlarmThatCouldNotWorkIsRefusedByName(t *testing.T) {
	defer func() {
		message := fmt.Sprint(recover())
		for _, want := range []string{"alarm Full: ", "Metric", "Threshold", "Periods", "Advice", "Runbook"} {
			if !strings.Contains(message, want) {
				t.Errorf("refused with %q, want it to name %s", message, want)
			}
		}
	}()
	resource.NewAlarm(nil, "Full", resource.AlarmProps{Threshold: -1, Periods: -1})
}
