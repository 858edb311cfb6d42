// Package httpapi is the HTTP API of the order context.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/services/order"
)

// Orders is the part of the order context's participant that an API uses.
type Orders interface {
	// Execute executes a command once per id, and returns the state after it, also with
	// participant.ErrUnpublished.
	Execute(ctx context.Context, command event.Event, data event.Data) (order.State, error)
	// Load returns the state and the record of an order.
	Load(ctx context.Context, orderID string) (order.State, participant.Record, error)
}

// API is the configuration of the HTTP API. All fields but Tracer and Open are required.
type API struct {
	Orders Orders
	Logger *slog.Logger
	// Tracer starts the span of each command.
	Tracer trace.Tracer
	Clock  func() time.Time
	// NewID returns a random id.
	NewID func() string
	// Deadline is how long an order may take before it is cancelled.
	Deadline time.Duration
	// Keys returns the secret keys from which orders' ids and tokens are derived.
	Keys func(context.Context) (keyring.Keys, error)
	// Open is true if everyone may call the API. Then an order has a token, which is
	// needed to read and to cancel it. By default each request that places an order
	// needs a caller (WithCaller).
	Open bool
}

// source is the source of the API's commands.
const source = "order/http"

// summary is the answer to a command.
type summary struct {
	OrderID       string       `json:"orderId"`
	Status        order.Status `json:"status"`
	CorrelationID string       `json:"correlationId"`
	// Token is set in the answer to POST /orders if the API is open.
	Token string `json:"token,omitempty"`
}

// details is the answer to GET /orders/{id}.
type details struct {
	summary

	Reason   contract.Reason `json:"reason,omitempty"`
	Timeline []order.Entry   `json:"timeline"`
}

// server answers the requests of an API.
type server struct {
	*API

	order, cancellation schema
}

// Handler returns the handler of the API: its routes are those of openapi.json.
//
// The error names every required field that is missing.
func (a *API) Handler() (http.Handler, error) {
	if err := required.Fields("httpapi.API", map[string]bool{
		"Orders":   a.Orders != nil,
		"Logger":   a.Logger != nil,
		"Clock":    a.Clock != nil,
		"NewID":    a.NewID != nil,
		"Deadline": a.Deadline > 0,
		"Keys":     a.Keys != nil,
	}); err != nil {
		return nil, err
	}
	order, err := newSchema("order")
	if err != nil {
		return nil, err
	}
	cancellation, err := newSchema("cancellation")
	if err != nil {
		return nil, err
	}
	s := &server{a, order, cancellation}
	mux := http.NewServeMux()
	for path, route := range s.routes() {
		mux.Handle(path, s.route(route.endpoint, route.methods...))
	}
	noPath := s.answer(func(http.ResponseWriter, *http.Request) error {
		return newProblem(notFound, "There is nothing here: orders are at /orders.")
	})
	mux.Handle("/", noPath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect a path that is not in its clean form.
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			noPath.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

type endpoint func(http.ResponseWriter, *http.Request) error

// route is what is at a path.
type route struct {
	endpoint endpoint
	methods  []string
}

// routes returns the routes by their paths.
func (s *server) routes() map[string]route {
	return map[string]route{
		"/orders":                   {s.place, []string{http.MethodPost}},
		"/orders/{id}":              {s.get, []string{http.MethodGet, http.MethodHead}},
		"/orders/{id}/cancellation": {s.cancel, []string{http.MethodPost}},
		"/problems/{type}":          {getProblemType, []string{http.MethodGet, http.MethodHead}},
		"/openapi.json":             {getOpenAPI, []string{http.MethodGet, http.MethodHead}},
	}
}

func (s *server) route(e endpoint, methods ...string) http.Handler {
	return s.answer(func(w http.ResponseWriter, r *http.Request) error {
		if !slices.Contains(methods, r.Method) {
			return newProblem(wrongMethod, "Allowed here: "+strings.Join(methods, ", ")+".").with("Allow", strings.Join(methods, ", "))
		}
		return e(w, r)
	})
}

// answer answers an error with a problem document. An error that is not the client's is
// logged and not shown.
func (s *server) answer(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := e(w, r)
		if err == nil {
			return
		}
		p, isProblem := errors.AsType[*problem](err)
		if !isProblem {
			s.Logger.ErrorContext(r.Context(), "request failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
			p = newProblem(unavailable, "").with("Retry-After", "1")
		}
		p.write(w, r)
	})
}

// place places an order, or returns the one that the same request placed before.
func (s *server) place(w http.ResponseWriter, r *http.Request) error {
	key, err := s.idempotencyKey(r)
	if err != nil {
		return err
	}
	request, err := s.readPlace(r)
	if err != nil {
		return err
	}
	// The secret keys of one read may be used for no longer.
	ctx, cancel := context.WithTimeout(r.Context(), keyring.MaximumWork)
	defer cancel()
	identity, token, err := s.identify(ctx, key)
	if err != nil {
		return err
	}
	id, correlation := identity.OrderID, identity.CorrelationID
	ctx = telemetry.WithMeasures(telemetry.WithOrder(ctx, id))
	command := s.command(id, correlation, order.Place{}.EventType())
	ctx, _, err = s.execute(ctx, command, order.Place{
		Order:    request.order(id),
		Deadline: command.Time.Add(s.Deadline).UTC().Truncate(time.Second),
	})
	if errors.Is(err, participant.ErrOtherContent) {
		return newProblem(keyReused, "This key was used before with another body: use a new key for a new order.")
	}
	if errors.Is(err, order.ErrErased) {
		return newProblem(erased, "")
	}
	if err != nil {
		return err
	}
	ctx, measured := telemetry.LineAttrs(ctx, command.Time)
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "order placed", measured...)
	w.Header().Set("Location", "/orders/"+id)
	writeJSON(w, http.StatusAccepted, "application/json", summary{id, order.StatusPlaced, correlation, token})
	return nil
}

