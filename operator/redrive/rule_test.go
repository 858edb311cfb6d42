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

	"example.com/saga/operator/letter"
	"example.com/saga/operator/letter/lettertest"
	"example.com/saga/operator/redrive"
)

// returning is an SQS to which what is sent comes back as a letter at once.
type returning struct{ *lettertest.SQS }

func (r returning) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	r.Put(dead, *in.MessageBody, "", 0, nil)
	return r.SQS.SendMessage(ctx, in, options...)
}

// stopping is an SQS that has its user stopped as soon as something is sent.
type stopping struct {
	*lettertest.SQS

	stop context.CancelFunc
}

func (s stopping) SendMessage(ctx context.Context, in *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.stop()
	return s.SQS.SendMessage(ctx, in, options...)
}

// buses is a fake of EventBridge.
type buses struct {
	// rules are the targets by bus and rule.
	rules     map[string][]types.Target
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

// ListTargetsByRule gives one target a page.
func (b *buses) ListTargetsByRule(
	_ context.Context, in *eventbridge.ListTargetsByRuleInput, _ ...func(*eventbridge.Options),
) (*eventbridge.ListTargetsByRuleOutput, error) {
	targets, known := b.rules[*in.EventBusName+"/"+*in.Rule]
	if !known {
		return nil, &types.ResourceNotFoundException{Message: in.Rule}
	}
	page := len(aws.ToString(in.NextToken))
	out := &eventbridge.ListTargetsByRuleOutput{Targets: targets[page : page+1]}
	if page+1 < len(targets) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, nil
}

const (
	account  = ":eu-west-1:000000000000:"
	ruleARN  = "arn:aws:events" + account + "rule/global/consume"
	function = "arn:aws:lambda" + account + "function:worker"
	detail   = `{"id":"e-1",  "subject":"o-1"}`
	whole    = `{"version":"0","id":"envelope","source":"order","detail-type":"order.placed","time":"2026-03-01T12:34:56Z","resources":[],"detail":` + detail + `}`
)

// put puts a letter of the rule into the queue.
func (d *desk) put(rule, target, envelope string) {
	d.sqs.Put(dead, envelope, "", 0, map[string]string{
		letter.RuleARN: rule, letter.TargetARN: target, letter.ErrorCode: "NO_PERMISSIONS", letter.ErrorMessage: "not allowed",
	})
}

func (d *desk) add(target types.Target) {
	d.buses.rules = map[string][]types.Target{"global/consume": {{Arn: aws.String("arn:aws:sqs" + account + "another")}, target}}
}

func TestWhatARuleCouldNotGiveToAQueueGoesThereAsTheRuleWouldHaveSentIt(t *testing.T) {
	target := lettertest.ARN(work)
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

func TestAnEventIsDeliveredAsARuleWouldAndNoLetterIsTouched(t *testing.T) {
	d := newDesk()
	target := lettertest.ARN(work)
	d.add(types.Target{Arn: &target, InputPath: aws.String("$.detail"), SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("$.detail.subject")}})
	for _, id := range []string{"one", "two"} {
		l := letter.OfRule(id, whole, ruleARN, target)
		if outcome := d.Deliver(t.Context(), l, true); outcome.To != "queue work.fifo" || outcome.Err != nil {
			t.Errorf("the outcome of a dry run is %+v", outcome)
		}
		if outcome := d.Deliver(t.Context(), l, false); outcome.To != "queue work.fifo" || outcome.Err != nil {
			t.Errorf("the outcome is %+v", outcome)
		}
	}
	var got []string
	for _, sent := range d.sqs.Queues[work] {
		got = append(got, fmt.Sprint(sent.Attributes["MessageGroupId"], " ", sent.Deduplication, " ", *sent.Body, " ", len(sent.MessageAttributes)))
	}
	assertEqual(t, "the messages", []string{"o-1 redrive-one " + detail + " 0", "o-1 redrive-two " + detail + " 0"}, got)

	d.sqs.Broken["SendMessage"] = true
	if outcome := d.Deliver(t.Context(), letter.OfRule("three", whole, ruleARN, target), false); !errors.Is(outcome.Err, lettertest.ErrBroken) {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestWhatARuleCouldNotGiveToAFunctionIsGivenToIt(t *testing.T) {
	d := newDesk()
	d.add(types.Target{Arn: aws.String(function), InputPath: aws.String("$.detail")})
	d.put(ruleARN, function, whole)
	assertEqual(t, "the outcomes", []string{"m-1 to function " + function}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "the invocations", []string{"Event " + function + " " + detail}, d.functions.invoked)
}

func TestWhatOnlyARuleCanDeliverIsPublishedAgain(t *testing.T) {
	inner := "arn:aws:events" + account + "event-bus/inner"
	for name, c := range map[string]struct{ rule, target, bus string }{
		"another bus":          {ruleARN, inner, inner},
		"an API destination":   {ruleARN, "arn:aws:events" + account + "api-destination/shop/1", "global"},
		"a log group":          {ruleARN, "arn:aws:logs" + account + "log-group:/aws/events/shop", "global"},
		"from the default bus": {"arn:aws:events" + account + "rule/consume", "arn:aws:events" + account + "api-destination/shop/1", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.put(c.rule, c.target, whole)
			assertEqual(t, "the outcomes", []string{"m-1 to bus " + c.bus[strings.LastIndex(c.bus, "/")+1:]}, d.redrive(t, redrive.Options{}))
			assertEqual(t, "the events", []string{c.bus + " order order.placed 12:34 " + detail}, d.buses.published)
		})
	}
}

func TestALetterThatABusDoesNotTakeStays(t *testing.T) {
	target := "arn:aws:events" + account + "event-bus/inner"
	for name, c := range map[string]struct {
		buses buses
		want  string
	}{
		"it cannot be asked": {buses{err: errors.New("away")}, "m-1 stays: publish on bus inner: away"},
		"it refuses the event": {buses{refused: &types.PutEventsResultEntry{
			ErrorCode: aws.String("InternalFailure"), ErrorMessage: aws.String("try later"),
		}}, "m-1 stays: publish on bus inner: InternalFailure: try later"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			*d.buses = c.buses
			d.put(ruleARN, target, whole)
			assertEqual(t, "the outcomes", []string{c.want}, d.redrive(t, redrive.Options{}))
			assertEqual(t, "visible letters", []string{"m-1"}, d.sqs.Visible(dead))
		})
	}
}

func TestWhatRedrivingDoesNotSupportIsNamedAndStays(t *testing.T) {
	queue := lettertest.ARN(work)
	for name, c := range map[string]struct {
		rule, target, body string
		input              types.Target
		want               string
	}{
		"no rule":            {"rule", queue, whole, types.Target{}, "RULE_ARN: "},
		"not a rule":         {"arn:aws:events" + account + "pipe/x", queue, whole, types.Target{}, "RULE_ARN: arn:aws:events" + account + "pipe/x is not a rule"},
		"no target":          {ruleARN, "", whole, types.Target{}, "TARGET_ARN: "},
		"no JSON":            {ruleARN, queue, "no JSON", types.Target{}, "it is not an event of EventBridge"},
		"no envelope":        {ruleARN, queue, detail, types.Target{}, "it is not an event of EventBridge: it lacks"},
		"another service":    {ruleARN, "arn:aws:kinesis" + account + "stream/x", whole, types.Target{}, "redriving to a target such as arn:aws:kinesis"},
		"a transformer":      {ruleARN, queue, whole, types.Target{InputTransformer: &types.InputTransformer{}}, "rule consume transforms its input"},
		"another input path": {ruleARN, queue, whole, types.Target{InputPath: aws.String("$.detail.data")}, "rule consume has the input path $.detail.data"},
		"another group": {ruleARN, queue, whole, types.Target{
			SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("$.id")},
		}, "rule consume has the message group $.id"},
		"the rule is gone":   {"arn:aws:events" + account + "rule/global/gone", queue, whole, types.Target{}, "ask rule gone for its targets"},
		"the target is gone": {ruleARN, queue + "-gone", whole, types.Target{}, "rule consume has no longer the target"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			c.input.Arn = &queue
			d.add(c.input)
			d.put(c.rule, c.target, c.body)
			results := d.redrive(t, redrive.Options{})
			if len(results) != 1 || !strings.HasPrefix(results[0], "m-1 stays: "+c.want) {
				t.Errorf("the outcomes are %v, not %s", results, c.want)
			}
			assertEqual(t, "visible letters", []string{"m-1"}, d.sqs.Visible(dead))
		})
	}
}

func TestAQueueThatIsGoneIsToldOf(t *testing.T) {
	d := newDesk()
	gone := "arn:aws:sqs" + account + "gone"
	d.add(types.Target{Arn: &gone})
	d.put(ruleARN, gone, whole)
	if results := d.redrive(t, redrive.Options{}); len(results) != 1 || !strings.HasPrefix(results[0], "m-1 stays: find queue gone") {
		t.Errorf("the outcomes are %v", results)
	}
}
