package redrive_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/rule"
)

// returning is an SQS in which a sent message becomes a dead letter at once.
type returning struct{ *deadlettertest.SQS }

func (r returning) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	r.Put(dead, *in.MessageBody, "", 0, nil)
	return r.SQS.SendMessage(ctx, in, options...)
}

// stopping is an SQS that ends the context as soon as something is sent.
type stopping struct {
	*deadlettertest.SQS

	stop context.CancelFunc
}

func (s stopping) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.stop()
	return s.SQS.SendMessage(ctx, in, options...)
}

// buses is a fake of EventBridge in which a pattern matches the events that have
// it in them.
type buses struct {
	published []string
	refused   *types.PutEventsResultEntry
	err       error
}

func (b *buses) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if b.refused != nil {
		return &eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: []types.PutEventsResultEntry{*b.refused}}, nil
	}
	for _, e := range in.Entries {
		b.published = append(b.published, fmt.Sprintf("%s %s %s %s %s", *e.EventBusName, *e.Source, *e.DetailType, e.Time.Format("15:04"), *e.Detail))
	}
	return &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}, b.err
}

func (b *buses) TestEventPattern(
	_ context.Context, in *eventbridge.TestEventPatternInput, _ ...func(*eventbridge.Options),
) (*eventbridge.TestEventPatternOutput, error) {
	if *in.EventPattern == "" {
		return nil, errors.New("no pattern")
	}
	return &eventbridge.TestEventPatternOutput{Result: strings.Contains(*in.Event, *in.EventPattern)}, nil
}

const (
	account  = ":eu-west-1:000000000000:"
	ruleARN  = "arn:aws:events" + account + "rule/global/consume"
	function = "arn:aws:lambda" + account + "function:worker"
	detail   = `{"id":"e-1",  "subject":"o-1"}`
	whole    = `{"version":"0","id":"envelope","source":"order","detail-type":"order.placed","time":"2026-03-01T12:34:56Z","resources":[],"detail":` + detail + `}`
)

// put puts a dead letter of the rule into the queue.
func (d *desk) put(rule, target, envelope string) {
	d.sqs.Put(dead, envelope, "", 0, map[string]string{
		deadletter.RuleARN: rule, deadletter.TargetARN: target, deadletter.ErrorCode: "NO_PERMISSIONS", deadletter.ErrorMessage: "not allowed",
	})
}

// add adds the rule, which matches what is placed, with another target and this
// one. Both have the dead-letter queue.
func (d *desk) add(target types.Target) {
	another := types.Target{Arn: aws.String("arn:aws:sqs" + account + "another"), DeadLetterConfig: deadLetters()}
	if target.DeadLetterConfig == nil {
		target.DeadLetterConfig = deadLetters()
	}
	d.Rules = append(d.Rules, rule.Rule{
		Path: "Shop/Consume", ARN: ruleARN, Bus: "global", Name: "consume", Pattern: "placed", Targets: []types.Target{another, target},
	})
}

func deadLetters() *types.DeadLetterConfig {
	return &types.DeadLetterConfig{Arn: aws.String(deadlettertest.ARN(dead))}
}

func TestAnUndeliveredEventIsSentToAQueueAsTheRuleWouldHaveSentIt(t *testing.T) {
	target := deadlettertest.ARN(work)
	byOrder := &types.SqsParameters{MessageGroupId: aws.String("$.detail.subject")}
	for name, c := range map[string]struct {
		target      types.Target
		body, group string
	}{
		"the detail, grouped by order": {types.Target{InputPath: aws.String("$.detail"), SqsParameters: byOrder}, detail, "o-1"},
		"the whole event":              {types.Target{SqsParameters: byOrder}, whole, "o-1"},
		"a constant":                   {types.Target{Input: aws.String(`"hello"`), SqsParameters: byOrder}, `"hello"`, "o-1"},
		"one group for all":            {types.Target{InputPath: aws.String("$.detail"), SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("all")}}, detail, "all"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			c.target.Arn = &target
			d.add(c.target)
			d.put(ruleARN, target, whole)
			assertEqual(t, "the outcomes", []string{"m-1 to queue work.fifo"}, d.redrive(t, redrive.Options{}))
			sent := d.sqs.Queues[work][0]
			assertEqual(t, "the body", c.body, *sent.Body)
			assertEqual(t, "the group", c.group, sent.Attributes["MessageGroupId"])
			assertEqual(t, "the reason in its attributes", 0, len(sent.MessageAttributes))
		})
	}
}

