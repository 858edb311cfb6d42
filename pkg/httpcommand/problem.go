package httpcommand

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// The standard types of problems.
const (
	// BadPath, NotFound and WrongMethod are answered where there is no route.
	BadPath     = "path"
	NotFound    = "not-found"
	WrongMethod = "method"

	// MissingKey, BadKey and KeyReused are problems of the Idempotency-Key.
	MissingKey = "idempotency-key-missing"
	BadKey     = "idempotency-key"
	KeyReused  = "idempotency-key-reused"

	// NoBody and those after it are problems of the body. InvalidBody is the default of
	// Body.Invalid.
	NoBody          = "no-body"
	UnreadableBody  = "unreadable-body"
	NotJSON         = "json"
	UnknownField    = "unknown-field"
	RepeatedField   = "repeated-field"
	TooLarge        = "too-large"
	MediaType       = "media-type"
	ContentEncoding = "content-encoding"
	InvalidBody     = "invalid-body"

	// Unavailable is any error that is not the client's.
	Unavailable = "unavailable"
)

// ProblemType is what all problems of a type have in common.
type ProblemType struct {
	// Name is the end of the type's URI.
	Name string
	// Status is from 400 to 599.
	Status int
	Title  string
	// Meaning is a sentence, which the API answers at the type's URI.
	Meaning string
	// Header is the header field that the answer has with Error.Value, or empty.
	Header string
	// Err is the error of a handler that is answered with this problem, or nil.
	Err error
}

// Error is an error of a request, which is answered with a problem document.
type Error struct {
	// Type is the name of its type.
	Type string
	// Detail is by default the meaning of the type.
	Detail string
	Errors []FieldError
	// Value is the value of the type's Header.
	Value string
}

func (e *Error) Error() string { return e.Type + ": " + e.Detail }

