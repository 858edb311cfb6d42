package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes of the drawing, in pixels.
const (
	boxWidth  = 270
	boxHeight = 34
	rowHeight = 48
	gap       = 90
	barWidth  = 150
	barX      = boxWidth + gap
	targetX   = barX + barWidth + gap
	busGap    = 70
)

// Drawing is a picture of a topology: a bar for each bus, its publishers on the left, and
// on the right the targets of its rules, each in a row of its own.
type Drawing struct {
	Width, Height int
	Boxes         []Box
	Arrows        []Arrow
}

// Box is a bus, a publisher or a target.
type Box struct {
	X, Y, Width, Height int
	Text, Class         string
}

// TextY is the baseline of the text.
func (b Box) TextY() int { return b.Y + boxHeight/2 + 5 }

// Arrow is what events follow. Title has the rules and the types.
type Arrow struct{ Path, Title string }

// Draw draws the topology of a catalogue.
func (c Catalogue) Draw() Drawing {
	d := Drawing{Width: targetX + boxWidth}
	bars := make(map[string]Box)
	for _, bus := range c.Topology.Buses {
		bars[bus.ID] = c.drawBus(&d, bus.ID)
	}
	// There is room for the lines of the outermost boxes.
	d.Width, d.Height = d.Width+2, d.Height-busGap+2
	forwards := slices.DeleteFunc(slices.Clone(c.Topology.Rules), func(r Rule) bool { return !r.Forwards() })
	for i, rule := range forwards {
		from, to := bars[rule.Bus], bars[rule.Target]
		begin, end := from.Y+from.Height, to.Y
		if from.Y > to.Y {
			begin, end = from.Y, to.Y+to.Height
		}
		x := barX + (i+1)*barWidth/(len(forwards)+1)
		d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dV%d", x, begin, end), rule.title()})
	}
	return d
}

// drawBus draws a bus below what is drawn already, with its publishers and its targets.
func (c Catalogue) drawBus(d *Drawing, bus string) Box {
	published, publishers := make(map[string][]string), []string{}
	for _, e := range c.Events {
		if c.Topology.Origin(e.Type) != bus {
			continue
		}
		if published[e.Publisher] == nil {
			publishers = append(publishers, e.Publisher)
		}
		published[e.Publisher] = append(published[e.Publisher], e.Type)
	}
	matched, targets := make(map[string][]string), []string{}
	for _, rule := range c.Topology.From(bus) {
		if rule.Forwards() {
			continue
		}
		if matched[rule.Target] == nil {
			targets = append(targets, rule.Target)
		}
		matched[rule.Target] = append(matched[rule.Target], rule.title())
	}
	slices.Sort(targets)
	y := d.Height
	for i, publisher := range publishers {
		d.row(0, y+i*rowHeight, publisher, boxWidth, "\n"+strings.Join(published[publisher], "\n"))
	}
	for i, target := range targets {
		d.row(targetX, y+i*rowHeight, target, barX+barWidth, "\n"+strings.Join(matched[target], "\n"))
	}
	bar := Box{barX, y, barWidth, max(len(publishers), len(targets), 1)*rowHeight - rowHeight + boxHeight, bus, "bus"}
	d.Boxes = append(d.Boxes, bar)
	d.Height += bar.Height + busGap
	return bar
}

// row draws a box, and the arrow that ends or begins there: from x on, over the gap.
func (d *Drawing) row(boxX, y int, text string, x int, title string) {
	d.Boxes = append(d.Boxes, Box{boxX, y, boxWidth, boxHeight, text, "party"})
	d.Arrows = append(d.Arrows, Arrow{fmt.Sprintf("M%d %dh%d", x, y+boxHeight/2, gap), text + ":" + title})
}

// title is the rule with the types that it matches.
func (r Rule) title() string {
	if r.All {
		return r.ID + ": all events"
	}
	return r.ID + ": " + strings.Join(r.Types, ", ")
}
