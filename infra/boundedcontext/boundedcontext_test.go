package boundedcontext_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestAQueueIsPolledInBatches(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.Queue{BatchSize: 7, MaxReceiveCount: 10, MaximumConcurrency: 3}
	})
	for id, mapping := range synthtest.Of[synthtest.EventSourceMapping](t, template, "AWS::Lambda::EventSourceMapping") {
		if mapping.BatchSize != 7 || mapping.ScalingConfig.MaximumConcurrency != 3 {
			t.Errorf("%s: %+v", id, mapping)
		}
	}
	for id, queue := range synthtest.Of[synthtest.Queue](t, template, "AWS::SQS::Queue") {
		if queue.FifoQueue {
			t.Errorf("%s is a FIFO queue", id)
		}
	}
	for id, rule := range synthtest.Of[synthtest.Rule](t, template, "AWS::Events::Rule") {
		if target := rule.Targets[0]; target.SqsParameters.MessageGroupId != "" || target.InputPath != "$.detail" {
			t.Errorf("%s: %+v", id, target)
		}
	}
}

// The worker delays a message by 1, 2, 4 … seconds up to 5 minutes.
func TestAnEventThatFailsIsADeadLetterBeforeTheAlarmForWaitingEvents(t *testing.T) {
	for receives, want := range map[int]time.Duration{1: 10 * time.Minute, 10: 10 * time.Minute, 12: 20 * time.Minute} {
		for name, delivery := range map[string]boundedcontext.Delivery{
			"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: receives},
			"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: receives, GroupBy: "$.detail.subject"},
		} {
			template := synthesize(t, func(props *boundedcontext.Props) { props.Delivery = delivery })
			got, waits := 0, 0.0
			for id, queue := range synthtest.Of[synthtest.Queue](t, template, "AWS::SQS::Queue") {
				if part(synthtest.Reference(id)) == "LedgerQueue" {
					got = queue.RedrivePolicy.MaxReceiveCount
				}
			}
			for id, alarm := range synthtest.Of[synthtest.Alarm](t, template, "AWS::CloudWatch::Alarm") {
				if part(synthtest.Reference(id)) == "LedgerQueueWaiting" {
					waits = alarm.Threshold
				}
			}
			if got != receives || waits != want.Seconds() {
				t.Errorf("%s: a message is received %d times and may wait %g s, want %d times and %s", name, got, waits, receives, want)
			}
		}
	}
}

func TestAFIFOQueueGroupsByThePath(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.account"}
	})
	for id, rule := range synthtest.Of[synthtest.Rule](t, template, "AWS::Events::Rule") {
		if got := rule.Targets[0].SqsParameters.MessageGroupId; got != "$.detail.account" {
			t.Errorf("%s groups by %q", id, got)
		}
	}
	fifo := 0
	for _, queue := range synthtest.Of[synthtest.Queue](t, template, "AWS::SQS::Queue") {
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
	for _, rule := range synthtest.Of[synthtest.Rule](t, template, "AWS::Events::Rule") {
		from, to := part(rule.EventBusName), part(rule.Targets[0].Arn)
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
	for id, function := range synthtest.Of[synthtest.Function](t, template, "AWS::Lambda::Function") {
		if part(function.DeadLetterConfig.TargetArn) != "LedgerDeadLetters" {
			t.Errorf("%s sends dead letters to %q", id, function.DeadLetterConfig.TargetArn)
		}
		if bus := function.Environment.Variables["EVENT_BUS_NAME"]; part(bus) != "LedgerBus" {
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
	for id, policy := range synthtest.Of[synthtest.Policy](t, template, "AWS::IAM::Policy") {
		bus, forwards := want[part(synthtest.Reference(id))]
		if !forwards {
			continue
		}
		found++
		statements := policy.PolicyDocument.Statement
		if len(statements) != 1 || !slices.Equal(statements[0].Action, synthtest.List{"events:PutEvents"}) ||
			len(statements[0].Resource) != 1 || part(statements[0].Resource[0]) != bus {
			t.Errorf("%s allows %+v", id, statements)
		}
	}
	if found != len(want) {
		t.Errorf("%d forwarding roles, want %d", found, len(want))
	}
}

func TestARuleMatchesWhatSaysTheSameOutsideAndInside(t *testing.T) {
	for name, delivery := range map[string]boundedcontext.Delivery{
		"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		"an own bus":   boundedcontext.OwnBus{Name: "ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			template := synthesize(t, func(props *boundedcontext.Props) { props.Delivery = delivery })
			for id, rule := range synthtest.Of[synthtest.Rule](t, template, "AWS::Events::Rule") {
				for _, whole := range rule.EventPattern.Alternatives() {
					outside, inside := slices.Concat(whole.Source, whole.DetailType), slices.Concat(whole.Detail.Source, whole.Detail.Type)
					if len(outside) != 2 || !slices.Equal(outside, inside) || len(whole.Account) != 1 {
						t.Errorf("%s matches %v with %v inside, of the accounts %v", id, outside, inside, whole.Account)
					}
				}
			}
		})
	}
}

func TestEventsThatDoNotFitIntoAPatternAreRefusedByName(t *testing.T) {
	stack, props := valid(t)
	var types []string
	for n := range 40 {
		types = append(types, fmt.Sprint("bank.happened-", n))
	}
	props.Consumes = resource.Events{"bank": types}
	message := refusal(func() { boundedcontext.New(stack, "Ledger", props) })
	if want := `rule ConsumeBank: 40 events of source "bank" need a pattern of `; !strings.HasPrefix(message, want) {
		t.Errorf("refused with %q, want %q", message, want)
	}
}

func TestPropsThatCannotWorkAreRefusedByName(t *testing.T) {
	tests := map[string]struct {
		spoil func(*boundedcontext.Props)
		want  string
	}{
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
		"a negative reservation":   {func(p *boundedcontext.Props) { p.Worker.ReservedConcurrency = -1 }, "ReservedConcurrency"},
		"a query without an index": {func(p *boundedcontext.Props) { p.Worker.QueriesDue = true }, "DueIndex"},
		"no log level":             {func(p *boundedcontext.Props) { p.LogLevel = "" }, "LogLevel"},
		"no log retention":         {func(p *boundedcontext.Props) { p.LogRetentionDays = 0 }, "LogRetentionDays"},
		"no namespace of metrics":  {func(p *boundedcontext.Props) { p.MetricsNamespace = "" }, "MetricsNamespace"},
		"no memory of events":      {func(p *boundedcontext.Props) { p.Retention = 0 }, "Retention"},
	}
	stack, props := valid(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spoiled := props
			test.spoil(&spoiled)
			message := refusal(func() { boundedcontext.New(stack, "Ledger", spoiled) })
			if !strings.HasPrefix(message, "bounded context Ledger: ") || !strings.Contains(message, test.want) {
				t.Errorf("refused with %q, want it to name %s", message, test.want)
			}
		})
	}
}

