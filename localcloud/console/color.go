package console

import (
	"hash/fnv"

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
	blue    color = "34"
	magenta color = "35"
	cyan    color = "36"
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

// subjectColor returns one of several colours that can be told apart on a dark and
// on a light background, always the same for the same subject.
func subjectColor(subject string) color {
	palette := [...]color{
		"38;5;27", "38;5;33", "38;5;37", "38;5;64", "38;5;97", "38;5;103", "38;5;125",
		"38;5;130", "38;5;136", "38;5;161", "38;5;166", "38;5;171", "38;5;244",
	}
	hash := fnv.New32a()
	hash.Write([]byte(subject))
	return palette[hash.Sum32()%uint32(len(palette))]
}
