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
	// maximumBody is in bytes. The events of an order of this size are far below the
	// maximum size of an event.
	maximumBody = 64 * 1024
	// maximumErrors is how many errors an answer has.
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

// isEncoded reports whether a body is declared to be encoded, or is gzip. If the body was
// passed on as text, the second byte of gzip has become U+FFFD.
func isEncoded(header http.Header, body []byte) bool {
	encoding := strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ","))
	return encoding != "" && !strings.EqualFold(encoding, "identity") ||
		bytes.HasPrefix(body, []byte("\x1f\x8b")) || bytes.HasPrefix(body, []byte("\x1f\uFFFD"))
}

// checkContentType returns what is wrong with the values of a Content-Type, or "".
func checkContentType(values []string) string {
	if len(values) != 1 {
		return "Send the body as application/json, with one Content-Type."
	}
	mediaType, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != "application/json" {
		return "Send the body as application/json."
	}
	if charset, has := parameters["charset"]; has && !strings.EqualFold(charset, "utf-8") {
		return "The charset must be UTF-8, or left out."
	}
	return ""
}

// decode decodes a JSON text, to be checked by a schema.
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

// checkBody returns a problem if a body has errors, or if readers differ about it.
func checkBody(body []byte, kind problemKind, errs []detail) error {
	explanation := ""
	if len(errs) > maximumErrors {
		explanation = fmt.Sprintf("Only the first %d errors are listed.", maximumErrors)
	}
	for _, each := range errs {
		if each.unknown {
			kind = unknownField
		}
	}
	if len(errs) > 0 {
		return newProblem(kind, explanation, errs[:min(len(errs), maximumErrors)]...)
	}
	if ambiguous, ok := errors.AsType[*ijson.Error](ijson.Check(body)); ok {
		return newProblem(repeatedField, "", detail{Pointer: ambiguous.Pointer, Detail: "is " + ambiguous.Reason})
	}
	return nil
}
