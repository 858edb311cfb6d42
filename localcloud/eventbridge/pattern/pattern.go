// Package pattern decides whether an event matches an EventBridge event pattern.
//
// A pattern is turned into alternatives of "field name, accepted values" pairs, and an
// event into its leaves, each with its full name and the array elements it lies in. That
// is how EventBridge's own engine sees them, and why a dot in a field's name means the
// same as nesting, and why two fields of one array must match in the same element of it.
//
// AWS refuses wildcards that are too expensive for its engine. Here they are
// cheap and not refused. Its engine takes a $or that breaks a rule of $or for a
// field of that name; here such a pattern is refused.
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

const (
	// maximumLength is AWS's default quota of a pattern's length in characters.
	maximumLength = 4096
	// maximumAlternatives is how many combinations the $or fields may expand to.
	maximumAlternatives = 1000
)

// Pattern is a compiled event pattern.
type Pattern struct {
	alternatives [][]field
}

type field struct {
	name      string
	condition condition
}

// A condition is the array of a leaf: one of its members has to match.
type condition struct {
	matchers []matcher
	absent   bool
}

// Parse compiles an event pattern. Its errors have AWS's texts.
func Parse(text []byte) (*Pattern, error) {
	if utf8.RuneCount(text) > maximumLength {
		return nil, invalid(refuse("Pattern is longer than %d characters", maximumLength))
	}
	tree, err := decode(text)
	if err != nil {
		return nil, invalid(err)
	}
	root, isObject := tree.(map[string]any)
	if !isObject {
		return nil, invalid(refuse("Filter is not an object"))
	}
	branches, err := compile(root, place{}, []branch{{}})
	if err != nil {
		return nil, invalid(err)
	}
	compiled := &Pattern{}
	for _, branch := range branches {
		var fields []field
		for _, name := range slices.Sorted(maps.Keys(branch)) {
			fields = append(fields, field{name, branch[name]})
		}
		compiled.alternatives = append(compiled.alternatives, fields)
	}
	return compiled, nil
}

type refusal string

func (r refusal) Error() string { return string(r) }

// refuse returns an error with AWS's text, which begins with a capital letter.
func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func invalid(reason error) error {
	return refuse("Event pattern is not valid. Reason: %s", reason)
}

func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse("there is text after the JSON value")
	}
	return tree, nil
}

// Match reports whether the event matches.
func (p *Pattern) Match(event Event) bool {
	return slices.ContainsFunc(p.alternatives, func(fields []field) bool {
		return event.matches(fields, nil)
	})
}

// matches looks for one occurrence of every field such that all of them lie in
// the same elements of the arrays they share.
func (e Event) matches(fields []field, within elements) bool {
	if len(fields) == 0 {
		return true
	}
	present := false
	for _, leaf := range e.leaves[fields[0].name] {
		joined, consistent := within.join(leaf.within)
		if !consistent {
			continue
		}
		present = true
		if fields[0].condition.accepts(leaf.value) && e.matches(fields[1:], joined) {
			return true
		}
	}
	return !present && fields[0].condition.absent && e.matches(fields[1:], within)
}

func (c *condition) accepts(value any) bool { return anyOf(c.matchers)(value) }
