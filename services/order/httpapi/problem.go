package httpapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// problem is an error in the form of RFC 9457.
type problem struct {
	// Type is a path until the problem is written.
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty"`
	Errors []detail `json:"errors,omitempty"`

	// header and value are one header field of the answer, if it has one.
	header, value string
}

// detail is one error in a request's body.
type detail struct {
	// Pointer is a JSON Pointer (RFC 6901) to the place of the error.
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`

	// place is the names and indexes of the pointer.
	place []string
	// unknown is true if the schema has no such member.
	unknown bool
}

func newDetail(text string, place ...string) detail {
	var pointer strings.Builder
	for _, name := range place {
		pointer.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
	return detail{Pointer: pointer.String(), Detail: text, place: place}
}

// problemType is what all problems of the same type have in common.
type problemType struct {
	name    string
	status  int
	title   string
	meaning string
}

// problemKind is the index of a problemType.
type problemKind int

const (
	badPath problemKind = iota
	noBody
	unreadableBody
	notJSON
	unknownField
	repeatedField
	badKey
	notFound
	unknownOrder
	wrongMethod
	tooLate
	erased
	tooLarge
	mediaType
	contentEncoding
	badOrder
	badCancellation
	keyReused
	unavailable
)

func problemTypes() []problemType {
	return []problemType{
		badPath:         {"path", http.StatusBadRequest, "Not a path", "The path or the query of the address has an invalid percent-encoding."},
		noBody:          {"no-body", http.StatusBadRequest, "No body", "The request needs a body."},
		unreadableBody:  {"unreadable-body", http.StatusBadRequest, "Unreadable body", "The body ended too early."},
		notJSON:         {"json", http.StatusBadRequest, "Not JSON", "The body is not one JSON value in UTF-8."},
		unknownField:    {"unknown-field", http.StatusBadRequest, "Unknown field", "The body has a member that its schema does not have. Names are case-sensitive."},
		repeatedField:   {"repeated-field", http.StatusBadRequest, "Repeated field", "The body has a member twice, and readers of JSON differ about which one counts."},
		badKey:          {"idempotency-key", http.StatusBadRequest, "Invalid Idempotency-Key", "The header is sent twice, or its key has a character that is not allowed or, where the API is open to everyone, is not a random UUID."},
		notFound:        {"not-found", http.StatusNotFound, "Not found", "There is nothing at this path."},
		unknownOrder:    {"unknown-order", http.StatusNotFound, "Unknown order", "There is no order with this id or, where the API is open to everyone, the request does not have its token."},
		wrongMethod:     {"method", http.StatusMethodNotAllowed, "Method not allowed", "The header Allow lists the allowed methods."},
		tooLate:         {"too-late", http.StatusConflict, "Too late", "The order has ended and cannot be cancelled."},
		erased:          {"erased", http.StatusGone, "Erased", "This order has been erased."},
		tooLarge:        {"too-large", http.StatusRequestEntityTooLarge, "Body too large", "The body has more than " + strconv.Itoa(maximumBody) + " bytes."},
		mediaType:       {"media-type", http.StatusUnsupportedMediaType, "Not application/json", "The body is not declared as application/json, or in another charset than UTF-8."},
		contentEncoding: {"content-encoding", http.StatusUnsupportedMediaType, "Encoded body", "The body is compressed. Send it without a Content-Encoding."},
		badOrder:        {"order", http.StatusUnprocessableEntity, "Not an acceptable order", "Members of the order are missing or not acceptable: see errors."},
		badCancellation: {"cancellation", http.StatusUnprocessableEntity, "Not an acceptable cancellation", "The body is not empty and not an empty JSON object."},
		keyReused:       {"idempotency-key-reused", http.StatusUnprocessableEntity, "Idempotency-Key used before", "The key was used before with another body."},
		unavailable:     {"unavailable", http.StatusServiceUnavailable, "Temporarily unavailable", "It is unknown whether the request took effect. Repeat it after the seconds in Retry-After, with its Idempotency-Key."},
	}
}

// newProblem makes a problem. Without an explanation, its detail is the meaning of its
// type.
func newProblem(kind problemKind, explanation string, errors ...detail) *problem {
	t := problemTypes()[kind]
	return &problem{
		Type: "/problems/" + t.name, Title: t.title, Status: t.status, Detail: cmp.Or(explanation, t.meaning), Errors: errors,
	}
}

// with adds a header field to the answer.
func (p *problem) with(header, value string) *problem {
	p.header, p.value = header, value
	return p
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// write answers a request with the problem. Its type is absolute, as RFC 9457 recommends
// (3.1.1), and is the address at which this API has its meaning.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	if p.header != "" {
		w.Header().Set(p.header, p.value)
	}
	absolute := *p
	absolute.Type = origin(r) + p.Type
	writeJSON(w, p.Status, "application/problem+json", absolute)
}

// origin returns the scheme and the host of the API. The host is the domain name of the
// function URL, which no client chooses. A function URL has HTTPS alone, the local cloud
// HTTP.
func origin(r *http.Request) string {
	if r.Header.Get("X-Forwarded-Proto") == "http" {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// getProblemType returns the meaning of a type of problems.
func getProblemType(w http.ResponseWriter, r *http.Request) error {
	for _, t := range problemTypes() {
		if t.name == r.PathValue("type") {
			write(w, http.StatusOK, "text/plain; charset=utf-8", fmt.Appendf(nil, "%d %s\n\n%s\n", t.status, t.title, t.meaning))
			return nil
		}
	}
	return newProblem(notFound, "There is no problem type with this name.")
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, status, contentType, encoded)
}

// write answers a request. No cache may store the answer, because orders change.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	//nolint:errcheck // An error means that the client has disconnected.
	w.Write(body)
}
