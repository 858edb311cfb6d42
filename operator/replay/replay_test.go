package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/replay"
	"example.com/saga/operator/rule"
	"example.com/saga/operator/stack"
)

const (
	account = "arn:aws:events:eu-west-1:000000000000:"
	archive = account + "archive/kept"
	global  = account + "event-bus/global"
	queue   = "arn:aws:sqs:eu-west-1:000000000000:work.fifo"
	other   = "arn:aws:sqs:eu-west-1:000000000000:other"
)

var errAway = errors.New("away")

// buses is a fake of EventBridge in which every rule has two targets, each on a
// page of its own, and matches the events with its name in them.
type buses struct {
	// broken is the operation that fails.
	broken  string
	started []*eventbridge.StartReplayInput
	// reports are the answers of DescribeReplay in turn.
	reports []*eventbridge.DescribeReplayOutput
}

func (b *buses) fail(operation string) error {
	if b.broken == operation {
		return errAway
	}
	return nil
}

func (b *buses) DescribeArchive(
	_ context.Context, in *eventbridge.DescribeArchiveInput, _ ...func(*eventbridge.Options),
) (*eventbridge.DescribeArchiveOutput, error) {
	return &eventbridge.DescribeArchiveOutput{
		ArchiveArn: aws.String(account + "archive/" + *in.ArchiveName), EventSourceArn: aws.String(global),
	}, b.fail("DescribeArchive")
}

func (b *buses) DescribeRule(
	_ context.Context, in *eventbridge.DescribeRuleInput, _ ...func(*eventbridge.Options),
) (*eventbridge.DescribeRuleOutput, error) {
	return &eventbridge.DescribeRuleOutput{
		Arn: aws.String(account + "rule/" + *in.EventBusName + "/" + *in.Name), EventPattern: in.Name,
	}, b.fail("DescribeRule")
}

func (b *buses) ListTargetsByRule(
	_ context.Context, in *eventbridge.ListTargetsByRuleInput, _ ...func(*eventbridge.Options),
) (*eventbridge.ListTargetsByRuleOutput, error) {
	if in.NextToken == nil {
		return &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{{Arn: aws.String(queue)}}, NextToken: aws.String("more")}, b.fail("ListTargetsByRule")
	}
	return &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{{Arn: aws.String(other)}}}, nil
}

func (b *buses) TestEventPattern(
	_ context.Context, in *eventbridge.TestEventPatternInput, _ ...func(*eventbridge.Options),
) (*eventbridge.TestEventPatternOutput, error) {
	return &eventbridge.TestEventPatternOutput{Result: strings.Contains(*in.Event, *in.EventPattern)}, b.fail("TestEventPattern")
}

func (b *buses) StartReplay(
	_ context.Context, in *eventbridge.StartReplayInput, _ ...func(*eventbridge.Options),
) (*eventbridge.StartReplayOutput, error) {
	b.started = append(b.started, in)
	return &eventbridge.StartReplayOutput{}, b.fail("StartReplay")
}

func (b *buses) DescribeReplay(
	_ context.Context, in *eventbridge.DescribeReplayInput, _ ...func(*eventbridge.Options),
) (*eventbridge.DescribeReplayOutput, error) {
	if aws.ToString(in.ReplayName) != "again" {
		return nil, fmt.Errorf("there is no replay %q", aws.ToString(in.ReplayName))
	}
	next := b.reports[0]
	if len(b.reports) > 1 {
		b.reports = b.reports[1:]
	}
	return next, b.fail("DescribeReplay")
}

var saga = stack.Stack{
	Archives: map[string]string{"GlobalBus/Archive/Archive": "kept"},
	Rules: map[string]string{
		"Shop/ConsumeOrder": "global|placed", "Shop/ConsumeBank": "global|paid",
		"Club/ForwardIn": "global|forward", "Club/Consume": "club|consume", "Club/ForwardOut": "club|out",
		"Inner/Consume": "not-global|inner", "OfNoConstruct": "global|alone",
	},
}

