package erase

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/stack"
)

const day = 24 * time.Hour

// How long AWS keeps what no setting limits.
const (
	// backups is how far back a table can be recovered at most
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html).
	backups = 35 * day
	// traces is how long X-Ray keeps a trace
	// (https://docs.aws.amazon.com/xray/latest/devguide/aws-xray.html).
	traces = 30 * day
	// removal is how long what has expired in a log may still be there
	// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html).
	removal = 3 * day
)

// Remainder is what expires by itself.
type Remainder struct {
	// What it is, and what it has of an erased order.
	What, Has string
	// For is how long it is kept from the erasure on, at most. Zero is for ever.
	For time.Duration
}

// Archives is the part of the EventBridge client that Settings uses.
type Archives interface {
	DescribeArchive(context.Context, *eventbridge.DescribeArchiveInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error)
}

// Settings are how long what is deployed keeps what it gets.
type Settings struct {
	// Archive is also how long the contexts remember what they have handled: the
	// stack has the same time for both.
	Archive, EventLog, FunctionLogs, Queues, DeadLetters time.Duration
}

// ReadSettings asks what is deployed. It needs the permissions
// events:DescribeArchive, logs:DescribeLogGroups and sqs:GetQueueAttributes.
func ReadSettings(
	ctx context.Context, in stack.Stack, archives Archives, logs cloudwatchlogs.DescribeLogGroupsAPIClient, queues deadletter.Describer,
) (Settings, error) {
	var s Settings
	name, err := in.Archive()
	if err != nil {
		return s, err
	}
	archive, err := archives.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: &name})
	if err != nil {
		return s, fmt.Errorf("describe the archive %s: %w", name, err)
	}
	if s.Archive = time.Duration(aws.ToInt32(archive.RetentionDays)) * day; s.Archive == 0 {
		return s, fmt.Errorf("the archive %s keeps events for ever, so that nothing of them is ever forgotten", name)
	}
	for path, group := range in.LogGroups {
		kept, err := retentionOf(ctx, logs, group)
		if err != nil {
			return s, err
		}
		if path == stack.EventLogPath {
			s.EventLog = kept
		} else {
			s.FunctionLogs = max(s.FunctionLogs, kept)
		}
	}
	deadLetters := in.DeadLetterQueues()
	for _, path := range slices.Sorted(maps.Keys(in.Queues)) {
		kept, err := keeps(ctx, queues, in.Queues[path])
		if err != nil {
			return s, err
		}
		if slices.Contains(deadLetters, path) {
			s.DeadLetters = max(s.DeadLetters, kept)
		} else {
			s.Queues = max(s.Queues, kept)
		}
	}
	return s, nil
}

// retentionOf returns how long a log group keeps events.
func retentionOf(ctx context.Context, client cloudwatchlogs.DescribeLogGroupsAPIClient, name string) (time.Duration, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("ask for the log group %s: %w", name, err)
		}
		for _, group := range page.LogGroups {
			switch {
			case aws.ToString(group.LogGroupName) != name:
			case group.RetentionInDays == nil:
				return 0, fmt.Errorf("the log group %s keeps events for ever, so that nothing of them is ever forgotten", name)
			default:
				return time.Duration(*group.RetentionInDays) * day, nil
			}
		}
	}
	return 0, fmt.Errorf("there is no log group %s", name)
}

// keeps returns how long a queue keeps messages.
func keeps(ctx context.Context, client deadletter.Describer, url string) (time.Duration, error) {
	const name = types.QueueAttributeNameMessageRetentionPeriod
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		return 0, fmt.Errorf("ask for the retention of %s: %w", url, err)
	}
	seconds, err := strconv.Atoi(out.Attributes[string(name)])
	if err != nil {
		return 0, errors.New("the retention of " + url + " is not a number of seconds")
	}
	return time.Duration(seconds) * time.Second, nil
}

// Remains lists what still has something of an erased order, and for how long.
func (s Settings) Remains() []Remainder {
	return []Remainder{
		{"archive of the Global bus", "all events", s.Archive},
		{"event log", "all events", s.EventLog + removal},
		{"backups of the tables", "all records, where point-in-time recovery is on", backups},
		{"queues and dead-letter queues", "events that were being delivered during the erasure", s.Queues + s.DeadLetters},
		{"logs of the functions", "ids of the orders", s.FunctionLogs + removal},
		{"traces", "ids of the orders", traces},
	}
}
