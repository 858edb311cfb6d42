// Package lanes lays out the events of an order as swim lanes: a column for each party of
// the choreography, a row for each event, and an arrow from its cause to each. Rows and
// columns are known, so no layout engine is needed.
package lanes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/contract"
)

// Sizes, in units of the picture.
const (
	laneWidth = 172
	boxWidth  = 156
	boxHeight = 42
	rowHeight = 66
	head      = 40
)

// Diagram is the picture.
type Diagram struct {
	Width, Height int
	Lanes         []Lane
	Boxes         []Box
	Arrows        []Arrow
}

// Lane is the column of a party.
type Lane struct {
	Name     string
	X, Width int
	// Centre is the middle of the column.
	Centre int
}

// Box is what happened in a lane, or is expected to.
type Box struct {
	X, Y, Width, Height int
	// Title is what happened, Note when, Hint all about it.
	Title, Note, Hint string
	Tone              Tone
	// EventID is that of the event, or "".
	EventID string
	// DeadLetter is the id of the dead letter that the box is, or "".
	DeadLetter string

	column, row int
}

// Centre is the middle of the box.
func (b Box) Centre() int { return b.X + b.Width/2 }

// TextX is where the texts of the box begin.
func (b Box) TextX() int { return b.X + 8 }

// AfterIcon is where a title begins that has an icon before it.
func (b Box) AfterIcon() int { return b.X + 29 }

// TitleY is the line of the title.
func (b Box) TitleY() int { return b.Y + 18 }

// NoteY is the line of the note.
func (b Box) NoteY() int { return b.Y + 34 }

// ShortNote is the note as far as there is room.
func (b Box) ShortNote() string {
	const room = 24
	runes := []rune(b.Note)
	if len(runes) <= room {
		return b.Note
	}
	return string(runes[:room-1]) + "…"
}

// Arrow leads from a cause to its effect.
type Arrow struct {
	Path string
	Tone Tone
}

// Tone is the kind of a box or an arrow.
type Tone string

// Forward, Failure and Rollback are events. Expected is what has not happened yet, Stopped
// a dead letter, and Ended the end of a process that was handling something.
const (
	Forward  Tone = "forward"
	Failure  Tone = "failure"
	Rollback Tone = "rollback"
	Expected Tone = "expected"
	Stopped  Tone = "stopped"
	Ended    Tone = "ended"
)

// Tones returns all tones.
func Tones() []Tone { return []Tone{Forward, Failure, Rollback, Expected, Stopped, Ended} }

// ToneOf returns the tone of a type of event, by the words of its name.
func ToneOf(eventType string) Tone {
	for _, kind := range []struct {
		tone  Tone
		words []string
	}{
		{Failure, []string{"unavailable", "declined", "rejected", "failed", "refused"}},
		{Rollback, []string{"cancel", "released", "refunded", "revoked"}},
	} {
		if slices.ContainsFunc(kind.words, func(word string) bool { return strings.Contains(eventType, word) }) {
			return kind.tone
		}
	}
	return Forward
}

// drawing is a picture that is being drawn.
type drawing struct {
	Diagram

	view orderview.View
	// byEvent is the box of each event.
	byEvent map[string]Box
	rows    int
}

// Draw draws the events of an order, and what is expected next.
func Draw(view orderview.View) Diagram {
	d := &drawing{view: view, byEvent: make(map[string]Box)}
	for i, name := range orderview.Lanes() {
		d.Lanes = append(d.Lanes, Lane{Name: name, X: i * laneWidth, Width: laneWidth, Centre: i*laneWidth + laneWidth/2})
	}
	ends := view.Ends
	for _, e := range view.Events {
		for len(ends) > 0 && ends[0].Time.Before(e.Time) {
			d.ended(ends[0])
			ends = ends[1:]
		}
		d.event(e)
	}
	for _, end := range ends {
		d.ended(end)
	}
	for _, step := range view.Expected() {
		d.expected(step)
	}
	for _, e := range view.Events {
		d.notification(e)
	}
	d.Width, d.Height = len(d.Lanes)*laneWidth, head+d.rows*rowHeight
	return d.Diagram
}

// column returns the lane of a party, and that of the order context for any other.
func (d *drawing) column(party string) int {
	return max(slices.IndexFunc(d.Lanes, func(l Lane) bool { return l.Name == party }), 0)
}

