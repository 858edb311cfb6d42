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

// reserialize writes an event's detail anew, as EventBridge does before it delivers it:
// without insignificant whitespace, and of two equal keys of one object only the last
// value. The order of keys is kept, and numbers stay as they are written.
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
	rewritten, err := rewriteMembers(decoder, '{', 1)
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
		return rewriteMembers(decoder, token, depth+1)
	case json.Number:
		// EventBridge cannot hold integers that do not fit into 64 bits.
		if !strings.ContainsAny(token.String(), ".eE") {
			_, err = token.Int64()
		}
		return []byte(token), err
	default:
		return encodeJSON(token)
	}
}

// rewriteMembers rewrites the rest of an object or array.
func rewriteMembers(decoder *json.Decoder, opening json.Delim, depth int) ([]byte, error) {
	var names, members [][]byte
	for decoder.More() {
		name, err := rewriteName(decoder, opening)
		if err != nil {
			return nil, err
		}
		value, err := rewrite(decoder, depth)
		if err != nil {
			return nil, err
		}
		known := slices.IndexFunc(names, func(other []byte) bool { return opening == '{' && bytes.Equal(other, name) })
		if known < 0 {
			known = len(members)
			names, members = append(names, name), append(members, nil)
		}
		members[known] = slices.Concat(name, value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	return enclose(opening, members), nil
}

// rewriteName rewrites the name of a member, which those of arrays have not.
func rewriteName(decoder *json.Decoder, opening json.Delim) ([]byte, error) {
	if opening == '[' {
		return nil, nil
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	name, err := encodeJSON(token)
	return append(name, ':'), err
}

// enclose returns an object or array with these members.
func enclose(opening json.Delim, members [][]byte) []byte {
	const toClosing = ']' - '[' // It is the same as from { to }.
	return slices.Concat([]byte{byte(opening)}, bytes.Join(members, []byte(",")), []byte{byte(opening + toClosing)})
}
