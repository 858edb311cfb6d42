// Package ijson checks that every reader reads a JSON text the same: that it is an
// I-JSON message (RFC 7493), and that no two members of an object differ in case
// alone.
//
// RFC 8259 does not define how a reader handles a repeated member, an unpaired
// surrogate or a number that no float64 can represent, and readers differ. Package
// encoding/json keeps the last of two members, also if they differ in case, and reads
// an unpaired surrogate, or a byte that is not UTF-8, as U+FFFD. A service on the way
// may change such a text or reject it: SQS rejects U+FFFE, and EventBridge integers
// above 64 bits and more than 1,000 levels
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
package ijson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Error is the first place at which a text is not JSON, or at which readers differ. It
// has names of members, but of a value no more than an escape sequence.
type Error struct {
	// Pointer is the JSON Pointer (RFC 6901) of the place.
	Pointer string
	Reason  string
	// IsRepeated is true if the place is a member that its object has before, in this or in
	// another case.
	IsRepeated bool
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return e.Reason
	}
	return e.Reason + " at " + e.Pointer
}

// maximumDepth is how many objects and arrays may be nested. It is half of the limit
// of EventBridge, to leave room for the envelopes around a text.
const maximumDepth = 500

// Check returns an *Error unless the text is one JSON value that every reader reads
// the same.
func Check(text []byte) error {
	_, err := Decode(text)
	return err
}

// Decode returns the value of a JSON text as encoding/json does, with every number as a
// json.Number. An *Error is returned unless every reader reads the text the same.
func Decode(text []byte) (any, error) {
	// A decoder does not copy the text of a bytes.Buffer, and does not change it.
	r := reader{jsontext.NewDecoder(bytes.NewBuffer(text))}
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	_, err = r.ReadToken()
	switch {
	case err == nil:
		return nil, &Error{Reason: "more than one JSON value"}
	case errors.Is(err, io.EOF):
		return value, nil
	}
	return nil, syntaxError(err)
}

type reader struct{ *jsontext.Decoder }

func (r reader) value() (any, error) {
	token, err := r.ReadToken()
	if err != nil {
		return nil, syntaxError(err)
	}
	if r.StackDepth() > maximumDepth {
		return nil, &Error{Reason: fmt.Sprintf("more than %d levels", maximumDepth)}
	}
	switch token.Kind() {
	case jsontext.KindBeginObject:
		return r.object()
	case jsontext.KindBeginArray:
		return r.array()
	case jsontext.KindString:
		text := token.String()
		return text, r.ambiguous(noncharacter(text))
	case jsontext.KindNumber:
		text := token.String()
		if !isPortable(text) {
			return nil, r.ambiguous("a number that not every reader can hold")
		}
		return json.Number(text), nil
	case jsontext.KindNull:
		return nil, nil
	default:
		return token.Bool(), nil
	}
}

// object returns the object that has begun.
func (r reader) object() (any, error) {
	object := make(map[string]any)
	folded := make(map[string]struct{})
	for r.PeekKind() != jsontext.KindEndObject {
		token, err := r.ReadToken()
		if err != nil {
			return nil, syntaxError(err)
		}
		name := token.String()
		same := strings.Map(fold, name)
		if _, known := folded[same]; known {
			return nil, &Error{string(r.StackPointer()), "a member that differs from another in case alone", true}
		}
		folded[same] = struct{}{}
		if err := r.ambiguous(noncharacter(name)); err != nil {
			return nil, err
		}
		if object[name], err = r.value(); err != nil {
			return nil, err
		}
	}
	return object, r.end()
}

// array returns the array that has begun.
func (r reader) array() (any, error) {
	array := []any{}
	for r.PeekKind() != jsontext.KindEndArray {
		element, err := r.value()
		if err != nil {
			return nil, err
		}
		array = append(array, element)
	}
	return array, r.end()
}

// end reads the end of an object or an array.
func (r reader) end() error {
	if _, err := r.ReadToken(); err != nil {
		return syntaxError(err)
	}
	return nil
}

// ambiguous returns an error at the last token if there is a reason why readers differ
// about it.
func (r reader) ambiguous(reason string) error {
	if reason == "" {
		return nil
	}
	return &Error{Pointer: string(r.StackPointer()), Reason: reason}
}

func syntaxError(err error) error {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return &Error{Reason: "not JSON: " + err.Error()}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Error{string(syntactic.JSONPointer), "a member that is repeated", true}
	}
	return &Error{
		Pointer: string(syntactic.JSONPointer),
		Reason:  fmt.Sprintf("not JSON: %s, byte %d", syntactic.Err, syntactic.ByteOffset),
	}
}

// fold returns the same character for all that are equal under strings.EqualFold: the
// smallest, but of ASCII the lower case, in which most names are.
func fold(r rune) rune {
	next := unicode.SimpleFold(r)
	for ; next > r; next = unicode.SimpleFold(r) {
		r = next
	}
	if 'A' <= next && next <= 'Z' {
		return next + 'a' - 'A'
	}
	return next
}

// CheckText returns an error unless a text can become a JSON string: it is UTF-8 and
// has no noncharacters.
func CheckText(text string) error {
	if !utf8.ValidString(text) {
		return &Error{Reason: "a byte that is not UTF-8"}
	}
	if reason := noncharacter(text); reason != "" {
		return &Error{Reason: reason}
	}
	return nil
}

// noncharacter returns a description of the first noncharacter of a text, or "".
// Noncharacters are U+FDD0 to U+FDEF and the last two code points of each plane.
func noncharacter(text string) string {
	at := strings.IndexFunc(text, func(r rune) bool { return r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF) })
	if at < 0 {
		return ""
	}
	r, _ := utf8.DecodeRuneInString(text[at:])
	return fmt.Sprintf("the noncharacter %U", r)
}

// isPortable reports whether a number is an integer of 64 bits, or fits a float64
// without becoming infinite, or 0 if it is not 0.
func isPortable(number string) bool {
	if !strings.ContainsAny(number, ".eE") {
		_, err := strconv.ParseInt(number, 10, 64)
		return err == nil
	}
	value, err := strconv.ParseFloat(number, 64)
	digits, _, _ := strings.Cut(strings.ToLower(number), "e")
	return err == nil && (value != 0 || !strings.ContainsAny(digits, "123456789"))
}