func TestAnEventIsDeliveredAsARuleWouldAndNoQueueIsRead(t *testing.T) {
	d := newDesk()
	target := deadlettertest.ARN(work)
	d.add(types.Target{Arn: &target, InputPath: aws.String("$.detail"), SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("$.detail.subject")}})
	for _, id := range []string{"one", "two"} {
		m := deadletter.OfRule(id, whole, ruleARN, target)
		before := len(d.sqs.Queues[work])
		if outcome := d.Deliver(t.Context(), m, true); outcome.To != "queue work.fifo" || outcome.Err != nil || len(d.sqs.Queues[work]) != before {
			t.Errorf("the outcome of a dry run is %+v, %d messages are sent", outcome, len(d.sqs.Queues[work])-before)
		}
		if outcome := d.Deliver(t.Context(), m, false); outcome.To != "queue work.fifo" || outcome.Err != nil {
			t.Errorf("the outcome is %+v", outcome)
		}
	}
	var got []string
	for _, sent := range d.sqs.Queues[work] {
		got = append(got, fmt.Sprint(sent.Attributes["MessageGroupId"], " ", sent.Deduplication, " ", *sent.Body, " ", len(sent.MessageAttributes)))
	}
	assertEqual(t, "the messages", []string{"o-1 redrive-one " + detail + " 0", "o-1 redrive-two " + detail + " 0"}, got)

	d.sqs.Broken["SendMessage"] = true
	if outcome := d.Deliver(t.Context(), deadletter.OfRule("three", whole, ruleARN, target), false); !errors.Is(outcome.Err, deadlettertest.ErrBroken) || outcome.Message.ID != "three" {
		t.Errorf("the outcome is %+v", outcome)
	}
	outcome := d.Deliver(t.Context(), deadletter.OfRule("four", whole, "of no stack", target), false)
	if outcome.Err == nil || !strings.HasPrefix(outcome.Err.Error(), "RULE_ARN: the stack has no rule") || outcome.Message.ID != "four" {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestAFunctionIsInvokedWithAnUndeliveredEvent(t *testing.T) {
	d := newDesk()
	d.add(types.Target{Arn: aws.String(function), InputPath: aws.String("$.detail")})
	d.put(ruleARN, function, whole)
	assertEqual(t, "the outcomes", []string{"m-1 to function " + function}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "the invocations", []string{"Event " + function + " " + detail}, d.functions.invoked)
}

func TestAnEventThatOnlyARuleCanDeliverIsPublishedAgain(t *testing.T) {
	inner := "arn:aws:events" + account + "event-bus/inner"
	for name, c := range map[string]struct{ from, target, bus string }{
		"another bus":          {"global", inner, inner},
		"an API destination":   {"global", "arn:aws:events" + account + "api-destination/shop/1", "global"},
		"a log group":          {"global", "arn:aws:logs" + account + "log-group:/aws/events/shop", "global"},
		"from the default bus": {"default", "arn:aws:events" + account + "api-destination/shop/1", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.add(types.Target{Arn: &c.target})
			d.Rules[0].Bus = c.from
			d.put(ruleARN, c.target, whole)
			assertEqual(t, "the outcomes", []string{"m-1 to bus " + c.bus[strings.LastIndex(c.bus, "/")+1:]}, d.redrive(t, redrive.Options{}))
			assertEqual(t, "the events", []string{c.bus + " order order.placed 12:34 " + detail}, d.buses.published)
		})
	}
}

func TestADeadLetterThatABusRejectsStays(t *testing.T) {
	target := "arn:aws:events" + account + "event-bus/inner"
	for name, c := range map[string]struct {
		buses buses
		want  string
	}{
		"it is not available": {buses{err: errors.New("away")}, "m-1 stays: publish on bus inner: away"},
		"it rejects the event": {buses{refused: &types.PutEventsResultEntry{
			ErrorCode: aws.String("InternalFailure"), ErrorMessage: aws.String("try later"),
		}}, "m-1 stays: publish on bus inner: InternalFailure: try later"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			*d.buses = c.buses
			d.add(types.Target{Arn: &target})
			d.put(ruleARN, target, whole)
			assertEqual(t, "the outcomes", []string{c.want}, d.redrive(t, redrive.Options{}))
			assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
		})
	}
}

