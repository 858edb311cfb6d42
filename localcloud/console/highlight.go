package console

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Highlight is a colour for the events whose detail type matches an expression.
type Highlight struct {
	color   color
	pattern *regexp.Regexp
}

// ParseHighlight reads COLOR=REGEXP.
func ParseHighlight(given string) (Highlight, error) {
	name, expression, found := strings.Cut(given, "=")
	if !found {
		return Highlight{}, fmt.Errorf("it must be COLOR=REGEXP")
	}
	with, known := colors()[name]
	if !known {
		return Highlight{}, fmt.Errorf("there is no colour %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(colors())), ", "))
	}
	pattern, err := regexp.Compile(expression)
	return Highlight{color: with, pattern: pattern}, err
}

// colors are those of highlights, by name.
func colors() map[string]color {
	return map[string]color{"red": red, "green": green, "yellow": yellow, "blue": blue, "magenta": magenta, "cyan": cyan}
}

func (c *Console) typeColor(detailType string) color {
	for _, highlight := range c.style.Highlights {
		if highlight.pattern.MatchString(detailType) {
			return highlight.color
		}
	}
	return plain
}
