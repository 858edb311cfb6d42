package erase_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/erase"
	"example.com/saga/operator/stack"
)

const day = 24 * time.Hour

// deployed is what an AWS account answers of what is deployed in it.
type deployed struct {
	archive int32
	logs    map[string]*int32
	queues  map[string]string
	broken  string
}

func (d deployed) fail(operation string) error {
	if d.broken == operation {
		return errBroken
	}
	return nil
}

func (d deployed) DescribeArchive(_ context.Context, in *eventbridge.DescribeArchiveInput, _ ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error) {
	if aws.ToString(in.ArchiveName) != "kept" {
		return nil, fmt.Errorf("there is no archive %q", aws.ToString(in.ArchiveName))
	}
	return &eventbridge.DescribeArchiveOutput{RetentionDays: &d.archive}, d.fail("DescribeArchive")
}

// DescribeLogGroups answers with the groups of a prefix, one on each page.
func (d deployed) DescribeLogGroups(
	_ context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	name := *in.LogGroupNamePrefix
	if in.NextToken == nil {
		longer := logstypes.LogGroup{LogGroupName: aws.String(name + "-longer"), RetentionInDays: aws.Int32(3653)}
		return &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []logstypes.LogGroup{longer}, NextToken: aws.String("more")}, d.fail("DescribeLogGroups")
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{}
	if days, exists := d.logs[name]; exists {
		another := logstypes.LogGroup{LogGroupName: aws.String(name + "-another"), RetentionInDays: aws.Int32(3653)}
		out.LogGroups = []logstypes.LogGroup{another, {LogGroupName: &name, RetentionInDays: days}}
	}
	return out, nil
}

func (d deployed) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	out := &sqs.GetQueueAttributesOutput{Attributes: make(map[string]string)}
	for _, name := range in.AttributeNames {
		if name == "MessageRetentionPeriod" {
			out.Attributes[string(name)] = d.queues[*in.QueueUrl]
		}
	}
	return out, d.fail("GetQueueAttributes")
}

func newDeployed() (deployed, stack.Stack) {
	d := deployed{
		archive: 60,
		logs:    map[string]*int32{"events": aws.Int32(30), "worker": aws.Int32(7), "api": aws.Int32(14)},
		queues:  map[string]string{"q": "86400", "o": "345600", "d": "1209600"},
	}
	return d, stack.Stack{
		Archives:  map[string]string{"GlobalBus/Archive/Archive": "kept"},
		LogGroups: map[string]string{"Observability/Events": "events", "Shop/Worker/Log": "worker", "Shop/Api/Log": "api"},
		Queues:    map[string]string{"Shop/Queue": "q", "Observability/Queue": "o", "Shop/DeadLetters": "d"},
	}
}

func TestWhatRemainsIsComputedFromWhatIsDeployed(t *testing.T) {
	d, in := newDeployed()
	settings, err := erase.ReadSettings(t.Context(), in, d, d, d)
	if err != nil {
		t.Fatal(err)
	}
	want := erase.Settings{Archive: 60 * day, EventLog: 30 * day, FunctionLogs: 14 * day, Queues: 4 * day, DeadLetters: 14 * day}
	if diff := cmp.Diff(want, settings); diff != "" {
		t.Error(diff)
	}
	got := make(map[string]time.Duration)
	for _, remainder := range settings.Remains() {
		got[remainder.What] = remainder.For
		if remainder.Has == "" {
			t.Errorf("it is not said what the %s has", remainder.What)
		}
	}
	if diff := cmp.Diff(map[string]time.Duration{
		"archive of the Global bus": 60 * day, "event log": 33 * day, "backups of the tables": 35 * day,
		"queues and dead-letter queues": 18 * day, "logs of the functions": 17 * day, "traces": 30 * day,
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotSayHowLongItKeepsIsNamed(t *testing.T) {
	for want, change := range map[string]func(*deployed, *stack.Stack){
		"the stack has no GlobalBus/Archive/Archive": func(_ *deployed, in *stack.Stack) { in.Archives = nil },
		"the archive kept keeps events for ever":     func(d *deployed, _ *stack.Stack) { d.archive = 0 },
		"the log group worker keeps events for ever": func(d *deployed, _ *stack.Stack) { d.logs["worker"] = nil },
		"there is no log group events":               func(d *deployed, _ *stack.Stack) { delete(d.logs, "events") },
		"the retention of q is not":                  func(d *deployed, _ *stack.Stack) { d.queues["q"] = "long" },
		"describe the archive kept":                  func(d *deployed, _ *stack.Stack) { d.broken = "DescribeArchive" },
		"ask for the log group":                      func(d *deployed, _ *stack.Stack) { d.broken = "DescribeLogGroups" },
		"ask for the retention of":                   func(d *deployed, _ *stack.Stack) { d.broken = "GetQueueAttributes" },
	} {
		d, in := newDeployed()
		change(&d, &in)
		_, err := erase.ReadSettings(t.Context(), in, d, d, d)
		if err == nil || !strings.Contains(err.Error(), want) || (d.broken != "" && !errors.Is(err, errBroken)) {
			t.Errorf("the error is %v, and not %s", err, want)
		}
	}
}
