package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes of the drawing, in pixels.
const (
	boxWidth  = 270
	boxHeight = 46
	rowHeight = 60
	gap       = 60
	barWidth  = 130
	barX      = boxWidth + gap
	targetX   = barX + barWidth + gap
	functionX = targetX + boxWidth + gap
	busGap    = 70
	// apart is the distance between arrows that end in the same box.
	apart = 8
)

// Live is how a stack is doing now, by construct paths.
type Live struct {
	Queues map[string]Depth
	// Stopped is why a function gets no events and no messages: it is paused or disabled.
	Stopped map[string]string
}

// Depth is how many messages are in a queue: those that can be received, and those that a
// receiver has.
type Depth struct{ Visible, InFlight int }

// Drawing is a picture of a topology: a bar for each bus, its publishers on the left, and
// on the right the targets of its rules, each in a row of its own, with the function that a
// queue leads to. Beneath are the dead-letter queues.
type Drawing struct {
	Width, Height int
	Boxes         []Box
	Arrows        []Arrow
}

// Box is a bus, a publisher, a target or a function. Note is how it is doing.
type Box struct {
	X, Y, Width, Height int
	Text, Note, Class   string
}

// TextY is the baseline of the text, NoteY that of the note.
func (b Box) TextY() int { return b.Y + 20 }

// NoteY is the baseline of the note.
func (b Box) NoteY() int { return b.Y + 37 }

// Arrow is what events follow. Title has what they come by, Types are all types of them.
// Key is that of the rule or the mapping, or "".
type Arrow struct {
	Path, Title, Key string
	Types            []string
}

// Draw draws the topology of a catalogue, and how the stack is doing.
func (c Catalogue) Draw(live Live) Drawing {
	d := &drawing{Catalogue: c, live: live}
	bars := make(map[string]Box)
	for _, bus := range c.Topology.Buses {
		bars[bus.ID] = d.bus(bus.ID)
	}
	forwards := slices.DeleteFunc(slices.Clone(c.Topology.Rules), func(r Rule) bool { return !r.Forwards() })
	for i, rule := range forwards {
		from, to := bars[rule.Bus], bars[rule.Target]
		begin, end := from.Y+from.Height, to.Y
		if from.Y > to.Y {
			begin, end = from.Y, to.Y+to.Height
		}
		x := barX + (i+1)*barWidth/(len(forwards)+1)
		d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dV%d", x, begin, end), rule.title(), rule.Key(), c.Topology.Matched(rule)})
	}
	const inRow = 4
	for i, queue := range c.Wiring.DeadLetters {
		d.resource(i%inRow*(boxWidth+apart), d.Height+i/inRow*rowHeight, queue)
	}
	rows := (len(c.Wiring.DeadLetters) + inRow - 1) / inRow
	// There is room for the lines of the outermost boxes.
	d.Width, d.Height = functionX+boxWidth+2, d.Height+rows*rowHeight+2
	return d.Drawing
}

// drawing is a picture that is being drawn.
type drawing struct {
	Catalogue
	Drawing

	live Live
}

// bus draws a bus below what is drawn already, with its publishers and its targets.
func (d *drawing) bus(bus string) Box {
	published, publishers := make(map[string][]string), []string{}
	for _, e := range d.Events {
		if d.Topology.Origin(e.Type) != bus {
			continue
		}
		if published[e.Publisher] == nil {
			publishers = append(publishers, e.Publisher)
		}
		published[e.Publisher] = append(published[e.Publisher], e.Type)
	}
	rules, targets := make(map[string][]Rule), []string{}
	for _, rule := range d.Topology.From(bus) {
		if rule.Forwards() {
			continue
		}
		if rules[rule.Target] == nil {
			targets = append(targets, rule.Target)
		}
		rules[rule.Target] = append(rules[rule.Target], rule)
	}
	slices.Sort(targets)
	y := d.Height
	for i, publisher := range publishers {
		d.Boxes = append(d.Boxes, Box{0, y + i*rowHeight, boxWidth, boxHeight, publisher, "", "party"})
		d.across(boxWidth, y+i*rowHeight+boxHeight/2, publisher+":\n"+strings.Join(published[publisher], "\n"), "", published[publisher])
	}
	for i, target := range targets {
		d.target(y+i*rowHeight, target, rules[target])
	}
	bar := Box{barX, y, barWidth, max(len(publishers), len(targets), 1)*rowHeight - rowHeight + boxHeight, bus, "", "bus"}
	d.Boxes = append(d.Boxes, bar)
	d.Height += bar.Height + busGap
	return bar
}

// target draws the target of rules, and the function that its messages are for.
func (d *drawing) target(y int, target string, rules []Rule) {
	d.resource(targetX, y, target)
	var types []string
	for i, rule := range rules {
		matched := d.Topology.Matched(rule)
		types = append(types, matched...)
		d.across(barX+barWidth, y+boxHeight/2+apart*i-apart*(len(rules)-1)/2, target+":\n"+rule.title(), rule.Key(), matched)
	}
	for _, m := range d.Wiring.Mappings {
		if m.Queue == target {
			d.resource(functionX, y, m.Function)
			d.across(targetX+boxWidth, y+boxHeight/2, m.Function+":\nmessages of "+m.Queue, m.Key(), types)
		}
	}
}

// across draws an arrow over a gap.
func (d *drawing) across(x, y int, title, key string, types []string) {
	d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dh%d", x, y, gap), title, key, types})
}

// resource draws a resource and how it is doing.
func (d *drawing) resource(x, y int, id string) {
	b := Box{x, y, boxWidth, boxHeight, id, "", "party"}
	path := d.Wiring.Paths[id]
	if depth, known := d.live.Queues[path]; known {
		b.Note = fmt.Sprintf("%d waiting, %d in flight", depth.Visible, depth.InFlight)
		if slices.Contains(d.Wiring.DeadLetters, id) {
			b.Note = fmt.Sprintf("dead letters: %d", depth.Visible+depth.InFlight)
			if depth != (Depth{}) {
				b.Class = "party bad"
			}
		}
	}
	if why := d.live.Stopped[path]; why != "" {
		b.Note, b.Class = why, "party stopped"
	}
	d.Boxes = append(d.Boxes, b)
}

// title is the rule with the types that it matches.
func (r Rule) title() string {
	if r.All {
		return r.ID + ": all events"
	}
	return r.ID + ": " + strings.Join(r.Types, ", ")
}
