package boundedcontext_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestAQueueIsPolledInBatches(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.Queue{BatchSize: 7, MaxReceiveCount: 10, MaximumConcurrency: 3}
	})
	for id, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, "AWS::Lambda::EventSourceMapping") {
		if mapping.BatchSize != 7 || mapping.ScalingConfig.MaximumConcurrency != 3 {
			t.Errorf("%s: %+v", id, mapping)
		}
	}
	for id, queue := range synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		if queue.FifoQueue {
			t.Errorf("%s is a FIFO queue", id)
		}
	}
	for id, rule := range synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule") {
		if target := rule.Targets[0]; target.SqsParameters.MessageGroupId != "" || target.InputPath != "$.detail" {
			t.Errorf("%s: %+v", id, target)
		}
	}
}

func TestABatchWaitsForItsWindowAndImmediateEventsDoNot(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.Queue{
			BatchSize: 10_000, BatchWindow: 5 * time.Minute, Immediate: []string{"bank.closed"}, MaxReceiveCount: 10, MaximumConcurrency: 3,
		}
	})
	type polled struct{ BatchSize, Window, Hidden, Concurrency, Receives int }
	known := synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue")
	got := map[string]polled{}
	for _, mapping := range synthtest.Properties[synthtest.EventSourceMapping](t, template, "AWS::Lambda::EventSourceMapping") {
		queue := known[string(mapping.EventSourceArn)]
		got[withoutHash(mapping.EventSourceArn)] = polled{
			mapping.BatchSize, mapping.MaximumBatchingWindowInSeconds, queue.VisibilityTimeout, mapping.ScalingConfig.MaximumConcurrency, queue.RedrivePolicy.MaxReceiveCount,
		}
		if dead := withoutHash(queue.RedrivePolicy.DeadLetterTargetArn); dead != "LedgerDeadLetters" {
			t.Errorf("the dead letters of %s are sent to %s", mapping.EventSourceArn, dead)
		}
	}
	want := map[string]polled{"LedgerQueue": {10_000, 300, 330, 3, 10}, "LedgerImmediateQueue": {10, 0, 30, 3, 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("polled (- want, + got):\n%s", diff)
	}
	received := map[string][]string{}
	for _, rule := range synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule") {
		queue := withoutHash(rule.Targets[0].Arn)
		received[queue] = append(received[queue], rule.EventPattern.Types()...)
		slices.Sort(received[queue])
	}
	types := map[string][]string{"LedgerQueue": {"bank.opened", "desk.paid-in"}, "LedgerImmediateQueue": {"bank.closed"}}
	if diff := cmp.Diff(types, received); diff != "" {
		t.Errorf("received (- want, + got):\n%s", diff)
	}
}

