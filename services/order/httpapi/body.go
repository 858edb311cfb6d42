package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"example.com/saga/pkg/ijson"
)

const (
	// maximumBody is in bytes. An order within it makes events that are far below
	// the size that an event may have.
	maximumBody = 64 * 1024
	// maximumErrors is how many errors an answer names.
	maximumErrors = 100
)

// readBody returns the body of a request, which is JSON if there is one. White
// space alone is no body.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maximumBody+1))
	switch {
	case err != nil:
		return nil, newProblem(unreadableBody, "")
	case len(body) > maximumBody:
		return nil, newProblem(tooLarge, "")
	case isEncoded(r.Header, body):
		return nil, newProblem(contentEncoding, "").with("Accept-Encoding", "identity")
	}
	// A form on another site can post an empty body too, but only with a content
	// type of a form.
	types := r.Header.Values("Content-Type")
	if len(body) > 0 || len(types) > 0 {
		if explanation := checkContentType(types); explanation != "" {
			return nil, newProblem(mediaType, explanation).with("Accept", "application/json")
		}
	}
	return bytes.TrimSpace(body), nil
}

// isEncoded reports whether a body is declared to be encoded, or is gzip. Where
// the body was passed on as text, U+FFFD has replaced the second byte of gzip.
func isEncoded(header http.Header, body []byte) bool {
	encoding := strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ","))
	return encoding != "" && !strings.EqualFold(encoding, "identity") ||
		bytes.HasPrefix(body, []byte("\x1f\x8b")) || bytes.HasPrefix(body, []byte("\x1f\uFFFD"))
}

// checkContentType returns what is wrong with the values of a Content-Type.
func checkContentType(values []string) string {
	if len(values) != 1 {
		return "Send the body as application/json, with one Content-Type."
	}
	mediaType, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != "application/json" {
		return "Send the body as application/json."
	}
	if charset, given := parameters["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return "The charset must be UTF-8, or left out."
	}
	return ""
}

// decode returns the value of a JSON text, for a schema to check.
func decode(body []byte) (any, error) {
	switch {
	case !utf8.Valid(body):
		return nil, newProblem(notJSON, "The body is not UTF-8.")
	case bytes.HasPrefix(body, []byte("\uFEFF")):
		return nil, newProblem(notJSON, "The body begins with a byte order mark, which is not JSON.")
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, newProblem(notJSON, "The body is not valid JSON: "+err.Error()+".")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, newProblem(notJSON, "There is more than one JSON value in the body.")
	}
	return value, nil
}

// refuse returns a problem unless a body has one reading and nothing is wrong
// with it.
func refuse(body []byte, kind problemKind, wrong []detail) error {
	explanation := ""
	if len(wrong) > maximumErrors {
		explanation = fmt.Sprintf("There are more errors than the first %d, which are named.", maximumErrors)
	}
	for _, each := range wrong {
		if each.unknown {
			kind = unknownField
		}
	}
	if len(wrong) > 0 {
		return newProblem(kind, explanation, wrong[:min(len(wrong), maximumErrors)]...)
	}
	if ambiguous, ok := errors.AsType[*ijson.Error](ijson.Check(body)); ok {
		return newProblem(repeatedField, "", detail{Pointer: ambiguous.Pointer, Detail: "is " + ambiguous.Reason})
	}
	return nil
}