// FieldError is an error at a place in a body. It has no value of the body, so that it may
// be logged.
type FieldError struct {
	// Pointer is a JSON Pointer (RFC 6901) to the place.
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// NewFieldError makes the error at a place: the names of the members and the indexes of the
// elements that lead to it.
func NewFieldError(detail string, place ...string) FieldError {
	var pointer strings.Builder
	for _, name := range place {
		pointer.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
	return FieldError{pointer.String(), detail}
}

// Document is a problem as it is answered (RFC 9457), as application/problem+json.
type Document struct {
	// Type is an absolute URI, as RFC 9457 recommends (3.1.1).
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
}

// problemPath is where the API answers the meaning of a type.
const problemPath = "/problems/"

func standardTypes(maximumBody int) []ProblemType {
	const bad, encoding, invalid = http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity
	return []ProblemType{
		{Name: BadPath, Status: bad, Title: "Not a path", Meaning: "The path or the query of the address has an invalid percent-encoding."},
		{Name: NoBody, Status: bad, Title: "No body", Meaning: "The request needs a body."},
		{Name: UnreadableBody, Status: bad, Title: "Unreadable body", Meaning: "The body ended too early."},
		{Name: NotJSON, Status: bad, Title: "Not JSON", Meaning: "The body is not one JSON value in UTF-8."},
		{Name: UnknownField, Status: bad, Title: "Unknown field", Meaning: "The body has a member that its schema does not have. Names are case-sensitive."},
		{Name: RepeatedField, Status: bad, Title: "Repeated field", Meaning: "The body has a member twice, and readers of JSON differ about which one counts."},
		{Name: MissingKey, Status: bad, Title: "No Idempotency-Key", Meaning: "The request needs the header Idempotency-Key, so that it can be repeated safely."},
		{Name: BadKey, Status: bad, Title: "Invalid Idempotency-Key", Meaning: "The header is sent twice, or its key has a character that is not allowed or, where the API is open to everyone, is not a random UUID."},
		{Name: NotFound, Status: http.StatusNotFound, Title: "Not found", Meaning: "There is nothing at this path."},
		{Name: WrongMethod, Status: http.StatusMethodNotAllowed, Title: "Method not allowed", Meaning: "The header Allow lists the allowed methods.", Header: "Allow"},
		{Name: TooLarge, Status: http.StatusRequestEntityTooLarge, Title: "Body too large", Meaning: fmt.Sprintf("The body has more than %d bytes.", maximumBody)},
		{Name: MediaType, Status: encoding, Title: "Not application/json", Meaning: "The body is not declared as application/json, or in another charset than UTF-8.", Header: "Accept"},
		{Name: ContentEncoding, Status: encoding, Title: "Encoded body", Meaning: "The body is compressed. Send it without a Content-Encoding.", Header: "Accept-Encoding"},
		{Name: InvalidBody, Status: invalid, Title: "Not an acceptable body", Meaning: "Members of the body are missing or not acceptable: see errors."},
		{Name: KeyReused, Status: invalid, Title: "Idempotency-Key used before", Meaning: "The key was used before with another body."},
		{Name: Unavailable, Status: http.StatusServiceUnavailable, Title: "Temporarily unavailable", Meaning: "It is unknown whether the request took effect. Repeat it after the seconds in Retry-After, with its Idempotency-Key.", Header: "Retry-After"},
	}
}

// allTypes returns an API's own types of problems and the standard ones, sorted by status.
func allTypes(own []ProblemType, maximumBody int) ([]ProblemType, error) {
	all := slices.Concat(own, standardTypes(maximumBody))
	for i, t := range all {
		switch {
		case !isMadeOf(t.Name, lowerCase+"0123456789-", 100) || t.Status < 400 || t.Status > 599 || t.Title == "" || t.Meaning == "":
			return nil, fmt.Errorf("httpcommand: the type of problems %q is incomplete: %+v", t.Name, t)
		case hasType(all[:i], t.Name):
			return nil, fmt.Errorf("httpcommand: the type of problems %q is defined twice", t.Name)
		}
	}
	slices.SortStableFunc(all, func(x, y ProblemType) int { return cmp.Compare(x.Status, y.Status) })
	return all, nil
}

// typesOf returns the types with the names, in the order of all types.
func (a *API) typesOf(names ...string) []ProblemType {
	return slices.DeleteFunc(slices.Clone(a.types), func(t ProblemType) bool { return !slices.Contains(names, t.Name) })
}

func hasType(types []ProblemType, name string) bool {
	return slices.ContainsFunc(types, func(t ProblemType) bool { return t.Name == name })
}

// problemOf returns the problem of a handler's error. One that is not the client's, or not
// declared by the route, is logged and not shown.
func (r *Request) problemOf(ctx context.Context, err error) *Error {
	p, isProblem := errors.AsType[*Error](err)
	for _, t := range r.route.problems {
		switch {
		case isProblem && t.Name == p.Type:
			return p
		case !isProblem && errors.Is(err, t.Err):
			return &Error{Type: t.Name}
		}
	}
	if isProblem {
		err = fmt.Errorf("the route does not declare this problem: %w", err)
	}
	r.api.config.Logger.ErrorContext(ctx, "request failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
	return &Error{Type: Unavailable, Value: "1"}
}

// refuse answers a request with a problem.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, p *Error) {
	t := a.typesOf(p.Type)[0]
	if t.Header != "" {
		w.Header().Set(t.Header, p.Value)
	}
	//nolint:errchkjson // Texts and a number can always be encoded.
	body, _ := json.Marshal(Document{a.problemBase(r) + t.Name, t.Title, t.Status, cmp.Or(p.Detail, t.Meaning), p.Errors})
	write(w, t.Status, "application/problem+json", body)
}

// problemBase returns the URI with which the types of problems begin. A function URL has
// HTTPS alone, the local cloud HTTP.
func (a *API) problemBase(r *http.Request) string {
	scheme := "https://"
	if r.Header.Get("X-Forwarded-Proto") == "http" {
		scheme = "http://"
	}
	return cmp.Or(a.config.ProblemBase, scheme+r.Host+problemPath)
}

// problemRoute returns the route that answers the meaning of a type of problems.
func (a *API) problemRoute() *route {
	r := Route{Status: http.StatusOK, Handle: func(r *Request) (Answer, error) {
		for _, t := range a.ProblemTypes() {
			if t.Name == r.PathValue("type") {
				return Answer{ContentType: "text/plain; charset=utf-8", Body: fmt.Appendf(nil, "%d %s\n\n%s\n", t.Status, t.Title, t.Meaning)}, nil
			}
		}
		return Answer{}, &Error{Type: NotFound, Detail: "There is no problem type with this name."}
	}}
	return &route{r, a.typesOf(NotFound)}
}
