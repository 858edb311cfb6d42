package console

import (
	"hash/fnv"
	"strings"

	"example.com/saga/localcloud/printable"
)

// color is the argument of a terminal's colour sequence.
type color string

const (
	plain   color = ""
	bold    color = "1"
	faint   color = "2"
	red     color = "31"
	green   color = "32"
	yellow  color = "33"
	magenta color = "35"
)

// paint makes text safe for a terminal and colours it. Every text that comes from
// elsewhere passes through it, as plain at least.
func (c *Console) paint(with color, text string) string {
	text = printable.Line(text)
	if !c.style.Color || with == plain {
		return text
	}
	return "\x1b[" + string(with) + "m" + text + "\x1b[0m"
}

// orderColor gives each order one of several colours that can be told apart on
// a dark and on a light ground, always the same for the same order.
func orderColor(order string) color {
	palette := [...]color{
		"38;5;27", "38;5;33", "38;5;37", "38;5;64", "38;5;97", "38;5;103", "38;5;125",
		"38;5;130", "38;5;136", "38;5;161", "38;5;166", "38;5;171", "38;5;244",
	}
	hash := fnv.New32a()
	hash.Write([]byte(order))
	return palette[hash.Sum32()%uint32(len(palette))]
}

// typeColor tells by an event type's words whether it is a step forward, a
// failure, or a step of the way back.
func typeColor(eventType string) color {
	for _, kind := range []struct {
		color color
		words []string
	}{
		{red, []string{"unavailable", "declined", "rejected", "failed", "refused"}},
		{magenta, []string{"cancel"}},
		{yellow, []string{"released", "refunded", "revoked"}},
	} {
		for _, word := range kind.words {
			if strings.Contains(eventType, word) {
				return kind.color
			}
		}
	}
	return green
}
