package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

const (
	queues    = "AWS::SQS::Queue"
	policies  = "AWS::IAM::Policy"
	rules     = "AWS::Events::Rule"
	buses     = "AWS::Events::EventBus"
	archives  = "AWS::Events::Archive"
	functions = "AWS::Lambda::Function"
	tables    = "AWS::DynamoDB::Table"
	mappings  = "AWS::Lambda::EventSourceMapping"
	logGroups = "AWS::Logs::LogGroup"
)

func TestAPoisonMessageEndsInTheDeadLetterQueue(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[synthtest.Queue](t, template, queues)
	for id, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, mappings) {
		queue := known[string(mapping.EventSourceArn)]
		dead, exists := known[string(queue.RedrivePolicy.DeadLetterTargetArn)]
		if !exists {
			t.Errorf("%s polls a queue without a dead-letter queue", id)
			continue
		}
		if got, want := queue.RedrivePolicy.MaxReceiveCount, settingsOf(t, "prod").MaxReceiveCount; got != want {
			t.Errorf("%s: a message is received %d times, want %d", id, got, want)
		}
		if dead.FifoQueue != queue.FifoQueue {
			t.Errorf("%s: one of queue and dead-letter queue is a FIFO queue", id)
		}
		if dead.MessageRetentionPeriod != 14*24*60*60 {
			t.Errorf("%s: a dead letter is kept for %d seconds only", id, dead.MessageRetentionPeriod)
		}
	}
}

func TestTheDocsStateHowOftenAMessageIsReceivedAndHowLongItMayWait(t *testing.T) {
	receives, waits := settingsOf(t, "prod").MaxReceiveCount, 0
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, synthesized(t, "prod"), alarms) {
		if strings.HasPrefix(id, "WarehouseQueueWaiting") {
			waits = int(alarm.Threshold) / 60
		}
	}
	// The delays between receives, added up: each is shortened by up to a half.
	longest := 0
	for n := range receives - 1 {
		longest += min(1<<n, 300)
	}
	for page, facts := range map[string][]string{
		"operations.md":                  {fmt.Sprintf("(failed %d times in Warehouse/Queue)", receives)},
		"design.md":                      {fmt.Sprintf("received %d times (`MaxReceiveCount`", receives), "1, 2, 4 … up to 300 seconds"},
		"deployment.md":                  {fmt.Sprintf("so %d of them outlast a failure of %d to %d minutes", receives, longest/2/60, longest/60), fmt.Sprintf("an alarm is raised after %d minutes", waits)},
		"runbooks/dead-letters.md":       {fmt.Sprintf("`failed %d times in …`", receives), fmt.Sprintf("none comes back within %d minutes", waits)},
		"../infra/boundedcontext/doc.go": {fmt.Sprintf("so %d receives outlast a failure of %d to %d minutes", receives, longest/2/60, longest/60), "1, 2, 4 … up to 300 seconds"},
		"runbooks/waiting-events.md":     {fmt.Sprintf("the age of the oldest is below %d minutes", waits)},
	} {
		text, err := os.ReadFile(filepath.Join(docs, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range facts {
			if !strings.Contains(strings.NewReplacer("\n// ", " ", "\n", " ").Replace(string(text)), fact) {
				t.Errorf("docs/%s does not state %q", page, fact)
			}
		}
	}
}

// The alarm for waiting events is computed from the delays.
func TestTheWorkerDelaysMessagesAsItsAlarmAssumes(t *testing.T) {
	var delays [2][]string
	for i, file := range []string{"boundedcontext/alarms.go", "../pkg/worker/backoff.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		delays[i] = regexp.MustCompile(`(?m)^\t(?:minimumDelay|maximumDelay) = .+$`).FindAllString(string(text), -1)
	}
	if len(delays[0]) != 2 || !slices.Equal(delays[0], delays[1]) {
		t.Errorf("the alarm assumes %q, the worker has %q", delays[0], delays[1])
	}
}

func TestADirectInvocationThatFailsEndsInTheDeadLetterQueue(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[synthtest.Queue](t, template, queues)
	invoked := synthtest.Properties[synthtest.Function](t, template, functions)
	direct := 0
	for _, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		worker, isFunction := template.Behind(rule.Targets[0].Arn)
		if !isFunction {
			continue
		}
		function := invoked[worker]
		direct++
		dead, exists := known[string(function.DeadLetterConfig.TargetArn)]
		if !exists || dead.FifoQueue {
			t.Errorf("%s is invoked directly and has no standard dead-letter queue", worker)
		}
	}
	if direct == 0 {
		t.Error("no rule invokes a function directly")
	}
}