func TestWhatTheContextTellsAFunctionCannotBeSaidOtherwise(t *testing.T) {
	stack, props := valid(t)
	boundedcontext.New(stack, "Ledger", props)
	for _, function := range synthtest.Of[synthtest.Function](t, synthtest.Synth(t, stack), "AWS::Lambda::Function") {
		for name := range function.Environment.Variables {
			spoiled := props
			spoiled.Worker.Variables = map[string]string{name: "other"}
			if message := refusal(func() { boundedcontext.New(stack, "Other", spoiled) }); !strings.Contains(message, name) {
				t.Errorf("refused with %q, want it to name %s", message, name)
			}
		}
	}
}

func TestOnlyTheWorkerPublishesOnAnOwnBus(t *testing.T) {
	stack, props := valid(t)
	props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
	ledger := boundedcontext.New(stack, "Ledger", props)
	message := refusal(func() { ledger.AddFunction("Api", props.Worker) })
	if !strings.HasPrefix(message, "function Api of bounded context Ledger: ") {
		t.Errorf("refused with %q", message)
	}
	silent := props.Worker
	silent.Publishes = nil
	ledger.AddFunction("Api", silent)
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
	for id, schedule := range synthtest.Of[synthtest.Schedule](t, template, "AWS::Scheduler::Schedule") {
		if schedule.ScheduleExpression != "rate(5 minutes)" || part(schedule.Target.Arn) != "LedgerClerk" || schedule.Target.Input != "{}" {
			t.Errorf("%s: %+v", id, schedule)
		}
	}
	for id, made := range synthtest.Of[synthtest.Function](t, template, "AWS::Lambda::Function") {
		if page := made.Environment.Variables["PAGE"]; (page == "10") != (part(synthtest.Reference(id)) == "LedgerClerk") {
			t.Errorf("%s is told %q", id, page)
		}
	}
}

func TestAScheduledFunctionThatCannotWorkIsRefused(t *testing.T) {
	stack, props := valid(t)
	ledger := boundedcontext.New(stack, "Ledger", props)
	asking := props.Worker
	asking.QueriesDue = true
	for name, test := range map[string]struct {
		every    time.Duration
		function boundedcontext.Function
		want     string
	}{
		"half a minute":            {30 * time.Second, props.Worker, "interval"},
		"a minute and a half":      {90 * time.Second, props.Worker, "interval"},
		"a query without an index": {time.Minute, asking, "DueIndex"},
	} {
		t.Run(name, func(t *testing.T) {
			message := refusal(func() { ledger.AddScheduledFunction("Clerk", test.every, test.function) })
			if !strings.HasPrefix(message, "function Clerk of bounded context Ledger: ") || !strings.Contains(message, test.want) {
				t.Errorf("refused with %q, want it to name %s", message, test.want)
			}
		})
	}
}

// refusal gives what a call panics with.
func refusal(call func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	call()
	return ""
}

// synthesize makes a stack with one bounded context, after change had its way
// with the props.
func synthesize(t *testing.T, change func(*boundedcontext.Props)) synthtest.Template {
	t.Helper()
	stack, props := valid(t)
	change(&props)
	boundedcontext.New(stack, "Ledger", props)
	return synthtest.Synth(t, stack)
}

// valid gives a stack and the props of a bounded context in it.
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

// part is a logical id without CDK's hash at its end.
func part(logicalID synthtest.Reference) string {
	return string(logicalID[:len(logicalID)-8])
}
