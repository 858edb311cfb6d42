// Package httpapi is the HTTP front door of the order context.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"regexp"
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

// Orders is what the front door asks of the order context.
type Orders interface {
	// Execute executes a command once per id, and gives the state after it,
	// also with participant.ErrUnpublished.
	Execute(ctx context.Context, command event.Event, data event.Data) (order.State, error)
	// Load gives what is recorded about an order.
	Load(ctx context.Context, orderID string) (order.State, participant.Record, error)
}

// API is the front door. All fields are required but Tracer
// and Open.
type API struct {
	Orders Orders
	Logger *slog.Logger
	// Tracer starts the span of each command.
	Tracer trace.Tracer
	Clock  func() time.Time
	// NewID makes a random id.
	NewID func() string
	// Deadline is how long an order may take before it is cancelled.
	Deadline time.Duration
	// Keys returns the secret keys from which orders' ids and tokens are derived.
	Keys func(context.Context) (keyring.Keys, error)
	// Open is set if everyone may call the API. Then an order has a token, which
	// reading and cancelling it need. By default each request that places an order
	// needs a caller (WithCaller).
	Open bool
}

// source names the front door as the origin of commands.
const source = "order/http"

var idPattern = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// placed is the answer to a placed order.
type placed struct {
	OrderID       string       `json:"orderId"`
	Status        order.Status `json:"status"`
	CorrelationID string       `json:"correlationId"`
	// Token is there once the order is placed, where the API is open.
	Token string `json:"token,omitempty"`
}

// status is the answer to a question about an order.
type status struct {
	placed

	Reason   contract.Reason `json:"reason,omitempty"`
	Timeline []order.Entry   `json:"timeline"`
}

// server answers the requests of an API.
type server struct {
	*API

	order, cancellation *schema
}

// Handler serves POST /orders, GET /orders/{id}, POST /orders/{id}/cancellation
// and GET /problems/{type}, and HEAD where it serves GET.
//
// An error names every field that is missing.
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
	mux.Handle("/orders", s.route(s.place, http.MethodPost))
	mux.Handle("/orders/{id}", s.route(s.show, http.MethodGet, http.MethodHead))
	mux.Handle("/orders/{id}/cancellation", s.route(s.cancel, http.MethodPost))
	mux.Handle("/problems/{type}", s.route(explain, http.MethodGet, http.MethodHead))
	nowhere := s.answer(func(http.ResponseWriter, *http.Request) error {
		return newProblem(notFound, "There is nothing here: orders are at /orders.")
	})
	mux.Handle("/", nowhere)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect a path that is written in another way.
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			nowhere.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

type endpoint func(http.ResponseWriter, *http.Request) error

func (s *server) route(e endpoint, methods ...string) http.Handler {
	return s.answer(func(w http.ResponseWriter, r *http.Request) error {
		if !slices.Contains(methods, r.Method) {
			return newProblem(wrongMethod, "Possible here: "+strings.Join(methods, ", ")+".").with("Allow", strings.Join(methods, ", "))
		}
		return e(w, r)
	})
}

// answer makes every error a problem document; what the client cannot mend is
// logged and not shown.
func (s *server) answer(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := e(w, r)
		if err == nil {
			return
		}
		p, known := errors.AsType[*problem](err)
		if !known {
			s.Logger.ErrorContext(r.Context(), "request failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
			p = newProblem(unavailable, "").with("Retry-After", "1")
		}
		p.write(w)
	})
}

// place places an order, or finds the one that the same request placed before.
func (s *server) place(w http.ResponseWriter, r *http.Request) error {
	key, err := s.idempotencyKey(r)
	if err != nil {
		return err
	}
	request, err := s.readPlace(r)
	if err != nil {
		return err
	}
	// The secret keys of one moment may be used for no longer.
	ctx, cancel := context.WithTimeout(r.Context(), keyring.MaximumWork)
	defer cancel()
	identity, token, err := s.identify(ctx, key)
	if err != nil {
		return err
	}
	id, correlation := identity.OrderID, identity.CorrelationID
	ctx = telemetry.WithMeasures(telemetry.WithCorrelation(ctx, correlation, id))
	command := s.command(id, correlation, order.Place{}.EventType())
	_, err = s.execute(ctx, command, order.Place{
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
	writeJSON(w, http.StatusAccepted, "application/json", placed{id, order.StatusPlaced, correlation, token})
	return nil
}

func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := s.find(r, id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", status{
		placed:   placed{OrderID: id, Status: state.Status(), CorrelationID: state.CorrelationID},
		Reason:   state.Reason,
		Timeline: order.Timeline(record, s.Clock(), order.TimelineWindow),
	})
	return nil
}

// cancel asks for the cancellation of an order. Whether it is granted is the
// warehouse's decision, so the answer is only that it was asked for. It belongs
// to the trace of the order, and not to one of its own.
func (s *server) cancel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := s.find(r, id)
	if err != nil {
		return err
	}
	if err := s.readCancellation(r); err != nil {
		return err
	}
	ctx := telemetry.WithCorrelation(r.Context(), state.CorrelationID, id)
	ctx = tracing.Continue(ctx, order.TraceParent(record))
	state, err = s.execute(ctx, s.command(id, state.CorrelationID, order.Cancel{}.EventType()),
		order.Cancel{Reason: contract.CancelledByCustomer})
	// A request that is repeated finds what the order has come to since.
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
	writeJSON(w, http.StatusAccepted, "application/json", placed{OrderID: id, Status: state.Status(), CorrelationID: state.CorrelationID})
	return nil
}

// execute executes a command. One that is committed is accepted, although its
// events could not be published: the sweeper does that.
func (s *server) execute(ctx context.Context, command event.Event, data event.Data) (order.State, error) {
	ctx, span := tracing.Start(ctx, s.Tracer, command, trace.SpanKindServer)
	state, err := s.Orders.Execute(ctx, command, data)
	tracing.End(span, err, order.ErrTooLate, order.ErrErased, participant.ErrOtherContent)
	if errors.Is(err, participant.ErrUnpublished) {
		s.Logger.WarnContext(ctx, "accepted, to be published later", slog.String("error", err.Error()))
		return state, nil
	}
	return state, err
}

// find returns an order that the request may read.
func (s *server) find(r *http.Request, id string) (order.State, participant.Record, error) {
	unknown := newProblem(unknownOrder, "")
	permitted, err := s.isPermitted(r, id)
	if err != nil {
		return order.State{}, participant.Record{}, err
	}
	if !permitted || !idPattern.MatchString(id) {
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