func TestEveryRuleTargetHasADeadLetterQueue(t *testing.T) {
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		known := synthtest.Properties[synthtest.Queue](t, template, queues)
		admitted := admittedRules(t, template)
		for id, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
			for _, target := range rule.Targets {
				dead, exists := known[string(target.DeadLetterConfig.Arn)]
				switch {
				case !exists:
					t.Errorf("%s of %s has no dead-letter queue", id, name)
				case dead.FifoQueue:
					t.Errorf("%s of %s has a FIFO dead-letter queue, which EventBridge does not accept", id, name)
				case !slices.Contains(admitted[target.DeadLetterConfig.Arn], id):
					t.Errorf("%s of %s may not send to its dead-letter queue", id, name)
				}
			}
		}
	}
}

// admittedRules returns by queue the rules that its policy allows to send.
func admittedRules(t *testing.T, template synthtest.Template) map[synthtest.Reference][]string {
	t.Helper()
	admitted := map[synthtest.Reference][]string{}
	for _, policy := range synthtest.Properties[synthtest.QueuePolicy](t, template, "AWS::SQS::QueuePolicy") {
		for _, statement := range policy.PolicyDocument.Statement {
			if statement.Effect != "Allow" || !slices.Contains(statement.Action, "sqs:SendMessage") {
				continue
			}
			for _, rule := range statement.Condition["ArnEquals"]["aws:SourceArn"] {
				admitted[policy.Queues[0]] = append(admitted[policy.Queues[0]], string(rule))
			}
		}
	}
	return admitted
}

func TestAQueueHidesAMessageForItsWindowAndSixTimesLongerThanItsWorkerMayTake(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[synthtest.Queue](t, template, queues)
	workers := synthtest.Properties[synthtest.Function](t, template, functions)
	for id, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, mappings) {
		worker, _ := template.Behind(mapping.FunctionName)
		timeout := workers[worker].Timeout
		hidden := known[string(mapping.EventSourceArn)].VisibilityTimeout
		if window := mapping.MaximumBatchingWindowInSeconds; timeout == 0 || hidden != 6*timeout+window {
			t.Errorf("%s: hidden for %d s, worker may take %d s, window of %d s", id, hidden, timeout, window)
		}
	}
}

func TestOneFailedMessageDoesNotFailItsBatch(t *testing.T) {
	for id, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, synthesized(t, "prod"), mappings) {
		if !slices.Contains(mapping.FunctionResponseTypes, "ReportBatchItemFailures") {
			t.Errorf("%s: response types %v", id, mapping.FunctionResponseTypes)
		}
	}
}

func TestOnlyTheBatchesOfOrderWaitAndNotForTheEndOfARollback(t *testing.T) {
	type batch struct{ Size, Window int }
	got := map[string]batch{}
	for _, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, synthesized(t, "prod"), mappings) {
		got[resourceName(string(mapping.EventSourceArn))] = batch{mapping.BatchSize, mapping.MaximumBatchingWindowInSeconds}
	}
	want := map[string]batch{"OrderQueue": {100, 1}, "OrderImmediateQueue": {10, 0}, "WarehouseQueue": {10, 0}, "PaymentQueue": {10, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (- want, + got):\n%s", diff)
	}
}

func TestTheWarehouseGetsEachOrderInItsOwnMessageGroup(t *testing.T) {
	template := synthesized(t, "prod")
	fifo := 0
	for id, queue := range synthtest.Properties[synthtest.Queue](t, template, queues) {
		if !queue.FifoQueue || queue.RedrivePolicy.MaxReceiveCount == 0 {
			continue
		}
		fifo++
		if !queue.ContentBasedDeduplication || queue.DeduplicationScope != "messageGroup" || queue.FifoThroughputLimit != "perMessageGroupId" {
			t.Errorf("%s is %+v", id, queue)
		}
		for rule, properties := range synthtest.Properties[synthtest.Rule](t, template, rules) {
			target := properties.Targets[0]
			if string(target.Arn) == id && target.SqsParameters.MessageGroupId != "$.detail.subject" {
				t.Errorf("%s groups by %q", rule, target.SqsParameters.MessageGroupId)
			}
		}
	}
	if fifo != 1 {
		t.Errorf("%d FIFO queues are polled, want the warehouse's only", fifo)
	}
}

