package orderview

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/pkg/contract"
	"example.com/saga/services/order"
)

// Row is an order in a list.
type Row struct {
	ID string
	// PlacedAt is when the order was placed, EndedAt when it was shipped or cancelled, or
	// zero.
	PlacedAt, EndedAt time.Time
	// Order is its state, or the zero value if the record has expired.
	Order order.State
	// DeadLetters are those about the order.
	DeadLetters int
}

// Page is a part of the list of orders, newest first.
type Page struct {
	Rows []Row
	// Before continues the list: the orders that were placed before that time. It is zero
	// if there are no older ones.
	Before time.Time
}

// kept is how long orders are listed: as long as the contexts keep them.
const kept = 60 * 24 * time.Hour

// The first window of the event log that is searched, and how much longer each further
// one is. An order a second fills a page of 50 in four requests, and 60 days without
// orders take twelve.
const (
	firstWindow = time.Second
	growth      = 4
)

// List returns the orders that were placed before a time, or all if it is zero, newest
// first: as many as the limit, and all that were placed in the millisecond of the last one.
//
// No index has the orders by time, and one would cost a write unit more for each order. The
// event log has them: an order is listed as soon as its order.placed is in the log, and for
// as long. A page costs a read unit for every 4 KB of a record, and some searches in the
// log, of which AWS allows five a second in an account and Region:
// https://aws.amazon.com/premiumsupport/knowledge-center/cloudwatch-logs-throttling/.
func (l *Loader) List(ctx context.Context, before time.Time, limit int, deadLetters []dlq.DeadLetter) (Page, error) {
	placed, rest, err := l.placed(ctx, before, limit)
	if err != nil {
		return Page{}, err
	}
	page := Page{Rows: placed, Before: rest}
	ids := make([]string, len(placed))
	for i, row := range placed {
		ids[i] = row.ID
	}
	store := l.Stores[contract.SourceOrder]
	records, err := store.LoadAll(ctx, ids)
	if err != nil {
		return Page{}, err
	}
	stopped := make(map[string]int)
	for _, d := range deadLetters {
		stopped[d.Event.Order]++
	}
	for i := range page.Rows {
		row := &page.Rows[i]
		record, loaded := records[row.ID]
		if !loaded {
			if record, err = store.Load(ctx, row.ID); err != nil {
				return Page{}, fmt.Errorf("the record of order %s: %w", row.ID, err)
			}
		}
		if row.Order, row.EndedAt, err = readOrder(record); err != nil {
			return Page{}, err
		}
		if !row.Order.PlacedAt.IsZero() {
			row.PlacedAt = row.Order.PlacedAt
		}
		row.DeadLetters = stopped[row.ID]
	}
	return page, nil
}

// placed returns the orders that were placed before a time, newest first, and the time
// before which there may be more. It searches back in windows that grow, so that it reads
// little more than it returns, whatever the rate of orders is.
func (l *Loader) placed(ctx context.Context, before time.Time, limit int) (rows []Row, rest time.Time, err error) {
	group, err := l.Stack.EventLog()
	if err != nil {
		return nil, rest, err
	}
	now := l.Clock()
	oldest, from := now.Add(-kept), before
	if before.IsZero() {
		from = now
	}
	seen := make(map[string]bool)
	for window := firstWindow; len(rows) < limit && from.After(oldest); window *= growth {
		from = from.Add(-window)
		found, err := l.placedBetween(ctx, group, from, before)
		if err != nil {
			return nil, rest, err
		}
		for _, row := range found {
			// It is there again if it was published again.
			if !seen[row.ID] {
				seen[row.ID] = true
				rows = append(rows, row)
			}
		}
		before = from
	}
	rows, rest = cut(rows, limit, from.After(oldest))
	return rows, rest, nil
}

// placedBetween returns the orders that were placed from a time on and before another one,
// if that is not zero, newest first.
func (l *Loader) placedBetween(ctx context.Context, group string, from, before time.Time) ([]Row, error) {
	query := logs.Query{Group: group, Text: (contract.OrderPlaced{}).EventType(), From: from}
	if !before.IsZero() {
		query.Until = before.Add(-time.Millisecond)
	}
	var found []Row
	err := logs.Read(ctx, l.Logs, query, func(logged types.FilteredLogEvent) {
		content := (deadletter.Message{Body: aws.ToString(logged.Message)}).Content()
		if content.Type == query.Text && content.Order != "" {
			found = append(found, Row{ID: content.Order, PlacedAt: time.UnixMilli(aws.ToInt64(logged.Timestamp)).UTC()})
		}
	})
	slices.SortStableFunc(found, func(a, b Row) int { return b.PlacedAt.Compare(a.PlacedAt) })
	return found, err
}

// cut returns the rows of a page, and the time of the last one if there may be more.
func cut(rows []Row, limit int, more bool) ([]Row, time.Time) {
	end := min(limit, len(rows))
	for end > 0 && end < len(rows) && rows[end].PlacedAt.Equal(rows[end-1].PlacedAt) {
		end++
	}
	if end == 0 || (end == len(rows) && !more) {
		return rows, time.Time{}
	}
	return rows[:end], rows[end-1].PlacedAt
}
