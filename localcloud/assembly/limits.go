package assembly

import (
	_ "embed" // It reads limits.json.
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// limitsOfTypes is what AWS allows as the values of the supported types' properties.
//
//go:generate ../../.bin/linttemplates/bin/python limits.py
//go:embed limits.json
var limitsOfTypes []byte

// limits are what AWS allows as the values of a resource type's properties, by their
// paths. [] stands for every item of a list, and * for every member of a map.
type limits map[string]limit

// limit is what AWS allows as the value of a property. The bounds are of a number, of a
// text's length in characters, or of the number of a list's items.
type limit struct {
	Type     string       `json:"type"`
	Min      *float64     `json:"min"`
	Max      *float64     `json:"max"`
	Pattern  *textPattern `json:"pattern"`
	Enum     []string     `json:"enum"`
	Required []string     `json:"required"`
}

// textPattern is an expression that a whole text must match. It is compiled when it is first
// needed, because there are hundreds.
type textPattern struct {
	text     string
	compiled func() *regexp.Regexp
}

func newTextPattern(text string) *textPattern {
	return &textPattern{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?s)^(?:" + text + ")$") })}
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *textPattern) UnmarshalText(text []byte) error {
	*p = *newTextPattern(string(text))
	return nil
}

func readLimits() (map[string]limits, error) {
	var all map[string]limits
	err := json.Unmarshal(limitsOfTypes, &all)
	return all, err
}

// at returns the limit of the property with a path such as Targets[0].Id.
func (l limits) at(path string) limit {
	path = everyItem(path)
	if found, known := l[path]; known {
		return found
	}
	return l[path[:strings.LastIndex(path, ".")+1]+"*"]
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

func everyItem(path string) string { return index.ReplaceAllLiteralString(path, "[]") }

// problem returns what is wrong with a value, or an empty text.
func (l limit) problem(value any) string {
	if list, isList := value.([]any); isList {
		return l.beyond("must have %s items, and has %s", float64(len(list)))
	}
	if _, isObject := value.(map[string]any); isObject || l.Type == "array" || l.Type == "object" {
		return "" // Its members are checked alone, and a wrong type elsewhere.
	}
	text, err := plainText(value)
	if err != nil {
		return ""
	}
	if len(l.Enum) > 0 && !slices.Contains(l.Enum, text) {
		return fmt.Sprintf("must be one of %s, and is %.200q", strings.Join(l.Enum, ", "), text)
	}
	if number, err := strconv.ParseFloat(text, 64); l.Type == "integer" || l.Type == "number" {
		if err != nil {
			return ""
		}
		return l.beyond("must be %s, and is %s", number)
	}
	if problem := l.beyond("must have %s characters, and has %s", float64(utf8.RuneCountInString(text))); problem != "" {
		return problem
	}
	if l.Pattern != nil && !l.Pattern.compiled().MatchString(text) {
		return fmt.Sprintf("must match %s, and is %.200q", l.Pattern.text, text)
	}
	return ""
}

// beyond formats what is wrong with a size beyond the bounds, or returns an empty text.
func (l limit) beyond(format string, size float64) string {
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	below, above := l.Min != nil && size < *l.Min, l.Max != nil && size > *l.Max
	var bounds string
	switch {
	case !below && !above:
		return ""
	case l.Max == nil:
		bounds = "at least " + number(*l.Min)
	case l.Min == nil:
		bounds = "at most " + number(*l.Max)
	default:
		bounds = number(*l.Min) + " to " + number(*l.Max)
	}
	return fmt.Sprintf(format, bounds, number(size))
}
