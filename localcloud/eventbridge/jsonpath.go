package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A jsonPath is a JSON path as EventBridge supports it: names after dots,
// indexes and asterisks in brackets; neither filters nor recursion.
type jsonPath []jsonPathStep

// A jsonPathStep goes to a member of an object, to an element of an array, or (both
// empty) to all of them.
type jsonPathStep struct {
	name  string
	index *int
}

// isPath reports whether a value is a path, where it may also be a literal.
// Only a value that is a path from its first character on is one.
func isPath(value string) bool {
	return value == "$" || strings.HasPrefix(value, "$.") || strings.HasPrefix(value, "$[")
}

// stepPattern is one step at the beginning of the rest of a path.
var stepPattern = regexp.MustCompile(`^(?:\.([A-Za-z0-9_/-]+)|\[([0-9]+)\]|(\[\*\]|\.\*))`)

func parseJSONPath(text string) (jsonPath, error) {
	rest, found := strings.CutPrefix(text, "$")
	if !found {
		return nil, fmt.Errorf("the JSON path %q does not begin with $", text)
	}
	parsed := jsonPath{}
	for rest != "" {
		match := stepPattern.FindStringSubmatch(rest)
		if match == nil {
			return nil, fmt.Errorf("the JSON path %q is not supported from %q on", text, rest)
		}
		next := jsonPathStep{name: match[1]}
		if match[2] != "" {
			index, err := strconv.Atoi(match[2])
			if err != nil {
				return nil, fmt.Errorf("the JSON path %q has a bad index: %w", text, err)
			}
			next.index = &index
		}
		parsed = append(parsed, next)
		rest = rest[len(match[0]):]
	}
	return parsed, nil
}

// find returns the JSON text at the path.
func (p jsonPath) find(document json.RawMessage) (json.RawMessage, bool) {
	if len(p) == 0 {
		return document, true
	}
	next, rest := p[0], p[1:]
	switch {
	case next.name != "":
		var object map[string]json.RawMessage
		if err := json.Unmarshal(document, &object); err != nil || object[next.name] == nil {
			return nil, false
		}
		return rest.find(object[next.name])
	case next.index != nil:
		var array []json.RawMessage
		if err := json.Unmarshal(document, &array); err != nil || *next.index >= len(array) {
			return nil, false
		}
		return rest.find(array[*next.index])
	default:
		return rest.findAll(valuesOf(document))
	}
}

func (p jsonPath) findAll(values []json.RawMessage) (json.RawMessage, bool) {
	var found [][]byte
	for _, each := range values {
		if value, ok := p.find(each); ok {
			found = append(found, value)
		}
	}
	return enclose('[', found), len(found) > 0
}

// valuesOf returns the values in an object or array, in their order; a scalar
// has none. The document is JSON that this package has written itself.
func valuesOf(document json.RawMessage) []json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(document))
	opening, err := decoder.Token()
	if err != nil || (opening != json.Delim('{') && opening != json.Delim('[')) {
		return nil
	}
	var values []json.RawMessage
	for decoder.More() {
		if opening == json.Delim('{') {
			if _, err := decoder.Token(); err != nil {
				return nil
			}
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil
		}
		values = append(values, value)
	}
	return values
}
