package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	for id, schedule := range synthtest.Properties[synthtest.Schedule](t, template, schedules) {
		swept++
		invoked, isAlias := template.Behind(schedule.Target.Arn)
		if schedule.ScheduleExpression != "rate(1 minute)" || schedule.State == "DISABLED" || !isAlias || resourceName(invoked) != "OrderSweeper" {
			t.Errorf("%s is %+v", id, schedule)
		}
	}
	if swept != 1 {
		t.Errorf("there are %d schedules", swept)
	}
}

func TestAScheduledInvocationIsRepeatedOnceAndThenADeadLetter(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[synthtest.Queue](t, template, queues)
	invoked := synthtest.Properties[synthtest.Function](t, template, functions)
	retries := map[string]int{}
	for _, config := range synthtest.Properties[synthtest.EventInvokeConfig](t, template, "AWS::Lambda::EventInvokeConfig") {
		retries[string(config.FunctionName)] = config.MaximumRetryAttempts
	}
	for id, schedule := range synthtest.Properties[synthtest.Schedule](t, template, schedules) {
		target := schedule.Target
		dead, exists := known[string(target.DeadLetterConfig.Arn)]
		if !exists || dead.FifoQueue || target.RetryPolicy.MaximumRetryAttempts != 1 {
			t.Errorf("%s: the schedule's target is %+v", id, target)
		}
		function, _ := template.Behind(target.Arn)
		if invoked[function].DeadLetterConfig.TargetArn != target.DeadLetterConfig.Arn || retries[function] != 1 {
			t.Errorf("%s: its function has another dead-letter queue, or %d retries", id, retries[function])
		}
		for queue := range known {
			if redrive := known[queue].RedrivePolicy; redrive.DeadLetterTargetArn == target.DeadLetterConfig.Arn {
				t.Errorf("%s shares its dead-letter queue with %s", id, queue)
			}
		}
	}
}

func TestOnlyTheOrderTableAndTheLoyaltyTableHaveAnIndex(t *testing.T) {
	got := make(map[string][]string)
	for id, table := range synthtest.Properties[synthtest.Table](t, synthesized(t, "prod"), tables) {
		for _, index := range table.GlobalSecondaryIndexes {
			got[contextOf(t, id)] = append(got[contextOf(t, id)], index.IndexName)
		}
	}
	if diff := cmp.Diff(map[string][]string{"Order": {"due"}, "Loyalty": {"account"}}, got); diff != "" {
		t.Errorf("each index costs writes (-want +got):\n%s", diff)
	}
}

func TestTheOrderAPIAndTheSweeperHaveTheDeadlineOfTheirEnvironment(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		withDeadline := 0
		for id, function := range synthtest.Properties[synthtest.Function](t, synthesized(t, name), functions) {
			value, has := function.Environment.Variables["DEADLINE"]
			if !has {
				continue
			}
			withDeadline++
			if got, err := time.ParseDuration(string(value)); err != nil || got != settings.Deadline {
				t.Errorf("%s of %s has the deadline %s, %v", id, name, value, err)
			}
		}
		if withDeadline != 2 {
			t.Errorf("in %s %d functions have the deadline", name, withDeadline)
		}
	}
}

func TestOnlyTheContextsThatNeedThemHaveThePartitionsOfOpenOrdersAndTheHotSKUs(t *testing.T) {
	settings := settingsOf(t, "dev")
	settings.HotSKUs = "123=64"
	settings.OpenOrders = environment.Partitions{Read: 8, Written: 4}
	for id, function := range synthtest.Properties[synthtest.Function](t, synthesizedWith(t, settings), functions) {
		variables := function.Environment.Variables
		want := map[string][3]string{"Order": {"8", "4", ""}, "Warehouse": {"", "", "123=64"}}[contextOf(t, id)]
		got := [3]string{string(variables["DUE_PARTITIONS_READ"]), string(variables["DUE_PARTITIONS_WRITTEN"]), string(variables["HOT_SKUS"])}
		if got != want {
			t.Errorf("%s has %q, want %q", id, got, want)
		}
	}
}

func TestAnAlarmIsRaisedAsSoonAsADeadLetterQueueIsNotEmpty(t *testing.T) {
	template := synthesized(t, "prod")
	watched := map[string]bool{}
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, template, alarms) {
		if alarm.MetricName != "ApproximateNumberOfMessagesVisible" {
			continue
		}
		queue := string(alarm.Dimensions[0].Value)
		watched[queue] = true
		if alarm.Namespace != "AWS/SQS" || alarm.Statistic != "Maximum" || alarm.Threshold != 0 ||
			alarm.ComparisonOperator != "GreaterThanThreshold" || alarm.EvaluationPeriods != 1 || alarm.TreatMissingData != "notBreaching" {
			t.Errorf("%s is %+v", id, alarm)
		}
	}
	for id := range synthtest.Properties[synthtest.Queue](t, template, queues) {
		if isDeadLetterQueue := strings.Contains(id, "DeadLetters") || strings.Contains(id, "Undelivered"); isDeadLetterQueue != watched[id] {
			t.Errorf("%s is a dead-letter queue: %t, has an alarm: %t", id, isDeadLetterQueue, watched[id])
		}
	}
}

func TestAnAlarmIsRaisedForAnOrderOrARollbackThatDoesNotEnd(t *testing.T) {
	for name, deadline := range map[string]time.Duration{"prod": 24 * time.Hour, "dev": 15 * time.Minute} {
		want := map[string]time.Duration{
			"StuckOrder":               time.Hour,
			"OldestUnfinishedOrder":    deadline + 15*time.Minute,
			"OldestUnfinishedRollback": 15 * time.Minute,
		}
		for id, alarm := range synthtest.Properties[synthtest.Alarm](t, monitored(t, name), alarms) {
			if !strings.HasPrefix(alarm.Namespace, "saga-") {
				continue
			}
			threshold, expected := want[resourceName(id)]
			delete(want, resourceName(id))
			if !expected || alarm.Namespace != "saga-"+name || alarm.Threshold != threshold.Seconds() || alarm.Dimensions[0].Value != "order" {
				t.Errorf("%s of %s is %+v", id, name, alarm)
			}
			// Missing data raises the other two alarms, which is enough.
			if ignored := alarm.TreatMissingData == "notBreaching"; ignored != (resourceName(id) == "StuckOrder") {
				t.Errorf("%s of %s treats missing data as %s", id, name, alarm.TreatMissingData)
			}
		}
		if len(want) > 0 {
			t.Errorf("in %s there is no alarm for %v", name, want)
		}
	}
}

func TestInvalidPropsOfAnAlarmAreNamed(t *testing.T) {
	defer func() {
		message := fmt.Sprint(recover())
		for _, want := range []string{"alarm Full: ", "Metric", "Threshold", "Periods", "Advice", "Runbook"} {
			if !strings.Contains(message, want) {
				t.Errorf("panicked with %q, want it to name %s", message, want)
			}
		}
	}()
	resource.NewAlarm(nil, "Full", resource.AlarmProps{Threshold: -1, Periods: -1})
}