func find(t *testing.T, name string) replay.Destination {
	t.Helper()
	found, err := replay.Find(t.Context(), &buses{}, saga, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestADestinationHasItsOwnRulesOnTheArchivedBusAndNoOthers(t *testing.T) {
	named := func(path, name string) rule.Rule {
		return rule.Rule{
			Path: path, ARN: account + "rule/global/" + name, Bus: "global", Name: name, Pattern: name,
			Targets: []types.Target{{Arn: aws.String(queue)}, {Arn: aws.String(other)}},
		}
	}
	for name, rules := range map[string][]rule.Rule{
		"Shop": {named("Shop/ConsumeBank", "paid"), named("Shop/ConsumeOrder", "placed")},
		"Club": {named("Club/ForwardIn", "forward")},
	} {
		want := replay.Destination{Name: name, Archive: archive, Bus: global, Rules: rules}
		if diff := cmp.Diff(want, find(t, name), cmpopts.IgnoreUnexported(types.Target{})); diff != "" {
			t.Errorf("the destination (-want +got):\n%s", diff)
		}
	}
}

func TestAnErrorAboutAnUnknownDestinationListsTheKnownOnes(t *testing.T) {
	for _, name := range []string{"Inner", "Shop/ConsumeOrder", ""} {
		_, err := replay.Find(t.Context(), &buses{}, saga, name)
		if err == nil || err.Error() != fmt.Sprintf("nothing can be replayed to %q: there are Club, Shop", name) {
			t.Errorf("the error is %v", err)
		}
	}
	if _, err := replay.Find(t.Context(), &buses{}, stack.Stack{}, "Shop"); err == nil || !strings.Contains(err.Error(), "GlobalBus/Archive/Archive") {
		t.Errorf("without an archive the error is %v", err)
	}
}

func TestAnErrorOfEventBridgeIsReturned(t *testing.T) {
	for _, operation := range []string{"DescribeArchive", "DescribeRule", "ListTargetsByRule"} {
		if _, err := replay.Find(t.Context(), &buses{broken: operation}, saga, "Shop"); !errors.Is(err, errAway) {
			t.Errorf("%s: the error is %v", operation, err)
		}
	}
	if _, err := find(t, "Shop").DeadLetters(t.Context(), &buses{broken: "TestEventPattern"}, []string{"{}"}, nil); !errors.Is(err, errAway) {
		t.Errorf("TestEventPattern: the error is %v", err)
	}
	if err := find(t, "Shop").Start(t.Context(), &buses{broken: "StartReplay"}, "again", time.Time{}, time.Time{}); !errors.Is(err, errAway) {
		t.Errorf("StartReplay: the error is %v", err)
	}
}

func TestATimeIsReplayedToTheRulesOfTheDestination(t *testing.T) {
	fake := &buses{}
	from, until := time.Unix(1, 0), time.Unix(2, 0)
	if err := find(t, "Shop").Start(t.Context(), fake, "again", from, until); err != nil {
		t.Fatal(err)
	}
	in := fake.started[0]
	if *in.ReplayName != "again" || *in.EventSourceArn != archive || *in.EventStartTime != from || *in.EventEndTime != until || *in.Destination.Arn != global ||
		!slices.Equal(in.Destination.FilterArns, []string{account + "rule/global/paid", account + "rule/global/placed"}) {
		t.Errorf("the replay is %+v to %+v", in, in.Destination)
	}
}

func TestAFIFOQueueIsNamedOnce(t *testing.T) {
	queues := func(names ...string) (r rule.Rule) {
		for _, name := range names {
			r.Targets = append(r.Targets, types.Target{Arn: aws.String("arn:aws:sqs:eu-west-1:000000000000:" + name)})
		}
		return r
	}
	d := replay.Destination{Rules: []rule.Rule{queues("work", "work.fifo", "pay.fifo"), queues("pay", "a.fifo", "work.fifo")}}
	if diff := cmp.Diff([]string{"a.fifo", "pay.fifo", "work.fifo"}, d.FIFOQueues()); diff != "" {
		t.Error(diff)
	}
}

func report(state types.ReplayState, reached int64, reason string) *eventbridge.DescribeReplayOutput {
	out := &eventbridge.DescribeReplayOutput{State: state, StateReason: &reason}
	if reached > 0 {
		out.EventLastReplayedTime = aws.Time(time.Unix(reached, 0))
	}
	return out
}

// await waits for a replay, and returns what is reported.
func await(ctx context.Context, fake *buses) (reported []string, err error) {
	err = replay.Await(ctx, fake, "again", func(now replay.Progress) error {
		reached := int64(0)
		if !now.Reached.IsZero() {
			reached = now.Reached.Unix()
		}
		reported = append(reported, fmt.Sprint(now.State, " ", reached))
		return nil
	})
	return reported, err
}

func TestAReplayIsWaitedForAndEachStepIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &buses{reports: []*eventbridge.DescribeReplayOutput{
			report("STARTING", 0, ""), report("STARTING", 0, ""), report("RUNNING", 0, ""),
			report("RUNNING", 60, ""), report("RUNNING", 60, ""), report("RUNNING", 120, ""), report("COMPLETED", 120, ""),
		}}
		reported, err := await(t.Context(), fake)
		if err != nil {
			t.Error(err)
		}
		want := []string{"STARTING 0", "RUNNING 0", "RUNNING 60", "RUNNING 120", "COMPLETED 120"}
		if diff := cmp.Diff(want, reported); diff != "" {
			t.Errorf("what is reported (-want +got):\n%s", diff)
		}
	})
}