func TestAWorkerHasTheURLsOfItsQueuesAndMayDelayMessagesInThemAlone(t *testing.T) {
	for name, test := range map[string]struct {
		immediate []string
		want      map[string]string
	}{
		"one queue":  {nil, map[string]string{"QUEUE_URL": "LedgerQueue"}},
		"two queues": {[]string{"bank.closed"}, map[string]string{"QUEUE_URL": "LedgerQueue", "IMMEDIATE_QUEUE_URL": "LedgerImmediateQueue"}},
	} {
		t.Run(name, func(t *testing.T) {
			template := synthesize(t, func(props *boundedcontext.Props) {
				props.Delivery = boundedcontext.Queue{BatchSize: 10, BatchWindow: time.Second, Immediate: test.immediate, MaxReceiveCount: 10}
			})
			got, delays := map[string]string{}, []string{}
			for _, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
				for variable, value := range function.Environment.Variables {
					if strings.HasSuffix(variable, "QUEUE_URL") && variable != "DEAD_LETTER_QUEUE_URL" {
						got[variable] = withoutHash(value)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("variables (- want, + got):\n%s", diff)
			}
			for _, policy := range synthtest.Properties[synthtest.Policy](t, template, "AWS::IAM::Policy") {
				for _, statement := range policy.PolicyDocument.Statement {
					if slices.Contains(statement.Action, "sqs:ChangeMessageVisibility") {
						for _, queue := range statement.Resource {
							delays = append(delays, withoutHash(queue))
						}
					}
				}
			}
			slices.Sort(delays)
			if want := slices.Sorted(maps.Values(test.want)); !slices.Equal(delays, want) {
				t.Errorf("it may delay messages in %q, want %q", delays, want)
			}
		})
	}
}

// The worker delays a message by 1, 2, 4 … seconds up to 5 minutes.
func TestAnEventThatFailsIsADeadLetterBeforeTheAlarmForWaitingEvents(t *testing.T) {
	for receives, want := range map[int]time.Duration{1: 10 * time.Minute, 10: 10 * time.Minute, 12: 20 * time.Minute} {
		for name, delivery := range map[string]boundedcontext.Delivery{
			"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: receives},
			"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: receives, GroupBy: "$.detail.subject"},
		} {
			assertWait(t, name, delivery, receives, want)
		}
	}
}

// Each time that a message is received, it can wait for the window.
func TestTheAlarmForWaitingEventsAllowsForTheWindow(t *testing.T) {
	for receives, want := range map[int]time.Duration{1: 10 * time.Minute, 10: 15 * time.Minute, 12: 25 * time.Minute} {
		delivery := boundedcontext.Queue{BatchSize: 10, BatchWindow: 20 * time.Second, MaxReceiveCount: receives}
		assertWait(t, "a queue with a window", delivery, receives, want)
	}
}

// assertWait checks how often a queue's message is received, and how long it may wait.
func assertWait(t *testing.T, name string, delivery boundedcontext.Delivery, receives int, want time.Duration) {
	t.Helper()
	template := synthesize(t, func(props *boundedcontext.Props) { props.Delivery = delivery })
	got, waits := 0, 0.0
	for id, queue := range synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		if withoutHash(synthtest.Reference(id)) == "LedgerQueue" {
			got = queue.RedrivePolicy.MaxReceiveCount
		}
	}
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, template, "AWS::CloudWatch::Alarm") {
		if withoutHash(synthtest.Reference(id)) == "LedgerQueueWaiting" {
			waits = alarm.Threshold
		}
	}
	if got != receives || waits != want.Seconds() {
		t.Errorf("%s: a message is received %d times and may wait %g s, want %d times and %s", name, got, waits, receives, want)
	}
}

func TestAFIFOQueueGroupsByThePath(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.account"}
	})
	for id, rule := range synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule") {
		if got := rule.Targets[0].SqsParameters.MessageGroupId; got != "$.detail.account" {
			t.Errorf("%s groups by %q", id, got)
		}
	}
	fifo := 0
	for _, queue := range synthtest.Properties[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		if queue.FifoQueue && queue.ContentBasedDeduplication {
			fifo++
		}
	}
	if fifo != 2 {
		t.Errorf("%d FIFO queues, want the queue and its dead-letter queue", fifo)
	}
}

func TestAnOwnBusInvokesTheWorkerDirectly(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
	})
	routes := map[string]int{}
	for _, rule := range synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule") {
		target := rule.Targets[0].Arn
		if worker, isAlias := template.Behind(target); isAlias {
			target = synthtest.Reference(worker)
		}
		from, to := withoutHash(rule.EventBusName), withoutHash(target)
		routes[from+" to "+to] += len(rule.EventPattern.Types())
	}
	for route, events := range map[string]int{"Outer to LedgerBus": 3, "LedgerBus to LedgerWorker": 3, "LedgerBus to Outer": 1} {
		if routes[route] != events {
			t.Errorf("from %s go %d events, want %d", route, routes[route], events)
		}
	}
	if len(routes) != 3 {
		t.Errorf("routes are %v", routes)
	}
	for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
		if withoutHash(function.DeadLetterConfig.TargetArn) != "LedgerDeadLetters" {
			t.Errorf("%s sends dead letters to %q", id, function.DeadLetterConfig.TargetArn)
		}
		if bus := function.Environment.Variables["EVENT_BUS_NAME"]; withoutHash(bus) != "LedgerBus" {
			t.Errorf("%s publishes on %s", id, bus)
		}
	}
}

