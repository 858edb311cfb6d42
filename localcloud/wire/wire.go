// Package wire speaks the protocols of AWS over HTTP, so that the unmodified
// AWS SDKs can talk to the engines of the local cloud.
package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"example.com/saga/localcloud/unsupported"
)

// maximumBody is larger than the request limit of every service, so that a
// request that is too large gets the service's own error.
const maximumBody = 16 << 20

// AWS's SDK for Go closes a request's body as soon as the answer begins. If the answer
// comes before the HTTP client has noticed that it has written all of the body, as
// happens on loopback only, the client takes that for a failed write and closes the
// connection. An answer that it has not read whole by then is lost, and the SDK sends the
// request again: messages stay invisible, events are published twice. So an answer that
// is longer than one read is delayed by headStart.
const (
	oneRead   = 3 << 10
	headStart = time.Millisecond
)

// Error is an error in AWS's form: the client sees Code as the exception's
// name. Status 0 means 400. Members are further members of the exception, such
// as a transaction's cancellation reasons.
type Error struct {
	Code    string
	Message string
	Status  int
	Members map[string]any
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ValidationError is the Error that most services return for a request that is not valid.
func ValidationError(format string, args ...any) error {
	return Errorf("ValidationException", format, args...)
}

// Message returns an error's text without its code.
func Message(err error) string {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure.Message
	}
	return err.Error()
}

// ErrNoAnswer is the error of an operation that closes the connection without an answer.
var ErrNoAnswer = errors.New("there is no answer")

// Operation is one operation of a service: the request's body in, the
// response's body (to be encoded as JSON) out.
type Operation func(ctx context.Context, body []byte) (any, error)

// Op returns the Operation of a typed function. A request member that the input
// type does not have is refused by its name instead of being ignored.
func Op[I, O any](f func(context.Context, *I) (*O, error)) Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(I)
		if err := Decode(body, in); err != nil {
			return nil, err
		}
		return f(ctx, in)
	}
}

// Locked returns the Operation of a typed function that runs under a lock.
func Locked[I, O any](lock func() sync.Locker, f func(context.Context, *I) (*O, error)) Operation {
	return Op(func(ctx context.Context, in *I) (*O, error) {
		held := lock()
		held.Lock()
		defer held.Unlock()
		return f(ctx, in)
	})
}

// Decode decodes a request's body. A member that the input does not have is refused
// by its name.
func Decode(body []byte, in any) error {
	// A decoder would replace such bytes by U+FFFD.
	if !utf8.Valid(body) {
		return ValidationError("the local cloud cannot take this request: it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(in)
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return ValidationError("the local cloud cannot take this request: %s", err)
	}
	return nil
}

// EncodeJSON is json.Marshal without escaping <, > and &, which would grow sixfold.
func EncodeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// Service is the wire protocol of one AWS service: operations of a JSON protocol or
// of the query protocol, or routes of a REST protocol.
type Service struct {
	// Target is the part of the X-Amz-Target header before the dot. In the query
	// protocol, which has no such header, it is the service in the signature.
	Target string
	// ContentType is the protocol: application/x-amz-json-1.0 or 1.1, or Query.
	ContentType string
	Operations  map[string]Operation
	Routes      []Route
}

// Handler serves the given services at one address. What none of them has is refused
// by its name, in the protocol of the request.
func Handler(services ...Service) http.Handler {
	byTarget, routes := make(map[string]Service, len(services)), http.NewServeMux()
	for _, service := range services {
		byTarget[service.Target] = service
		for _, route := range service.Routes {
			routes.Handle(route.Pattern, route)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed, refused := signer(r)
		if refused != nil {
			refuse(w, r, "", refused)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, signed))
		if rest := withoutSlash(r); matches(routes, rest) {
			routes.ServeHTTP(w, rest)
			return
		}
		target, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if isQuery(r) {
			r.Body = http.MaxBytesReader(w, r.Body, maximumBody)
			target, name = signed.service, r.PostFormValue("Action")
		}
		service := byTarget[target]
		if operation, known := service.Operations[name]; known && isQuery(r) == (service.ContentType == Query) {
			service.serve(w, r, name, operation)
			return
		}
		refuse(w, r, signed.service, Errorf("UnknownOperationException", "the local cloud does not support %s of %s: see %s",
			cmp.Or(name, r.Method+" "+r.URL.Path), signed.service, unsupported.Reference))
	})
}

func (s Service) serve(w http.ResponseWriter, r *http.Request, name string, operation Operation) {
	body, err := s.body(w, r)
	var out any
	if err == nil {
		out, err = operation(r.Context(), body)
	}
	switch {
	case errors.Is(err, ErrNoAnswer):
		panic(http.ErrAbortHandler)
	case s.ContentType == Query:
		writeQuery(w, r, name, out, err)
	default:
		write(w, s.ContentType, out, err)
	}
}

func (s Service) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if s.ContentType == Query {
		return formBody(r)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumBody))
	if err != nil {
		return nil, Errorf("RequestEntityTooLargeException", "%s", err)
	}
	return body, nil
}

func write(w http.ResponseWriter, contentType string, out any, err error) {
	status := http.StatusOK
	if err != nil {
		failure := failureOf(err)
		status, out = failure.status(), failure.body()
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, contentType, status, body)
}

func send(w http.ResponseWriter, contentType string, status int, body []byte) {
	if len(body) > oneRead {
		time.Sleep(headStart)
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Amzn-Requestid", uuid.NewString())
	// DynamoDB's clients check this sum and retry when it does not fit.
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	//nolint:errcheck // The caller has gone: there is nothing left to write to.
	w.Write(body)
}

func failureOf(err error) *Error {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
}

func (e *Error) status() int { return cmp.Or(e.Status, http.StatusBadRequest) }

func (e *Error) body() map[string]any {
	body := map[string]any{"__type": e.Code, "message": e.Message}
	maps.Copy(body, e.Members)
	return body
}