func TestAReplayThatIsNotCompletedIsAnError(t *testing.T) {
	for _, state := range []types.ReplayState{types.ReplayStateFailed, types.ReplayStateCancelled} {
		_, err := await(t.Context(), &buses{reports: []*eventbridge.DescribeReplayOutput{report(state, 0, "too bad")}})
		if want := "the replay again is " + string(state) + ": too bad"; err == nil || err.Error() != want {
			t.Errorf("the error is %v, not %s", err, want)
		}
	}
}

func TestAnErrorAboutAnAbandonedWaitSaysThatTheReplayGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := await(ctx, &buses{reports: []*eventbridge.DescribeReplayOutput{report("RUNNING", 0, "")}})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "again, which goes on") {
			t.Errorf("the error is %v", err)
		}
	})
	_, err := await(t.Context(), &buses{broken: "DescribeReplay", reports: []*eventbridge.DescribeReplayOutput{nil}})
	if !errors.Is(err, errAway) || !strings.Contains(err.Error(), "again, which goes on") {
		t.Errorf("the error is %v", err)
	}
}

func TestAStepThatCannotBeReportedEndsTheWait(t *testing.T) {
	fake := &buses{reports: []*eventbridge.DescribeReplayOutput{report("COMPLETED", 0, "")}}
	if err := replay.Await(t.Context(), fake, "again", func(replay.Progress) error { return errAway }); !errors.Is(err, errAway) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnEventGoesToTheTargetsOfTheRulesThatMatchIt(t *testing.T) {
	id := 0
	messages, err := find(t, "Shop").DeadLetters(t.Context(), &buses{}, []string{"it was placed", "it was paid", "it was shipped"}, func() string {
		id++
		return fmt.Sprint("l-", id)
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range messages {
		got = append(got, fmt.Sprint(l.ID, ": ", l.Body, ", ", l.Attribute(deadletter.RuleARN), " to ", l.Attribute(deadletter.TargetARN)))
	}
	want := []string{
		"l-1: it was placed, " + account + "rule/global/placed to " + queue, "l-2: it was placed, " + account + "rule/global/placed to " + other,
		"l-3: it was paid, " + account + "rule/global/paid to " + queue, "l-4: it was paid, " + account + "rule/global/paid to " + other,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the messages (-want +got):\n%s", diff)
	}
}
