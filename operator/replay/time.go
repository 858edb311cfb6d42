package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Replays is the part of the EventBridge client that replays an archive.
type Replays interface {
	StartReplay(context.Context, *eventbridge.StartReplayInput, ...func(*eventbridge.Options)) (*eventbridge.StartReplayOutput, error)
	DescribeReplay(context.Context, *eventbridge.DescribeReplayInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeReplayOutput, error)
}

// Start starts a replay of the events from a time on until before another one. The name
// of a replay can be used once in 90 days.
// It needs the permission events:StartReplay on the archive.
func (d Destination) Start(ctx context.Context, client Replays, name string, from, until time.Time) error {
	to := &types.ReplayDestination{Arn: &d.Bus}
	for _, rule := range d.Rules {
		to.FilterArns = append(to.FilterArns, rule.ARN)
	}
	if _, err := client.StartReplay(ctx, &eventbridge.StartReplayInput{
		ReplayName: &name, EventSourceArn: &d.Archive, Destination: to, EventStartTime: &from, EventEndTime: &until,
	}); err != nil {
		return fmt.Errorf("start the replay %s: %w", name, err)
	}
	return nil
}

// FIFOQueues returns the names of the queues among the targets that drop an event which
// they got in the last five minutes. A rule can only send to a FIFO queue with
// content-based de-duplication, and the content of an event never changes.
func (d Destination) FIFOQueues() []string {
	var names []string
	for _, rule := range d.Rules {
		for _, target := range rule.Targets {
			if arn := aws.ToString(target.Arn); strings.HasSuffix(arn, ".fifo") {
				names = append(names, arn[strings.LastIndex(arn, ":")+1:])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Progress is how far a replay has got.
type Progress struct {
	State string
	// Reached is the time of the event that was replayed last; zero before the
	// first.
	Reached time.Time
}

// Await waits until a replay is complete, and calls report for each step. An error is
// returned if it ends in another way. It needs the permission events:DescribeReplay.
func Await(ctx context.Context, client Replays, name string, report func(Progress) error) error {
	var last Progress
	for asked := 0; ; asked++ {
		out, err := client.DescribeReplay(ctx, &eventbridge.DescribeReplayInput{ReplayName: &name})
		if err != nil {
			return fmt.Errorf("describe the replay %s, which goes on: %w", name, err)
		}
		now := Progress{string(out.State), aws.ToTime(out.EventLastReplayedTime)}
		if now != last {
			if err := report(now); err != nil {
				return err
			}
		}
		last = now
		switch out.State {
		case types.ReplayStateCompleted:
			return nil
		case types.ReplayStateFailed, types.ReplayStateCancelled:
			return fmt.Errorf("the replay %s is %s: %s", name, out.State, aws.ToString(out.StateReason))
		default:
			if err := pause(ctx, asked); err != nil {
				return fmt.Errorf("stopped waiting for the replay %s, which goes on: %w", name, err)
			}
		}
	}
}

// pause waits longer each time: a replay takes some minutes on AWS, and next to
// no time in the local cloud.
func pause(ctx context.Context, n int) error {
	const first, longest = 50 * time.Millisecond, 5 * time.Second
	select {
	case <-time.After(min(first<<min(n, 10), longest)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