func TestAForwardingRuleMayPublishOnItsTargetOnly(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
	})
	want := map[string]string{"LedgerForwardInRoleDefaultPolicy": "LedgerBus", "LedgerForwardOutRoleDefaultPolicy": "Outer"}
	found := 0
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, "AWS::IAM::Policy") {
		bus, forwards := want[withoutHash(synthtest.Reference(id))]
		if !forwards {
			continue
		}
		found++
		statements := policy.PolicyDocument.Statement
		if len(statements) != 1 || !slices.Equal(statements[0].Action, synthtest.List{"events:PutEvents"}) ||
			len(statements[0].Resource) != 1 || withoutHash(statements[0].Resource[0]) != bus {
			t.Errorf("%s allows %+v", id, statements)
		}
	}
	if found != len(want) {
		t.Errorf("%d forwarding roles, want %d", found, len(want))
	}
}

func TestARuleMatchesEventsWithOneSourceAndTypeInEnvelopeAndDetail(t *testing.T) {
	for name, delivery := range map[string]boundedcontext.Delivery{
		"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		"an own bus":   boundedcontext.OwnBus{Name: "ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			template := synthesize(t, func(props *boundedcontext.Props) { props.Delivery = delivery })
			for id, rule := range synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule") {
				for _, whole := range rule.EventPattern.Alternatives() {
					envelope, detail := slices.Concat(whole.Source, whole.DetailType), slices.Concat(whole.Detail.Source, whole.Detail.Type)
					if len(envelope) != 2 || !slices.Equal(envelope, detail) || len(whole.Account) != 1 {
						t.Errorf("%s matches %v with %v in the detail, of the accounts %v", id, envelope, detail, whole.Account)
					}
				}
			}
		})
	}
}

func TestEventsThatDoNotFitIntoAPatternAreNamed(t *testing.T) {
	stack, props := valid(t)
	var types []string
	for n := range 40 {
		types = append(types, fmt.Sprint("bank.happened-", n))
	}
	props.Consumes = resource.Events{"bank": types}
	message := synthtest.PanicMessage(func() { boundedcontext.New(stack, "Ledger", props) })
	if want := `rule ConsumeBank: 40 events of source "bank" need a pattern of `; !strings.HasPrefix(message, want) {
		t.Errorf("panicked with %q, want %q", message, want)
	}
}

