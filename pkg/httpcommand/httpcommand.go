// Package httpcommand accepts commands over HTTP: the part of an API that is the same for
// every command. A command is usually executed by a participant, which publishes an event,
// and its outcome is read later at another path: the answer is 202, with that path in
// Location.
//
//   - A repeated request with the same Idempotency-Key and body has no second effect, and
//     one with another body is rejected with 422
//     (https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header).
//     Nothing is stored for that: the handler derives the id of the command from the key
//     and the caller, and package participant executes an id once. The answer is the same if
//     it has the id and what is in the request alone, because the state may have changed.
//   - A body is JSON of one reading: UTF-8, not compressed, declared as application/json,
//     of limited size, one value, no member twice, no member that its schema does not have.
//   - Every error is a problem document (RFC 9457). Its type is an absolute URI, and the
//     API answers the meaning at it. An answer names members and rules, and no value.
//   - GET has HEAD, and every other method is rejected with 405 and Allow. No answer is
//     cached.
//   - API.Operations lists every status and every type of problem that can be answered, for
//     an OpenAPI document or a test. A handler that returns an undeclared problem is logged,
//     and answered with 503.
//
// Lambda makes the handler of a function URL of an API. An API is also an http.Handler for any
// other server, which has to authenticate the caller (WithCaller), and there needs
// Config.ProblemBase.
//
// The package needs no permission and makes no call: what a request costs is what its
// handler does.
package httpcommand

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/internal/safely"
	"example.com/saga/pkg/required"
)

// Config is the configuration of an API. Logger and Routes are required.
type Config struct {
	Logger *slog.Logger
	// Tracer starts the spans of Execute. Without it there are none.
	Tracer trace.Tracer
	// Routes are the routes by method and path, such as "POST /bookings". A path may have
	// wildcards, as in http.ServeMux, and does not end with a slash: that of the root is
	// /{$}. "GET /bookings/{id}" is also the route of HEAD.
	Routes map[string]Route
	// Problems are the types of problems that the API adds to the standard ones.
	Problems []ProblemType
	// ProblemBase is the URI with which the type of each problem begins, such as
	// https://api.example.com/problems/. By default it is /problems/ at the host of the
	// request, with https unless X-Forwarded-Proto is http. Set it where the host is not
	// the API's own: behind a proxy, and where a client can choose the header Host. That of
	// a function URL cannot be chosen.
	ProblemBase string
	// NotFound is the detail of the problem at a path without a route.
	NotFound string
	// Open is true if everyone may call the API: a request has no caller, and its key must
	// be hard to guess. Otherwise a request without a caller is an error of the server,
	// because AWS accepts none where IAM authorizes requests.
	Open bool
	// MaximumBody is the largest body in bytes, by default 64 KiB. Lambda itself accepts
	// 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
	MaximumBody int
}

// Route is what is at a method and a path. Only Handle is required.
type Route struct {
	// Handle answers a request. An *Error of the route, and an error that is the Err of
	// one of its types of problems, are answered with that problem. Any other error, and a
	// panic, is logged and not shown: the answer is the problem Unavailable. It is the
	// answer too if Handle has not returned a tenth of a second after its context has ended.
	Handle func(*Request) (Answer, error)
	// Status is that of an Answer, from 200 to 299, by default 200.
	Status int
	// Key is the use of the header Idempotency-Key, by default NoKey.
	Key KeyUse
	// Body is the body that Request.Read reads. Without it the body is ignored.
	Body *Body
	// Problems are the names of the types of problems that Handle returns. Those of the key
	// and the body, and Unavailable, are not among them.
	Problems []string
	// Noun is what the request is about, in the text of problems, by default "request".
	Noun string

	// isFixed is true if the route cannot fail.
	isFixed bool
}

// Fixed returns a route that answers GET with a document that never changes.
func Fixed(contentType string, document []byte) Route {
	return Route{isFixed: true, Handle: func(*Request) (Answer, error) {
		return Answer{ContentType: contentType, Body: document}, nil
	}}
}

// Answer is an answer without an error.
type Answer struct {
	// Location is the path at which the outcome of a command is read, or empty.
	Location string
	// ContentType is the media type of the body, by default application/json.
	ContentType string
	// Body is a []byte, or is encoded as JSON.
	Body any
}

// Operation is all that can be answered to one kind of request.
type Operation struct {
	// Method is empty for all methods of the path that have no operation.
	Method string
	// Path is empty for all paths that have no operation.
	Path string
	// Status is that of an answer without an error, or 0 if there is none.
	Status int
	// Problems are the types of problems, sorted by status.
	Problems []ProblemType
}

// Request is a request to a route.
type Request struct {
	*http.Request

	api   *API
	route *route
}

// API is the http.Handler of a Config.
type API struct {
	config Config
	// types are the API's own types of problems and the standard ones, sorted by status.
	types      []ProblemType
	operations []Operation
	mux        *http.ServeMux
}

// route is a Route with its types of problems, sorted by status.
type route struct {
	Route

	problems []ProblemType
}

