package terminal

import (
	"hash/fnv"
	"strings"

	"example.com/saga/pkg/printable"
)

// color is the argument of an ANSI escape sequence that sets a colour.
type color string

const (
	plain   color = ""
	faint   color = "2"
	red     color = "31"
	green   color = "32"
	yellow  color = "33"
	magenta color = "35"
)

// paint returns text as one line that is safe to print, in a colour if colours are
// allowed. All text that comes from outside goes through it.
func (l Lines) paint(with color, text string) string {
	text = printable.Line(text)
	if !l.Color || with == plain {
		return text
	}
	return "\x1b[" + string(with) + "m" + text + "\x1b[0m"
}

// orderColor returns the colour of an order, always the same for the same order. The
// colours can be told apart on a dark and on a light background.
func orderColor(order string) color {
	palette := [...]color{
		"38;5;27", "38;5;33", "38;5;37", "38;5;64", "38;5;97", "38;5;103", "38;5;125",
		"38;5;130", "38;5;136", "38;5;161", "38;5;166", "38;5;171", "38;5;244",
	}
	hash := fnv.New32a()
	hash.Write([]byte(order))
	return palette[hash.Sum32()%uint32(len(palette))]
}

// typeColor returns the colour of an event type: red for a failure, magenta for a
// cancellation, yellow for a step of the rollback, green for a step forward.
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
