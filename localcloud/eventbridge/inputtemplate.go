package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"example.com/saga/localcloud/wire"
)

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