// get returns the status and the timeline of an order.
func (s *server) get(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := s.find(r, id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", details{
		summary:  summary{OrderID: id, Status: state.Status(), CorrelationID: record.First().CorrelationID},
		Reason:   state.Reason,
		Timeline: order.Timeline(record, s.Clock(), order.TimelineWindow),
	})
	return nil
}

// cancel requests the cancellation of an order. The warehouse decides on it later, so the
// answer is only that it was requested. The command belongs to the trace of the order.
func (s *server) cancel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	_, record, err := s.find(r, id)
	if err != nil {
		return err
	}
	if err := s.readCancellation(r); err != nil {
		return err
	}
	ctx := telemetry.WithOrder(r.Context(), id)
	first := record.First()
	ctx = tracing.Continue(ctx, first.TraceParent)
	ctx, state, err := s.execute(ctx, s.command(id, first.CorrelationID, order.Cancel{}.EventType()),
		order.Cancel{Reason: contract.CancelledByCustomer})
	// A repeated request returns the current state, and the order may have ended.
	if errors.Is(err, order.ErrTooLate) || (err == nil && state.Ended()) {
		return newProblem(tooLate, "")
	}
	if errors.Is(err, order.ErrErased) {
		return newProblem(erased, "")
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "cancellation requested")
	writeJSON(w, http.StatusAccepted, "application/json", summary{OrderID: id, Status: state.Status(), CorrelationID: first.CorrelationID})
	return nil
}

// execute executes a command, and returns the context of its span, in which lines about
// it are logged. A committed command is a success even if its events could not be
// published: the sweeper publishes them.
func (s *server) execute(ctx context.Context, command event.Event, data event.Data) (context.Context, order.State, error) {
	ctx, span := tracing.Start(ctx, s.Tracer, command, trace.SpanKindServer)
	state, err := s.Orders.Execute(ctx, command, data)
	tracing.End(span, err, order.ErrTooLate, order.ErrErased, participant.ErrOtherContent)
	if errors.Is(err, participant.ErrUnpublished) {
		s.Logger.WarnContext(ctx, "accepted, to be published later", slog.String("error", err.Error()))
		return ctx, state, nil
	}
	return ctx, state, err
}

// find returns an order that the request is permitted to read.
func (s *server) find(r *http.Request, id string) (order.State, participant.Record, error) {
	unknown := newProblem(unknownOrder, "")
	permitted, err := s.isPermitted(r, id)
	if err != nil {
		return order.State{}, participant.Record{}, err
	}
	if !permitted || len(id) != 36 || !isMadeOf(id, hexadecimal, 36) {
		return order.State{}, participant.Record{}, unknown
	}
	state, record, err := s.Orders.Load(r.Context(), id)
	switch {
	case err != nil:
	case record.Version == 0:
		err = unknown
	case state.Progress == order.Erased:
		err = newProblem(erased, "")
	}
	return state, record, err
}

// command makes the envelope of a command. Its id is that of the order and the
// type: each command is executed once for an order.
func (s *server) command(orderID, correlationID, commandType string) event.Event {
	return event.Event{
		ID:            event.DeriveID(source, orderID, commandType),
		Source:        source,
		Type:          commandType,
		Subject:       orderID,
		Time:          s.Clock(),
		CorrelationID: correlationID,
	}
}