func TestPropsThatCannotWorkAreNamed(t *testing.T) {
	tests := map[string]refusal{
		"no service":            {func(p *boundedcontext.Props) { p.Service = "" }, "Service"},
		"no bus":                {func(p *boundedcontext.Props) { p.Bus = nil }, "Bus"},
		"no events":             {func(p *boundedcontext.Props) { p.Consumes = nil }, "Consumes"},
		"a source without type": {func(p *boundedcontext.Props) { p.Consumes = resource.Events{"bank": nil} }, "Consumes"},
		"a type without source": {func(p *boundedcontext.Props) { p.Consumes = resource.Events{"": {"bank.opened"}} }, "Consumes"},
		"no delivery":           {func(p *boundedcontext.Props) { p.Delivery = nil }, "Delivery"},
		"an empty batch":        {func(p *boundedcontext.Props) { p.Delivery = boundedcontext.Queue{} }, "BatchSize"},
		"no receives":           {func(p *boundedcontext.Props) { p.Delivery = boundedcontext.Queue{BatchSize: 1} }, "MaxReceiveCount"},
		"more receives than SQS counts": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 1001, GroupBy: "$.detail.subject"}
		}, "MaxReceiveCount"},
		"a large batch without a window": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 11, MaxReceiveCount: 10}
		}, "a BatchSize of 11 is not between 1 and 10"},
		"a larger batch than Lambda's": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 10_001, BatchWindow: time.Second, MaxReceiveCount: 10}
		}, "a BatchSize of 10001 is not between 1 and 10000"},
		"a large batch of a FIFO queue": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.FIFOQueue{BatchSize: 11, MaxReceiveCount: 10, GroupBy: "$.detail.subject"}
		}, "a BatchSize of 11 is not between 1 and 10"},
		"half a second": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: 500 * time.Millisecond, MaxReceiveCount: 10}
		}, "a BatchWindow of 500ms is not a number of whole seconds up to 5m0s"},
		"a negative window": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: -time.Second, MaxReceiveCount: 10}
		}, "a BatchWindow of -1s"},
		"a window that is too long": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: 301 * time.Second, MaxReceiveCount: 10}
		}, "a BatchWindow of 5m1s"},
		"immediate events without a window": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, Immediate: []string{"bank.closed"}, MaxReceiveCount: 10}
		}, "there are Immediate events, but no BatchWindow"},
		"an immediate event that is not consumed": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: time.Second, Immediate: []string{"bank.robbed"}, MaxReceiveCount: 10}
		}, `in Immediate: "bank.robbed" is not in Consumes`},
		"nothing that waits": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{
				BatchSize: 1, BatchWindow: time.Second, Immediate: []string{"bank.closed", "bank.opened", "desk.paid-in"}, MaxReceiveCount: 10,
			}
		}, "all of Consumes is in Immediate"},
		"one poller": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, MaxReceiveCount: 10, MaximumConcurrency: 1}
		}, "MaximumConcurrency"},
		"a literal message group": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 10, GroupBy: "all"}
		}, "GroupBy"},
		"a nameless bus":     {func(p *boundedcontext.Props) { p.Delivery = boundedcontext.OwnBus{} }, "Name"},
		"no artefact":        {func(p *boundedcontext.Props) { p.Worker.Artefact = "" }, "Artefact"},
		"too little memory":  {func(p *boundedcontext.Props) { p.Worker.MemoryMB = 1 }, "MemoryMB"},
		"no timeout":         {func(p *boundedcontext.Props) { p.Worker.Timeout = 0 }, "Timeout"},
		"no table actions":   {func(p *boundedcontext.Props) { p.Worker.TableActions = nil }, "TableActions"},
		"every table action": {func(p *boundedcontext.Props) { p.Worker.TableActions = []string{"*"} }, "TableActions"},
		"a publisher of nothing named": {func(p *boundedcontext.Props) {
			p.Worker.Publishes = resource.Events{"ledger": nil}
		}, "Publishes"},
		"a negative reservation":    {func(p *boundedcontext.Props) { p.Worker.ReservedConcurrency = -1 }, "ReservedConcurrency"},
		"a shift that is too short": {func(p *boundedcontext.Props) { p.Worker.Shift = "Canary10Percent5Minutes" }, "the Shift"},
		"a query without an index":  {func(p *boundedcontext.Props) { p.Worker.QueriesDue = true }, "DueIndex"},
		"no log level":              {func(p *boundedcontext.Props) { p.LogLevel = "" }, "LogLevel"},
		"no log retention":          {func(p *boundedcontext.Props) { p.LogRetentionDays = 0 }, "LogRetentionDays"},
		"no namespace of metrics":   {func(p *boundedcontext.Props) { p.MetricsNamespace = "" }, "MetricsNamespace"},
		"no retention of events":    {func(p *boundedcontext.Props) { p.Retention = 0 }, "Retention"},
	}
	stack, props := valid(t)
	checkRefusals(t, stack, props, tests)
}

func TestTheRuntimeOfAFunctionIsSetForItsMemory(t *testing.T) {
	for memory, want := range map[int][2]synthtest.Reference{128: {"1", "96MiB"}, 1768: {"1", "1326MiB"}, 1769: {"", "1326MiB"}, 10240: {"", "7680MiB"}} {
		template := synthesize(t, func(props *boundedcontext.Props) { props.Worker.MemoryMB = memory })
		for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
			variables := function.Environment.Variables
			if got := [2]synthtest.Reference{variables["GOMAXPROCS"], variables["GOMEMLIMIT"]}; got != want {
				t.Errorf("%s with %d MB has GOMAXPROCS and GOMEMLIMIT %q, want %q", id, memory, got, want)
			}
		}
	}
}

func TestWhereMonitoringIsDisabledThereAreNoAlarmsAndNoMetrics(t *testing.T) {
	for name, delivery := range map[string]boundedcontext.Delivery{
		"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		"an own bus":   boundedcontext.OwnBus{Name: "ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			stack, props := valid(t)
			props.Delivery = delivery
			quiet := constructs.NewConstruct(stack, new("Quiet"))
			resource.DisableMonitoring(quiet)
			if resource.IsMonitored(quiet) || !resource.IsMonitored(stack) {
				t.Errorf("monitored: %t in the scope, %t outside of it", resource.IsMonitored(quiet), resource.IsMonitored(stack))
			}
			ledger := boundedcontext.New(quiet, "Ledger", props)
			clerk := props.Worker
			clerk.Publishes = nil
			ledger.AddScheduledFunction("Clerk", time.Minute, clerk)
			template := synthtest.Synth(t, stack)
			for id, resource := range template.Resources {
				if resource.Type == "AWS::CloudWatch::Alarm" {
					t.Errorf("there is the alarm %s", id)
				}
			}
			for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
				if namespace, isSet := function.Environment.Variables["METRICS_NAMESPACE"]; namespace != "" || !isSet {
					t.Errorf("%s writes metrics in %q", id, namespace)
				}
			}
		})
	}
}