// box puts a box into the lane of a party, in a row of its own, or of another box.
func (d *drawing) box(party string, row int, b Box) Box {
	b.column, b.row = d.column(party), row
	b.X, b.Y = b.column*laneWidth+(laneWidth-boxWidth)/2, head+row*rowHeight
	b.Width, b.Height = boxWidth, boxHeight
	d.rows = max(d.rows, row+1)
	d.Boxes = append(d.Boxes, b)
	return b
}

func (d *drawing) since(t time.Time) string {
	begin := d.view.Order.PlacedAt
	if begin.IsZero() || t.IsZero() {
		return ""
	}
	return fmt.Sprintf("+%d ms", t.Sub(begin).Milliseconds())
}

// event draws an event in the lane of its publisher.
func (d *drawing) event(e orderview.Event) {
	_, title, _ := strings.Cut(e.Type, ".")
	notes := []string{d.since(e.Time)}
	if e.Logged > 1 {
		notes = append(notes, fmt.Sprintf("published ×%d", e.Logged))
	}
	for _, delivery := range e.Deliveries {
		if times := delivery.Delivered(); times > 1 {
			notes = append(notes, fmt.Sprintf("%s ×%d", delivery.Consumer, times))
		}
	}
	b := d.box(cmp.Or(e.Publisher, e.Source), d.rows, Box{
		Title: cmp.Or(title, e.Type, "not an event"), Note: strings.Join(notes, " · "), Hint: e.Type + " " + e.ID, Tone: ToneOf(e.Type), EventID: e.ID,
	})
	d.byEvent[e.ID] = b
	if cause, known := d.byEvent[e.Cause]; known {
		d.arrow(cause, b, b.Tone)
	}
}

// ended draws the end of a process, after the event that it handled, if that is known.
func (d *drawing) ended(end logs.Line) {
	b := d.box(end.Context, d.rows, Box{
		Title: "process ended", Note: d.since(end.Time), Tone: Ended,
		Hint: fmt.Sprintf("A process of %s ended while it handled %s: %s", end.Function, cmp.Or(end.EventType, "something"), logs.End(end.Text)),
	})
	if handled, known := d.byEvent[end.EventID]; known {
		d.arrow(handled, b, Ended)
	}
}

// expected draws a delivery that is pending and what it leads to, or the dead letter that
// stops it.
func (d *drawing) expected(step orderview.Step) {
	from := d.byEvent[step.ID]
	if letter := step.Delivery.DeadLetter; letter != nil {
		b := d.box(step.Delivery.Consumer, d.rows, Box{Title: "dead letter", Note: letter.Reason, Hint: letter.Why(), Tone: Stopped, DeadLetter: letter.ID})
		d.arrow(from, b, Stopped)
		from = b
	}
	for _, next := range step.Delivery.Next {
		_, title, _ := strings.Cut(next, ".")
		b := d.box(step.Delivery.Consumer, d.rows, Box{Title: title, Note: "expected", Hint: next + " is expected next.", Tone: Expected})
		d.arrow(from, b, Expected)
	}
}

// notification draws the delivery of an ending to the notification endpoint, beside it.
func (d *drawing) notification(e orderview.Event) {
	for _, delivery := range e.Deliveries {
		if delivery.Consumer != contract.Notification {
			continue
		}
		from := d.byEvent[e.ID]
		b := Box{Title: "notification", Note: "sent to the endpoint", Hint: e.Type + " is sent to the notification endpoint.", Tone: from.Tone}
		if letter := delivery.DeadLetter; letter != nil {
			b.Title, b.Note, b.Hint, b.Tone, b.DeadLetter = "dead letter", letter.Reason, letter.Why(), Stopped, letter.ID
		}
		d.arrow(from, d.box(delivery.Consumer, from.row, b), b.Tone)
	}
}

// arrow draws an arrow from the edge of a box to that of another: across within a row, and
// else down, around what is in between.
func (d *drawing) arrow(from, to Box, tone Tone) {
	x, y := from.Centre(), from.Y+from.Height
	switch {
	case from.row == to.row:
		x, y = from.X+from.Width, from.Y+from.Height/2
		d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dL%d %d", x, y, to.X, y), tone})
	case from.column == to.column && to.row-from.row > 1:
		side, out := from.X+from.Width, from.X+from.Width+14
		y, end := from.Y+from.Height/2, to.Y+to.Height/2
		d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dC%d %d %d %d %d %d", side, y, out, y, out, end, side, end), tone})
	default:
		middle := (y + to.Y) / 2
		d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, x, middle, to.Centre(), middle, to.Centre(), to.Y), tone})
	}
}
