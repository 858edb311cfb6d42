package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

const (
	// interval is the time between two polls: AWS allows five requests a second in
	// an account and Region, of all that read logs there.
	interval = time.Second
	// overlap is how much of the log, before its newest event, every poll reads
	// again. An event that appears in the log that much later than one with the
	// same timestamp is still shown.
	overlap = 2 * time.Minute
)

// Log is a log group to which EventBridge writes events.
type Log struct {
	Client cloudwatchlogs.FilterLogEventsAPIClient
	Group  string
	Clock  func() time.Time
}

// Follow calls show for each message that appears in the log from now on, once, until
// the context ends, which is not an error. It calls ready as soon as it has read what
// the log has already. It needs the permissions logs:FilterLogEvents and logs:Unmask.
func (l Log) Follow(ctx context.Context, ready func(), show func(message string) error) error {
	w := window{from: l.Clock().Add(-overlap).UnixMilli(), seen: make(map[string]int64)}
	ignore := func(string) error { return nil }
	if err := l.poll(ctx, &w, ignore); err != nil {
		return stopped(ctx, err)
	}
	ready()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
		if err := l.poll(ctx, &w, show); err != nil {
			return stopped(ctx, err)
		}
	}
}

// stopped returns err unless the context has ended.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // The end of the context is not an error.
	}
	return err
}

// poll calls show for each message in the window that was not in it before, and
// then moves the window on.
func (l Log) poll(ctx context.Context, w *window, show func(message string) error) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.Client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &l.Group,
		StartTime:    &w.from,
		// A masked event is not valid JSON.
		Unmask: true,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read the events in %s: %w", l.Group, err)
		}
		for _, logged := range page.Events {
			if !w.add(aws.ToString(logged.EventId), aws.ToInt64(logged.Timestamp)) {
				continue
			}
			if err := show(aws.ToString(logged.Message)); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
	}
	w.moveOn(l.Clock().UnixMilli())
	return nil
}

// window is the part of the log that polls read. All times are in milliseconds since
// 1970, as timestamps in the log are.
type window struct {
	from int64
	// newest is the newest timestamp in the log.
	newest int64
	// seen has the timestamps of the log events in the window, by their ids.
	seen map[string]int64
}

// add reports whether a log event is new.
func (w *window) add(id string, timestamp int64) bool {
	if _, known := w.seen[id]; known {
		return false
	}
	w.seen[id] = timestamp
	w.newest = max(w.newest, timestamp)
	return true
}

// moveOn lets the window begin an overlap before the newest log event, and forgets
// those before that. A timestamp may be in the future, because a publisher can choose
// an event's time: then the window begins an overlap before now. It never goes back,
// so that no event comes into it again.
func (w *window) moveOn(now int64) {
	w.from = max(w.from, min(w.newest, now)-overlap.Milliseconds())
	for id, timestamp := range w.seen {
		if timestamp < w.from {
			delete(w.seen, id)
		}
	}
}