func TestAnUntracedFunctionHasNothingToDoWithXRay(t *testing.T) {
	for _, untraced := range []bool{true, false} {
		template := synthesize(t, func(props *boundedcontext.Props) { props.Untraced = untraced })
		mode, share := "Active", synthtest.Reference("")
		if untraced {
			mode, share = "PassThrough", "0"
		}
		for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
			if function.TracingConfig.Mode != mode || function.Environment.Variables["TRACED_SHARE"] != share {
				t.Errorf("untraced: %t, %s has the mode %q and traces a share of %q", untraced, id, function.TracingConfig.Mode, function.Environment.Variables["TRACED_SHARE"])
			}
		}
		if allowed := strings.Contains(template.String(), "xray:"); allowed == untraced {
			t.Errorf("untraced: %t, a role may send traces: %t", untraced, allowed)
		}
	}
}

func TestAVariableThatTheContextSetsCannotBeOverridden(t *testing.T) {
	stack, props := valid(t)
	props.Delivery = boundedcontext.Queue{BatchSize: 10, BatchWindow: time.Second, Immediate: []string{"bank.closed"}, MaxReceiveCount: 10}
	boundedcontext.New(stack, "Ledger", props)
	for _, function := range synthtest.Properties[synthtest.Function](t, synthtest.Synth(t, stack), "AWS::Lambda::Function") {
		for name := range function.Environment.Variables {
			invalid := props
			invalid.Worker.Variables = map[string]string{name: "other"}
			if message := synthtest.PanicMessage(func() { boundedcontext.New(stack, "Other", invalid) }); !strings.Contains(message, name) {
				t.Errorf("panicked with %q, want it to name %s", message, name)
			}
		}
	}
}

func TestOnAnOwnBusOnlyTheEventsOfTheWorkerArePublished(t *testing.T) {
	stack, props := valid(t)
	props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
	ledger := boundedcontext.New(stack, "Ledger", props)
	for _, others := range []resource.Events{{"ledger": {"ledger.booked", "ledger.closed"}}, {"bank": {"ledger.booked"}}} {
		api := props.Worker
		api.Publishes = others
		message := synthtest.PanicMessage(func() { ledger.AddFunction("Api", api) })
		if !strings.HasPrefix(message, "function Api of bounded context Ledger: ") {
			t.Errorf("panicked with %q", message)
		}
	}
	reader := props.Worker
	reader.Publishes = nil
	ledger.AddFunction("Reader", reader)
	ledger.AddFunction("Api", props.Worker)
	synthtest.Synth(t, stack)
}

func TestAScheduledFunctionIsInvokedAtARate(t *testing.T) {
	stack, props := valid(t)
	props.DueIndex = true
	ledger := boundedcontext.New(stack, "Ledger", props)
	function := props.Worker
	function.QueriesDue = true
	function.Variables = map[string]string{"PAGE": "10"}
	ledger.AddScheduledFunction("Clerk", 5*time.Minute, function)
	template := synthtest.Synth(t, stack)
	for id, schedule := range synthtest.Properties[synthtest.Schedule](t, template, "AWS::Scheduler::Schedule") {
		if schedule.ScheduleExpression != "rate(5 minutes)" || withoutHash(schedule.Target.Arn) != "LedgerClerkLive" || schedule.Target.Input != "{}" {
			t.Errorf("%s: %+v", id, schedule)
		}
	}
	for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
		if page := function.Environment.Variables["PAGE"]; (page == "10") != (withoutHash(synthtest.Reference(id)) == "LedgerClerk") {
			t.Errorf("%s has the page %q", id, page)
		}
	}
}

