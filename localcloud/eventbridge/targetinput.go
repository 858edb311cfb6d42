package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// The limits of an input transformer's variables: their number, and the characters of
// a name.
const (
	maximumPathKeys = 100
	maximumPathName = 256
)

// An input returns what a target gets for an event.
type input func(a arrival) ([]byte, error)

// compileInput returns the target's input. If InputPath matches nothing, the delivery
// fails: it is not documented what AWS delivers.
func (t *target) compileInput() (input, error) {
	switch {
	case t.Input != nil:
		if !json.Valid([]byte(*t.Input)) {
			return nil, wire.ValidationError("Input of target %s must be JSON", t.ID)
		}
		return func(arrival) ([]byte, error) { return []byte(*t.Input), nil }, nil
	case t.InputPath != nil:
		path, err := parseJSONPath(*t.InputPath)
		if err != nil {
			return nil, wire.ValidationError("InputPath of target %s: %s", t.ID, err)
		}
		return func(a arrival) ([]byte, error) {
			found, ok := path.find(a.envelope)
			if !ok {
				return nil, &DeliveryError{Code: CodeInvalidParameter, Message: "the InputPath " + *t.InputPath + " leads nowhere in the event"}
			}
			return found, nil
		}, nil
	case t.Transformer != nil:
		return t.compileTransformer()
	default:
		return func(a arrival) ([]byte, error) { return a.envelope, nil }, nil
	}
}

func (t *target) compileTransformer() (input, error) {
	paths, err := t.compilePaths()
	if err != nil {
		return nil, err
	}
	reserved := t.reserved(arrival{})
	template, err := parseInputTemplate(t.Transformer.Template, func(variable string) bool {
		return paths[variable] != nil || reserved[variable] != nil
	})
	if err != nil {
		return nil, wire.ValidationError("InputTemplate for target %s %s.", t.ID, err)
	}
	return func(a arrival) ([]byte, error) {
		rendered, err := template.render(func(variable string) (json.RawMessage, error) {
			if value := t.reserved(a)[variable]; value != nil {
				return value()
			}
			found, _ := paths[variable].find(a.envelope)
			return found, nil
		})
		if err != nil {
			return nil, &DeliveryError{Code: CodeInvalidJSON, Message: err.Error()}
		}
		return rendered, nil
	}, nil
}

func (t *target) compilePaths() (map[string]jsonPath, error) {
	if len(t.Transformer.Paths) > maximumPathKeys {
		return nil, wire.ValidationError("InputPathsMap for target %s has more than %d entries", t.ID, maximumPathKeys)
	}
	paths := map[string]jsonPath{}
	for name, text := range t.Transformer.Paths {
		if len(name) > maximumPathName || strings.HasPrefix(strings.ToLower(name), "aws.") {
			return nil, wire.ValidationError("InputPathsMap for target %s has the invalid name %s", t.ID, name)
		}
		var err error
		if paths[name], err = parseJSONPath(text); err != nil {
			return nil, wire.ValidationError("InputPathsMap for target %s: %s", t.ID, err)
		}
	}
	return paths, nil
}

// reserved are the variables that need no entry in the map of paths.
func (t *target) reserved(a arrival) map[string]func() ([]byte, error) {
	return map[string]func() ([]byte, error){
		"aws.events.rule-arn":             func() ([]byte, error) { return wire.EncodeJSON(t.rule.ARN) },
		"aws.events.rule-name":            func() ([]byte, error) { return wire.EncodeJSON(t.rule.Name) },
		"aws.events.event.ingestion-time": func() ([]byte, error) { return wire.EncodeJSON(a.at.UTC().Format(time.RFC3339)) },
		variableEvent:                     a.event.summary,
		variableEventJSON:                 func() ([]byte, error) { return a.envelope, nil },
	}
}

// groupID returns the message group of an event. It is not documented what AWS
// does with a path without a valid group. Here the delivery fails, because any
// other group would silently change the order of messages.
func (t *target) groupID(a arrival) (string, error) {
	group, err := resolve(t.MessageGroupID, a, false)
	if err != nil {
		return "", fmt.Errorf("MessageGroupId: %w", err)
	}
	if t.MessageGroupID != "" && !groupPattern.MatchString(group) {
		return "", fmt.Errorf("MessageGroupId %s is %q, which is not a message group", t.MessageGroupID, group)
	}
	return group, nil
}

// groupPattern is the pattern of a queue's message groups.
var groupPattern = regexp.MustCompile(`^[!-~]{1,128}$`)

func (t *target) httpParameters(a arrival) (_ *HTTPParameters, problem error) {
	if t.HTTP == nil {
		return nil, nil //nolint:nilnil // No parameters were given, so there are none.
	}
	value := func(name, given string) string {
		resolved, err := resolve(given, a, true)
		if err != nil {
			problem = fmt.Errorf("%s: %w", name, err)
		}
		return resolved
	}
	resolved := &HTTPParameters{Header: map[string]string{}, Query: map[string]string{}}
	for name, given := range t.HTTP.Header {
		resolved.Header[name] = value("HeaderParameters: "+name, given)
	}
	for name, given := range t.HTTP.Query {
		resolved.Query[name] = value("QueryStringParameters: "+name, given)
	}
	for _, given := range t.HTTP.Path {
		resolved.Path = append(resolved.Path, value("PathParameterValues", given))
	}
	return resolved, problem
}