func TestADeadLetterStaysIfRedrivingDoesNotSupportItsRule(t *testing.T) {
	queue := deadlettertest.ARN(work)
	for name, c := range map[string]struct {
		target string
		input  types.Target
		want   string
	}{
		"another service":    {"arn:aws:kinesis" + account + "stream/x", types.Target{}, "redriving to a target such as arn:aws:kinesis"},
		"a transformer":      {queue, types.Target{InputTransformer: &types.InputTransformer{}}, "rule Shop/Consume transforms its input"},
		"another input path": {queue, types.Target{InputPath: aws.String("$.detail.data")}, "rule Shop/Consume has the input path $.detail.data"},
		"another group": {queue, types.Target{
			SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("$.id")},
		}, "rule Shop/Consume has the message group $.id"},
		"a target that is no ARN": {"queue", types.Target{}, "TARGET_ARN: "},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			c.input.Arn = &c.target
			d.add(c.input)
			d.put(ruleARN, c.target, whole)
			d.mustStay(t, c.want)
		})
	}
}

// mustStay redrives the one dead letter, and fails unless it stays and nothing is sent.
func (d *desk) mustStay(t *testing.T, reason string) {
	t.Helper()
	results := d.redrive(t, redrive.Options{})
	if len(results) != 1 || !strings.HasPrefix(results[0], "m-1 stays: "+reason) {
		t.Errorf("the outcomes are %q, not %q", results, reason)
	}
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
	assertEqual(t, "messages that were sent", 0, len(d.sqs.Queues[work]))
	assertEqual(t, "events that were published", 0, len(d.buses.published))
	assertEqual(t, "functions that were invoked", 0, len(d.functions.invoked))
}

// The sender of a dead letter chooses its attributes, too.
func TestADeadLetterThatNoRuleCanHaveSentStays(t *testing.T) {
	const global = "arn:aws:events" + account + "event-bus/global"
	queue := deadlettertest.ARN(work)
	elsewhere := &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs" + account + "undelivered")}
	for name, c := range map[string]struct {
		rule, target, body string
		targets            []types.Target
		want               string
	}{
		"the rule is invented":                     {"rule", queue, whole, nil, `RULE_ARN: the stack has no rule "rule"`},
		"the rule is another resource":             {"arn:aws:events" + account + "pipe/x", queue, whole, nil, "RULE_ARN: the stack has no rule"},
		"the rule is gone":                         {"arn:aws:events" + account + "rule/global/gone", queue, whole, nil, "RULE_ARN: the stack has no rule"},
		"the rule is on another bus":               {"arn:aws:events" + account + "rule/consume", queue, whole, nil, "RULE_ARN: the stack has no rule"},
		"the rule is another account's":            {"arn:aws:events:eu-west-1:111111111111:rule/global/consume", queue, whole, nil, "RULE_ARN: the stack has no rule"},
		"the rule is another region's":             {"arn:aws:events:us-east-1:000000000000:rule/global/consume", queue, whole, nil, "RULE_ARN: the stack has no rule"},
		"the rule has no such target":              {ruleARN, global, whole, nil, `TARGET_ARN: rule Shop/Consume has 0 targets "` + global + `"`},
		"the target is another account's":          {ruleARN, strings.Replace(queue, "000000000000", "111111111111", 1), whole, nil, "TARGET_ARN: rule Shop/Consume has 0 targets"},
		"the target is missing":                    {ruleARN, "", whole, nil, `TARGET_ARN: rule Shop/Consume has 0 targets ""`},
		"the rule has the target twice":            {ruleARN, queue, whole, []types.Target{{Arn: &queue, InputPath: aws.String("$.detail")}}, "TARGET_ARN: rule Shop/Consume has 2 targets"},
		"the target has another dead-letter queue": {ruleARN, global, whole, []types.Target{{Arn: aws.String(global), DeadLetterConfig: elsewhere}}, "rule Shop/Consume did not send it"},
		"the target has no dead-letter queue":      {ruleARN, global, whole, []types.Target{{Arn: aws.String(global)}}, "rule Shop/Consume did not send it"},
		"the rule matches other events":            {ruleARN, queue, strings.ReplaceAll(whole, "placed", "shipped"), nil, "rule Shop/Consume does not match the event"},
		"it is no JSON":                            {ruleARN, queue, "no JSON", nil, "it is not an event of EventBridge"},
		"it has no source":                         {ruleARN, queue, `{"detail-type":"placed","detail":{}}`, nil, "it is not an event of EventBridge: it lacks"},
		"it has no type":                           {ruleARN, queue, `{"source":"placed","detail":{}}`, nil, "it is not an event of EventBridge: it lacks"},
		"it has no detail":                         {ruleARN, queue, `{"source":"placed","detail-type":"placed"}`, nil, "it is not an event of EventBridge: it lacks"},
		"its source is no text":                    {ruleARN, queue, `{"source":1,"detail-type":"placed","detail":{}}`, nil, "it is not an event of EventBridge: json"},
		"it has no envelope":                       {ruleARN, queue, detail, nil, "it is not an event of EventBridge: it lacks"},
		"its envelope has two contents":            {ruleARN, queue, strings.Replace(whole, `"detail":`, `"detail":{},"detail":`, 1), nil, "it is not an event of EventBridge: a member that is repeated"},
		"its envelope has two, in two spellings": {
			ruleARN, queue, strings.Replace(whole, `"detail":`, `"detail":{},"Detail":`, 1), nil,
			"it is not an event of EventBridge: a member that differs from another in case alone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.add(types.Target{Arn: &queue})
			d.Rules[0].Targets = append(d.Rules[0].Targets, c.targets...)
			d.put(c.rule, c.target, c.body)
			d.mustStay(t, c.want)
		})
	}
}

