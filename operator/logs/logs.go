// Package logs reads the log groups of a stack: what its functions wrote about an order
// or an event, and any other group. It needs the permissions logs:FilterLogEvents and
// logs:Unmask.
package logs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Query selects log events of a group.
type Query struct {
	Group string
	// Text is what a message contains; empty means any.
	Text string
	// From and Until are the first and the last time, in milliseconds; zero means any.
	From, Until time.Time
}

// Read calls each for all log events that a query selects, in the order of their times.
func Read(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, q Query, each func(types.FilteredLogEvent)) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &q.Group, StartTime: milliseconds(q.From), EndTime: milliseconds(q.Until),
		// A masked event is not valid JSON.
		Unmask: true,
	}
	if q.Text != "" {
		in.FilterPattern = aws.String(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(q.Text) + `"`)
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read %s: %w", q.Group, err)
		}
		for _, logged := range page.Events {
			each(logged)
		}
	}
	return nil
}

func milliseconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return aws.Int64(t.UnixMilli())
}
