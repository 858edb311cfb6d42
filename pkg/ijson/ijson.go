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
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	var open []names
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		depth := decoder.StackDepth()
		if depth > maximumDepth {
			return &Error{Reason: fmt.Sprintf("more than %d levels", maximumDepth)}
		}
		if depth > len(open) {
			open = append(open, names{})
		}
		open = open[:depth]
		if reason := ambiguity(token, decoder, open); reason != "" {
			return &Error{Pointer: string(decoder.StackPointer()), Reason: reason}
		}
		if depth == 0 {
			return checkEnd(decoder)
		}
	}
}

// ambiguity returns why readers differ about a token, or "".
func ambiguity(token jsontext.Token, decoder *jsontext.Decoder, open []names) string {
	kind := token.Kind()
	switch {
	case kind == jsontext.KindNumber && !isPortable(token.String()):
		return "a number that not every reader can hold"
	case kind != jsontext.KindString:
		return ""
	case isName(decoder) && !open[len(open)-1].add(token.String()):
		return "a member that differs from another in case alone"
	}
	return noncharacter(token.String())
}

func checkEnd(decoder *jsontext.Decoder) error {
	_, err := decoder.ReadToken()
	switch {
	case err == nil:
		return &Error{Reason: "more than one JSON value"}
	case errors.Is(err, io.EOF):
		return nil
	}
	return syntaxError(err)
}

func syntaxError(err error) error {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return &Error{Reason: "not JSON: " + err.Error()}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Error{Pointer: string(syntactic.JSONPointer), Reason: "a member that is repeated"}
	}
	return &Error{
		Pointer: string(syntactic.JSONPointer),
		Reason:  fmt.Sprintf("not JSON: %s, byte %d", syntactic.Err, syntactic.ByteOffset),
	}
}

// isName reports whether the last string that was read is the name of a member.
func isName(decoder *jsontext.Decoder) bool {
	container, length := decoder.StackIndex(decoder.StackDepth())
	return container == jsontext.KindBeginObject && length%2 == 1
}

// names are the case-folded names of an object's members.
type names map[string]struct{}

// add adds a name and reports whether it is new.
func (n names) add(name string) bool {
	name = strings.Map(fold, name)
	_, known := n[name]
	n[name] = struct{}{}
	return !known
}

// fold returns the smallest of the characters that are equal under
// strings.EqualFold.
func fold(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
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
