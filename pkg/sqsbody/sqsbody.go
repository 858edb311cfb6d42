// Package sqsbody encodes any bytes as the body of an SQS message.
//
// SQS rejects a message whose body is empty or contains anything but the
// characters U+0009, U+000A, U+000D, U+0020 to U+D7FF, U+E000 to U+FFFD and
// U+10000 to U+10FFFF
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html).
// Encode escapes the bytes that SQS rejects and leaves everything else readable. The
// message attribute BODY_ENCODING names the encoding, and Decode reverses it:
//
//	(none)   the body is unchanged
//	percent  percent-encoded (RFC 3986): % and each byte that SQS rejects
//	empty    the body was empty, and is replaced by a placeholder
package sqsbody

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Attribute is the name of the message attribute that names a body's encoding.
const Attribute = "BODY_ENCODING"

// MaximumSize is the size in bytes of the largest message: its body and the name,
// the type and the value of each attribute.
const MaximumSize = 1 << 20

const (
	percent = "percent"
	empty   = "empty"
	// placeholder is the text in place of an empty body.
	placeholder = "(empty)"
)

// Encode returns a body that SQS accepts, and its encoding: "" if the body is
// unchanged. A percent-encoded body is at most three times as long.
func Encode(body string) (encoded, encoding string) {
	switch {
	case body == "":
		return placeholder, empty
	case Check(body) == nil:
		return body, ""
	}
	var escaped strings.Builder
	for len(body) > 0 {
		size, rejected := nextCharacter(body)
		for i := range size {
			if rejected || body[i] == '%' {
				fmt.Fprintf(&escaped, "%%%02X", body[i])
			} else {
				escaped.WriteByte(body[i])
			}
		}
		body = body[size:]
	}
	return escaped.String(), percent
}

// Decode returns the body that was encoded. An error is returned if the encoding is
// unknown or the body does not have it.
func Decode(encoded, encoding string) (string, error) {
	switch encoding {
	case "":
		return encoded, nil
	case empty:
		return "", nil
	case percent:
		body, err := url.PathUnescape(encoded)
		if err != nil {
			return "", fmt.Errorf("the body is not percent-encoded: %w", err)
		}
		return body, nil
	}
	return "", fmt.Errorf("the body has the unknown encoding %q", encoding)
}

// Check returns an error with the first character of a body that SQS rejects.
func Check(body string) error {
	if body == "" {
		return errors.New("SQS rejects an empty body")
	}
	for at := 0; at < len(body); {
		size, rejected := nextCharacter(body[at:])
		if rejected {
			return fmt.Errorf("SQS rejects %s at byte %d of the body", describe(body[at:at+size]), at)
		}
		at += size
	}
	return nil
}

// Accepts reports whether SQS accepts a character, in a body and in the value of an
// attribute.
func Accepts(r rune) bool {
	isControl := r < ' ' && r != '\t' && r != '\n' && r != '\r'
	return !isControl && utf8.ValidRune(r) && r != '\uFFFE' && r != '\uFFFF'
}

// nextCharacter returns the size of the first character of a text, or 1 if it is a
// byte that is not UTF-8, and whether SQS rejects it.
func nextCharacter(text string) (size int, rejected bool) {
	r, size := utf8.DecodeRuneInString(text)
	return size, !Accepts(r) || (r == utf8.RuneError && size == 1)
}

func describe(character string) string {
	if r, _ := utf8.DecodeRuneInString(character); r != utf8.RuneError {
		return fmt.Sprintf("%U", r)
	}
	return fmt.Sprintf("byte 0x%02X, which is not UTF-8,", character[0])
}