func TestAScheduledFunctionThatCannotWorkIsNamed(t *testing.T) {
	stack, props := valid(t)
	ledger := boundedcontext.New(stack, "Ledger", props)
	querying := props.Worker
	querying.QueriesDue = true
	for name, test := range map[string]struct {
		every    time.Duration
		function boundedcontext.Function
		want     string
	}{
		"half a minute":            {30 * time.Second, props.Worker, "interval"},
		"a minute and a half":      {90 * time.Second, props.Worker, "interval"},
		"a query without an index": {time.Minute, querying, "DueIndex"},
	} {
		t.Run(name, func(t *testing.T) {
			message := synthtest.PanicMessage(func() { ledger.AddScheduledFunction("Clerk", test.every, test.function) })
			if !strings.HasPrefix(message, "function Clerk of bounded context Ledger: ") || !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want it to name %s", message, test.want)
			}
		})
	}
}

func TestATableHasTheIndexesThatItsContextNamesAndEachHasAnAlarm(t *testing.T) {
	type index struct {
		Name, Projection    string
		Key, NonKeyIncluded []string
	}
	due := index{Name: "due", Projection: "KEYS_ONLY", Key: []string{"open", "due"}}
	account := index{Name: "account", Projection: "INCLUDE", Key: []string{"account", "until"}, NonKeyIncluded: []string{"amount"}}
	for name, test := range map[string]struct {
		due, account bool
		want         []index
	}{
		"none": {false, false, nil}, "due": {true, false, []index{due}}, "account": {false, true, []index{account}}, "both": {true, true, []index{due, account}},
	} {
		t.Run(name, func(t *testing.T) {
			stack, props := valid(t)
			props.DueIndex, props.AccountIndex = test.due, test.account
			boundedcontext.New(stack, "Ledger", props)
			template := synthtest.Synth(t, stack)
			var got []index
			for _, table := range synthtest.Properties[synthtest.Table](t, template, "AWS::DynamoDB::Table") {
				for _, found := range table.GlobalSecondaryIndexes {
					made := index{Name: found.IndexName, Projection: found.Projection.ProjectionType, NonKeyIncluded: found.Projection.NonKeyAttributes}
					for _, key := range found.KeySchema {
						made.Key = append(made.Key, key.AttributeName)
					}
					got = append(got, made)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the indexes (-want +got):\n%s", diff)
			}
			if alarmed := strings.Count(template.String(), `"Name": "GlobalSecondaryIndexName"`); alarmed != len(test.want) {
				t.Errorf("%d indexes have an alarm", alarmed)
			}
		})
	}
}

// synthesize returns the template of a stack with one bounded context, whose
// props change may change.
func synthesize(t *testing.T, change func(*boundedcontext.Props)) synthtest.Template {
	t.Helper()
	stack, props := valid(t)
	change(&props)
	boundedcontext.New(stack, "Ledger", props)
	return synthtest.Synth(t, stack)
}

// valid returns a stack and valid props of a bounded context in it.
func valid(t *testing.T) (awscdk.Stack, boundedcontext.Props) {
	t.Helper()
	artefact := t.TempDir()
	if err := os.WriteFile(filepath.Join(artefact, "bootstrap"), []byte("stub"), 0o600); err != nil {
		t.Fatal(err)
	}
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), nil)
	return stack, boundedcontext.Props{
		Service:          "ledger",
		Bus:              awsevents.NewEventBus(stack, new("Outer"), nil),
		Consumes:         resource.Events{"bank": {"bank.closed", "bank.opened"}, "desk": {"desk.paid-in"}},
		Delivery:         boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		LogLevel:         "info",
		MetricsNamespace: "bank",
		LogRetentionDays: 30,
		Retention:        30 * 24 * time.Hour,
		Worker: boundedcontext.Function{
			Artefact:     artefact,
			MemoryMB:     128,
			Timeout:      5 * time.Second,
			TableActions: []string{"PutItem"},
			Publishes:    resource.Events{"ledger": {"ledger.booked"}},
		},
	}
}

// withoutHash returns a logical id without the hash at its end, which the CDK
// adds.
func withoutHash(logicalID synthtest.Reference) string {
	return string(logicalID[:len(logicalID)-8])
}