func TestAConsumerGetsTheCloudEventWithoutTheEnvelope(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[map[string]any](t, template, buses)
	for id, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		target := rule.Targets[0]
		_, forwards := known[string(target.Arn)]
		want := "$.detail"
		if forwards || strings.HasPrefix(id, "Observability") {
			want = ""
		}
		if target.InputPath != want {
			t.Errorf("%s has the input path %q, want %q", id, target.InputPath, want)
		}
	}
}

func TestEveryRuleMatchesTheOwnAccountAndOneSourceInEnvelopeAndContent(t *testing.T) {
	own := synthtest.Reference(settingsOf(t, "prod").Account)
	for id, rule := range synthtest.Properties[synthtest.Rule](t, synthesized(t, "prod"), rules) {
		pattern := rule.EventPattern
		if !slices.Equal(pattern.Account, []synthtest.Reference{own}) {
			t.Errorf("%s matches the accounts %v", id, pattern.Account)
		}
		if strings.HasPrefix(id, "Observability") {
			if diff := cmp.Diff(synthtest.EventPattern{Account: pattern.Account}, pattern); diff != "" {
				t.Errorf("%s does not observe everything (- want, + got):\n%s", id, diff)
			}
			continue
		}
		for _, alternative := range pattern.Alternatives() {
			if len(alternative.Source) != 1 || !slices.Equal(alternative.Detail.Source, alternative.Source) {
				t.Errorf("%s matches the source %v with the source %v in the content", id, alternative.Source, alternative.Detail.Source)
			}
			if len(alternative.DetailType) != 1 || !slices.Equal(alternative.Detail.Type, alternative.DetailType) {
				t.Errorf("%s matches the type %v with the type %v in the content", id, alternative.DetailType, alternative.Detail.Type)
			}
		}
	}
}

func TestNoEventIsForwardedTwice(t *testing.T) {
	template := synthesized(t, "prod")
	known := synthtest.Properties[map[string]any](t, template, buses)
	arriving := map[synthtest.Reference][]string{}
	leaving := map[synthtest.Reference][]string{}
	for _, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		if _, forwards := known[string(rule.Targets[0].Arn)]; forwards {
			leaving[rule.EventBusName] = append(leaving[rule.EventBusName], rule.EventPattern.Types()...)
			arriving[rule.Targets[0].Arn] = append(arriving[rule.Targets[0].Arn], rule.EventPattern.Types()...)
		}
	}
	if len(leaving) != 2 {
		t.Fatalf("events are forwarded from %d buses, want both", len(leaving))
	}
	for bus := range known {
		for _, eventType := range arriving[synthtest.Reference(bus)] {
			if slices.Contains(leaving[synthtest.Reference(bus)], eventType) {
				t.Errorf("%s arrives at %s from another bus and leaves for another: EventBridge drops it", eventType, bus)
			}
		}
	}
}

func TestEveryConsumedEventHasAPublisher(t *testing.T) {
	template := synthesized(t, "prod")
	// An operator publishes stock receipts.
	published := event.Types(contract.StockReceived{})
	for function, types := range publications(t, template) {
		if function == "OrderSweeper" {
			continue // It publishes again the events of the order API.
		}
		published = append(published, types...)
	}
	known := synthtest.Properties[map[string]any](t, template, buses)
	consumed := map[string]bool{}
	for id, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		if _, forwards := known[string(rule.Targets[0].Arn)]; forwards {
			continue
		}
		for _, eventType := range rule.EventPattern.Types() {
			consumed[eventType] = true
			if !slices.Contains(published, eventType) {
				t.Errorf("%s matches %s, which no function may publish", id, eventType)
			}
		}
	}
	language := event.Types(contract.Catalogue().All()...)
	if diff := cmp.Diff(language, slices.Sorted(maps.Keys(consumed))); diff != "" {
		t.Errorf("not every event of the language is consumed (- language, + consumed):\n%s", diff)
	}
	slices.Sort(published)
	if diff := cmp.Diff(language, published); diff != "" {
		t.Errorf("not every event of the language has one publisher (- language, + published):\n%s", diff)
	}
}