// A worker may send to the dead-letter queue of its own queue or function, but no
// rule does.
func TestADeadLetterOfAWorkerIsNeverTakenForOneOfARule(t *testing.T) {
	undelivered := &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs" + account + "undelivered")}
	for _, target := range []string{deadlettertest.ARN(work), function, "arn:aws:events" + account + "event-bus/global"} {
		for name, change := range map[string]func(*desk){
			"of a queue": func(*desk) {},
			"of a function": func(d *desk) {
				d.Sources, d.Owners = nil, map[string][]string{deadlettertest.ARN(dead): {"worker"}}
			},
		} {
			t.Run(name+" to "+target, func(t *testing.T) {
				d := newDesk()
				change(d)
				d.add(types.Target{Arn: &target, DeadLetterConfig: undelivered})
				d.put(ruleARN, target, whole)
				d.mustStay(t, "rule Shop/Consume did not send it: its target "+target+" has another dead-letter queue")
			})
		}
	}
}

func TestADeadLetterStaysIfItsRuleCannotBeTested(t *testing.T) {
	d := newDesk()
	target := deadlettertest.ARN(work)
	d.add(types.Target{Arn: &target})
	d.Rules[0].Pattern = ""
	d.put(ruleARN, target, whole)
	d.mustStay(t, "test an event against the pattern of the rule Shop/Consume: no pattern")
}

func TestADeadLetterForAQueueThatIsGoneStays(t *testing.T) {
	d := newDesk()
	gone := "arn:aws:sqs" + account + "gone"
	d.add(types.Target{Arn: &gone})
	d.put(ruleARN, gone, whole)
	d.mustStay(t, "find queue gone")
}

func TestAttributesThatAMessageOfARuleDoesNotHaveAreNotSent(t *testing.T) {
	d := newDesk()
	target := deadlettertest.ARN(work)
	d.add(types.Target{Arn: &target})
	d.put(ruleARN, target, whole)
	d.sqs.Queues[dead][0].MessageAttributes["tenant"] = sqstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("t-1")}
	d.redrive(t, redrive.Options{})
	assertEqual(t, "the attributes", 0, len(d.sqs.Queues[work][0].MessageAttributes))
}