// New makes an API. An error is returned if something required is missing, if two routes
// can match the same request, or if a type of problem is incomplete, unknown or defined
// twice.
func New(config Config) (*API, error) {
	if err := required.Fields("httpcommand.Config", map[string]bool{
		"Logger": config.Logger != nil, "Routes": len(config.Routes) > 0,
	}); err != nil {
		return nil, err
	}
	config.MaximumBody = cmp.Or(config.MaximumBody, 64<<10)
	types, err := allTypes(config.Problems, config.MaximumBody)
	if err != nil {
		return nil, err
	}
	a := &API{config: config, types: types, mux: http.NewServeMux()}
	paths := map[string]map[string]*route{problemPath + "{type}": {http.MethodGet: a.problemRoute()}}
	for pattern, each := range config.Routes {
		method, path, _ := strings.Cut(pattern, " ")
		switch {
		case !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/"):
			return nil, fmt.Errorf("httpcommand: %q is not a method and a path that does not end with a slash", pattern)
		case paths[path][method] != nil:
			return nil, fmt.Errorf("httpcommand: %q is answered by every API", pattern)
		}
		compiled, err := a.compile(each)
		if err != nil {
			return nil, fmt.Errorf("httpcommand: %s: %w", pattern, err)
		}
		if paths[path] == nil {
			paths[path] = make(map[string]*route)
		}
		paths[path][method] = compiled
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if err := a.add(path, paths[path]); err != nil {
			return nil, err
		}
	}
	a.mux.HandleFunc("/", a.noPath)
	a.operations = append(a.operations, Operation{Problems: a.typesOf(BadPath, NotFound)})
	return a, nil
}

// compile completes a route.
func (a *API) compile(r Route) (*route, error) {
	r.Status, r.Noun = cmp.Or(r.Status, http.StatusOK), cmp.Or(r.Noun, "request")
	switch {
	case r.Handle == nil:
		return nil, errors.New("no Handle")
	case r.Body != nil && r.Body.Schema == nil:
		return nil, errors.New("no Schema of its Body")
	case r.Status < 200 || r.Status > 299:
		return nil, fmt.Errorf("the status %d is none of an Answer", r.Status)
	}
	names := slices.Concat(r.Problems, r.Key.problems(), r.Body.problems())
	if !r.isFixed {
		names = append(names, Unavailable)
	}
	for _, name := range names {
		if !hasType(a.types, name) {
			return nil, fmt.Errorf("the unknown type of problems %q", name)
		}
	}
	return &route{r, a.typesOf(names...)}, nil
}

// add adds the routes of a path. That of GET is also that of HEAD: the server leaves the
// body out.
func (a *API) add(path string, methods map[string]*route) (err error) {
	defer func() {
		if cause := recover(); cause != nil { // The mux panics if two paths can be the same.
			err = fmt.Errorf("httpcommand: %v", cause)
		}
	}()
	if get, has := methods[http.MethodGet]; has && methods[http.MethodHead] == nil {
		methods[http.MethodHead] = get
	}
	allowed := slices.Sorted(maps.Keys(methods))
	for _, method := range allowed {
		a.operations = append(a.operations, Operation{method, path, methods[method].Status, methods[method].problems})
	}
	a.operations = append(a.operations, Operation{Path: path, Problems: a.typesOf(WrongMethod)})
	allow := strings.Join(allowed, ", ")
	a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if route, has := methods[r.Method]; has {
			a.serve(r.Context(), w, &Request{r, a, route})
			return
		}
		a.refuse(w, r, &Error{Type: WrongMethod, Detail: "Allowed here: " + allow + ".", Value: allow})
	})
	return nil
}

// Operations returns all operations, sorted by path and method. The answers to other
// methods of a path come after its operations, and those to other paths last.
func (a *API) Operations() []Operation { return slices.Clone(a.operations) }

// ProblemTypes returns the types of problems that can be answered, sorted by status.
func (a *API) ProblemTypes() []ProblemType {
	return slices.DeleteFunc(slices.Clone(a.types), func(t ProblemType) bool {
		return !slices.ContainsFunc(a.operations, func(o Operation) bool { return hasType(o.Problems, t.Name) })
	})
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would redirect a path that is not in its clean form.
	if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
		a.noPath(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// noPath answers a request to a path without a route.
func (a *API) noPath(w http.ResponseWriter, r *http.Request) {
	if r.URL.Opaque != "" { // Lambda could not parse the address.
		a.refuse(w, r, &Error{Type: BadPath})
		return
	}
	a.refuse(w, r, &Error{Type: NotFound, Detail: a.config.NotFound})
}

// serve answers a request to a route.
func (a *API) serve(ctx context.Context, w http.ResponseWriter, r *Request) {
	type encoded struct {
		Answer
		body []byte
	}
	answer, err := safely.Result(ctx, func() (encoded, error) {
		answer, err := r.route.Handle(r)
		if err != nil {
			return encoded{}, err
		}
		body, err := answer.encode()
		return encoded{answer, body}, err
	})
	if err != nil {
		a.refuse(w, r.Request, r.problemOf(ctx, err))
		return
	}
	if answer.Location != "" {
		w.Header().Set("Location", answer.Location)
	}
	write(w, r.route.Status, cmp.Or(answer.ContentType, "application/json"), answer.body)
}

// encode returns the body.
func (a Answer) encode() ([]byte, error) {
	if body, isEncoded := a.Body.([]byte); isEncoded {
		return body, nil
	}
	return json.Marshal(a.Body)
}

// write answers a request. No cache may store the answer, because the outcome of a command
// changes.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	//nolint:errcheck // An error means that the client has disconnected.
	w.Write(body)
}