// resolve returns a parameter's value, from the original event if it is a path. Numbers
// and truth values are texts in requests only. It is not documented what AWS does if
// the path does not lead to a text. Here the delivery fails.
func resolve(given string, a arrival, scalars bool) (string, error) {
	if !isPath(given) {
		return given, nil
	}
	parsed, err := parseJSONPath(given)
	if err != nil {
		return "", err
	}
	found, ok := parsed.find(a.envelope)
	switch {
	case !ok:
		return "", fmt.Errorf("the path %s leads nowhere in the event", given)
	case found[0] == '"':
		var text string
		err := json.Unmarshal(found, &text)
		return text, err
	case scalars && !strings.ContainsRune("{[n", rune(found[0])):
		return string(found), nil
	default:
		return "", fmt.Errorf("the path %s leads to %s, which is not a text", given, found)
	}
}

// The variables that cannot stand inside a string.
const (
	variableEvent     = "aws.events.event"
	variableEventJSON = "aws.events.event.json"
)

// An inputTemplate is an input transformer's text, cut at its variables.
type inputTemplate []templatePiece

// A templatePiece is either text or a variable, which stands inside or outside of a
// quoted string.
type templatePiece struct {
	text     string
	variable string
	quoted   bool
}

var (
	placeholder = regexp.MustCompile(`<([A-Za-z0-9_.\-]+)>`)
	escape      = regexp.MustCompile(`(?s)\\.`)
	// What follows a placeholder in a key, outside and inside of a string.
	beforeColon     = regexp.MustCompile(`^\s*:`)
	textBeforeColon = regexp.MustCompile(`(?s)^([^"\\]|\\.)*"\s*:`)
)

// parseInputTemplate parses a template; known reports whether a variable exists.
func parseInputTemplate(text string, known func(variable string) bool) (inputTemplate, error) {
	var parsed inputTemplate
	quoted, end := false, 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		before, variable := text[end:at[0]], text[at[2]:at[3]]
		end = at[1]
		quoted = quoted != (strings.Count(escape.ReplaceAllLiteralString(before, ""), `"`)%2 == 1)
		if !known(variable) {
			return nil, fmt.Errorf("contains invalid placeholder %s", variable)
		}
		if quoted && (variable == variableEvent || variable == variableEventJSON) {
			return nil, fmt.Errorf("contains the placeholder %s inside a string, where it cannot stand", variable)
		}
		if !quoted && beforeColon.MatchString(text[end:]) || quoted && textBeforeColon.MatchString(text[end:]) {
			return nil, fmt.Errorf("contains the placeholder %s in an object's key, where no placeholder can stand", variable)
		}
		parsed = append(parsed, templatePiece{text: before}, templatePiece{variable: variable, quoted: quoted})
	}
	return append(parsed, templatePiece{text: text[end:]}), nil
}

// render replaces the variables by their values. A value is nil if its path
// matches nothing.
func (t inputTemplate) render(value func(variable string) (json.RawMessage, error)) ([]byte, error) {
	var out bytes.Buffer
	for _, piece := range t {
		out.WriteString(piece.text)
		if piece.variable == "" {
			continue
		}
		found, err := value(piece.variable)
		if err != nil {
			return nil, err
		}
		switch {
		case piece.quoted:
			if found, err = asText(found); err != nil {
				return nil, err
			}
		case found == nil:
			found = []byte(`""`)
		}
		out.Write(found)
	}
	return normalize(out.Bytes())
}

// asText returns a variable inside a string: a string without its quotes, an
// object or array as compact text with all quotes removed, nothing if it is
// nil. A quote inside the value stays escaped, so that the result stays JSON.
func asText(value json.RawMessage) ([]byte, error) {
	switch {
	case value == nil:
		return nil, nil
	case value[0] == '"':
		return value[1 : len(value)-1], nil
	case value[0] == '{' || value[0] == '[':
		escaped, err := wire.EncodeJSON(strings.ReplaceAll(string(value), `"`, ""))
		if err != nil {
			return nil, err
		}
		return escaped[1 : len(escaped)-1], nil
	default:
		return value, nil
	}
}

// normalize removes insignificant whitespace. A template of several JSON values
// comes out with one value per line.
func normalize(rendered []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(rendered))
	var lines [][]byte
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) && len(lines) > 0 {
			return bytes.Join(lines, []byte("\n")), nil
		}
		if err != nil {
			return nil, fmt.Errorf("the rendered input is not JSON: %w", err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			return nil, err
		}
		lines = append(lines, compact.Bytes())
	}
}
