package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
)

// replayOf is a replay of the last minutes of the outer bus to certain rules.
func replayOf(name string, rules ...string) *eventbridge.StartReplayInput {
	return &eventbridge.StartReplayInput{
		ReplayName: &name, EventSourceArn: aws.String(cloud.output("ArchiveArn")),
		EventStartTime: aws.Time(time.Now().Add(-time.Hour)), EventEndTime: aws.Time(time.Now().Add(time.Minute)),
		Destination: &types.ReplayDestination{Arn: aws.String(cloud.output("OuterArn")), FilterArns: rules},
	}
}

// replay replays to the rules that send everything, and what is not replayed. It
// waits until the replay is complete.
func replay(t *testing.T) (name string) {
	t.Helper()
	name = "replay-" + unique()
	out, err := cloud.events.StartReplay(t.Context(), replayOf(name, cloud.output("ToMailboxArn"), cloud.output("NotReplayedArn")))
	if err != nil {
		t.Fatal(err)
	}
	if out.State != types.ReplayStateStarting || !strings.HasSuffix(aws.ToString(out.ReplayArn), ":replay/"+name) {
		t.Errorf("the replay %s is %s", aws.ToString(out.ReplayArn), out.State)
	}
	within(t, cloud.archiving, "the replay is complete", func() error {
		got, err := cloud.events.DescribeReplay(t.Context(), &eventbridge.DescribeReplayInput{ReplayName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if got.State != types.ReplayStateCompleted {
			return fmt.Errorf("it is %s", got.State)
		}
		return nil
	})
	// What comes after all that the replay brought.
	mark := unique()
	publish(t, "mark", fmt.Sprintf(`{"test":%q}`, mark))
	cloud.mailbox.one(t, mark)
	return name
}

// brought returns the events of a test that a replay has brought so far.
func brought(t *testing.T, name, test string) []envelope {
	t.Helper()
	var found []envelope
	for _, message := range cloud.mailbox.all(t, test) {
		if strings.Contains(*message.Body, `"`+name+`"`) {
			found = append(found, decode[envelope](t, *message.Body))
		}
	}
	return found
}

// cases are the cases of the rules that make a text of their own of an event.
func cases(t *testing.T, test string) []string {
	t.Helper()
	var found []string
	for _, message := range cloud.mailbox.all(t, test) {
		var made struct{ Case string }
		if err := json.Unmarshal([]byte(*message.Body), &made); err != nil {
			t.Fatal(err)
		}
		if made.Case != "" {
			found = append(found, made.Case)
		}
	}
	slices.Sort(found)
	return found
}

func TestAReplayBringsTheSameEventToTheRulesThatItIsForAndIsNotArchived(t *testing.T) {
	rule(t, "PE-23", "AR-2", "AR-4", "AR-5", "PAT-52")
	if cloud.archiving > cloud.patience && os.Getenv("CONFORMANCE_SLOW") == "" {
		t.Skip("takes many minutes: set CONFORMANCE_SLOW=1")
	}
	t.Parallel()
	test := unique()
	publish(t, "archived", fmt.Sprintf(`{"test":%q}`, test))
	first := cloud.mailbox.event(t, test)
	once := []string{"archived", "not replayed"}
	eventually(t, "both other rules have delivered", func() error {
		if got := cases(t, test); !slices.Equal(got, once) {
			return fmt.Errorf("delivered are %v", got)
		}
		return nil
	})
	// The event may not be in the archive yet, so it is replayed until it comes.
	var name string
	within(t, cloud.archiving, "a replay brings the event", func() error {
		if name = replay(t); len(brought(t, name, test)) == 0 {
			return errors.New("it did not")
		}
		return nil
	})
	want := first
	want.ReplayName = name
	if diff := cmp.Diff([]envelope{want}, brought(t, name, test)); diff != "" {
		t.Error(diff)
	}
	second := replay(t)
	eventually(t, "the second replay brings the event", func() error {
		if len(brought(t, second, test)) == 0 {
			return errors.New("it has not arrived")
		}
		return nil
	})
	if again := brought(t, second, test); len(again) != 1 {
		t.Errorf("the second replay brings %d events, want that of the archive only", len(again))
	}
	// One of the other two rules is not among those that the replays are for, and
	// one excludes what is replayed.
	if got := cases(t, test); !slices.Equal(got, once) {
		t.Errorf("the other rules have delivered %v, want %v", got, once)
	}
	_, err := cloud.events.StartReplay(t.Context(), replayOf(name))
	wantRefusal(t, err, "ResourceAlreadyExistsException", "Replay "+name+" already exists.")
}

func TestAnInvalidReplayIsRefused(t *testing.T) {
	t.Parallel()
	rule(t, "AR-2")
	gone := unique()
	for _, c := range []struct {
		rule       string
		change     func(*eventbridge.StartReplayInput)
		code, part string
	}{
		{"of no archive", func(in *eventbridge.StartReplayInput) {
			in.EventSourceArn = aws.String(cloud.output("ArchiveArn")[:strings.LastIndex(cloud.output("ArchiveArn"), "/")+1] + gone)
		}, "ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive " + gone + " does not exist."},
		{"that ends when it begins", func(in *eventbridge.StartReplayInput) { in.EventEndTime = in.EventStartTime }, "ValidationException", "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."},
		{"to no bus", func(in *eventbridge.StartReplayInput) {
			in.Destination.Arn = aws.String(cloud.output("OuterArn") + gone)
		}, "ResourceNotFoundException", "does not exist."},
		{"to another bus", func(in *eventbridge.StartReplayInput) { in.Destination.Arn = aws.String(cloud.output("InnerArn")) }, "ValidationException", "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := replayOf("replay-" + gone)
			c.change(in)
			_, err := cloud.events.StartReplay(t.Context(), in)
			wantRefusal(t, err, c.code, c.part)
		})
	}
	_, err := cloud.events.DescribeReplay(t.Context(), &eventbridge.DescribeReplayInput{ReplayName: &gone})
	wantRefusal(t, err, "ResourceNotFoundException", "Replay "+gone+" does not exist.")
}

func TestAnArchiveAndARuleAreDescribed(t *testing.T) {
	t.Parallel()
	rule(t, "CS-2", "AR-1", "CF-3", "RT-2", "RT-3")
	name := cloud.output("Archive")
	archive, err := cloud.events.DescribeArchive(t.Context(), &eventbridge.DescribeArchiveInput{ArchiveName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if *archive.ArchiveArn != cloud.output("ArchiveArn") || *archive.EventSourceArn != cloud.output("OuterArn") ||
		archive.State != types.ArchiveStateEnabled || aws.ToInt32(archive.RetentionDays) != 1 {
		t.Errorf("the archive is %+v", archive)
	}
	wantPattern(t, `{"source": ["conformance"], "detail-type": ["archived"]}`, archive.EventPattern)

	parts := strings.Split(cloud.output("NotReplayedArn"), "/")
	rule, err := cloud.events.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: &parts[2], EventBusName: &parts[1]})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{*rule.Arn, *rule.Name, *rule.EventBusName, string(rule.State)}
	if want := []string{cloud.output("NotReplayedArn"), parts[2], cloud.output("Outer"), "ENABLED"}; !slices.Equal(got, want) {
		t.Errorf("the rule is %v, want %v", got, want)
	}
	wantPattern(t, `{"source": ["conformance"], "detail-type": ["archived"], "replay-name": [{"exists": false}]}`, rule.EventPattern)

	gone := unique()
	_, err = cloud.events.DescribeArchive(t.Context(), &eventbridge.DescribeArchiveInput{ArchiveName: &gone})
	wantRefusal(t, err, "ResourceNotFoundException", "Archive "+gone+" does not exist.")
	_, err = cloud.events.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: &gone, EventBusName: &parts[1]})
	wantRefusal(t, err, "ResourceNotFoundException", "Rule "+gone+" does not exist")
}

func wantPattern(t *testing.T, want string, got *string) {
	t.Helper()
	var expected, found any
	if err := errors.Join(json.Unmarshal([]byte(want), &expected), json.Unmarshal([]byte(aws.ToString(got)), &found)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, found); diff != "" {
		t.Errorf("the pattern (- want, + got):\n%s", diff)
	}
}
