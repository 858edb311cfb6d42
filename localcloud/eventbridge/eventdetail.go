package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// maximumDepth is the deepest nesting that EventBridge processes.
const maximumDepth = 1000

var errNotAnObject = errors.New("not a JSON object")

// reserialize writes an event's detail anew, as EventBridge does before it
// delivers it: without insignificant whitespace, and of two equal keys of one
// object only the last value. The order of keys is kept, and numbers stay as
// they are written.
func reserialize(detail string) (json.RawMessage, error) {
	decoder := json.NewDecoder(strings.NewReader(detail))
	decoder.UseNumber()
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') {
		return nil, errNotAnObject
	}
	rewritten, err := rewriteObject(decoder, 1)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotAnObject
	}
	return rewritten, nil
}

func rewrite(decoder *json.Decoder, depth int) ([]byte, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth == maximumDepth {
			return nil, errors.New("nested too deep")
		}
		if token == '{' {
			return rewriteObject(decoder, depth+1)
		}
		return rewriteArray(decoder, depth+1)
	case json.Number:
		return rewriteNumber(token)
	default:
		return encodeJSON(token)
	}
}

// rewriteNumber refuses integers that do not fit into 64 bits, which
// EventBridge cannot hold.
func rewriteNumber(number json.Number) ([]byte, error) {
	if !strings.ContainsAny(number.String(), ".eE") {
		if _, err := number.Int64(); err != nil {
			return nil, err
		}
	}
	return []byte(number), nil
}

func rewriteArray(decoder *json.Decoder, depth int) ([]byte, error) {
	var elements [][]byte
	for decoder.More() {
		element, err := rewrite(decoder, depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	return enclose('[', elements, ']'), nil
}

func rewriteObject(decoder *json.Decoder, depth int) ([]byte, error) {
	var names, members [][]byte
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, err := encodeJSON(token)
		if err != nil {
			return nil, err
		}
		value, err := rewrite(decoder, depth)
		if err != nil {
			return nil, err
		}
		member := slices.Concat(name, []byte(":"), value)
		if known := slices.IndexFunc(names, func(other []byte) bool { return bytes.Equal(other, name) }); known >= 0 {
			members[known] = member
			continue
		}
		names, members = append(names, name), append(members, member)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	return enclose('{', members, '}'), nil
}

func enclose(opening byte, parts [][]byte, closing byte) []byte {
	enclosed := []byte{opening}
	enclosed = append(enclosed, bytes.Join(parts, []byte(","))...)
	return append(enclosed, closing)
}
