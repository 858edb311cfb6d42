package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/saga/operator/orderview"
)

// Span is a span of a trace: work that a component did for an event.
type Span struct {
	ID, Parent      string
	Name, Operation string
	Start, End      time.Time
	Fault           bool
}

// traceView is a trace as a waterfall, or a link to one.
type traceView struct {
	ID, URL string
	Height  int
	Bars    []barView
}

// barView is the bar of a span. X and Width are in units of the picture, which is
// traceWidth wide.
type barView struct {
	Label, Note string
	X, Y, Width int
	Fault       bool
}

const (
	traceWidth = 1000
	barRow     = 26
	barBegin   = 260 // The labels are before it.
)

func (c *Console) traces(ctx context.Context, ids []string) (views []traceView, err error) {
	for _, id := range ids {
		if c.Spans == nil {
			views = append(views, traceView{ID: id, URL: c.TraceURL + id})
			continue
		}
		spans, err := c.Spans(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("the trace %s: %w", id, err)
		}
		views = append(views, waterfall(id, spans))
	}
	return views, nil
}

// waterfall places the spans of a trace by their times, each at least a visible sliver.
func waterfall(id string, spans []Span) traceView {
	view := traceView{ID: id, Height: len(spans) * barRow}
	if len(spans) == 0 {
		return view
	}
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	begin, end := spans[0].Start, spans[0].End
	for _, span := range spans {
		if span.End.After(end) {
			end = span.End
		}
	}
	scale := func(d time.Duration) int {
		return int(int64(traceWidth-barBegin-90) * d.Microseconds() / max(end.Sub(begin).Microseconds(), 1))
	}
	for i, span := range spans {
		took := span.End.Sub(span.Start)
		view.Bars = append(view.Bars, barView{
			Label: span.Name + " " + span.Operation, Note: orderview.Span(took), Fault: span.Fault,
			X: barBegin + scale(span.Start.Sub(begin)), Y: i * barRow, Width: max(scale(took), 3),
		})
	}
	return view
}
