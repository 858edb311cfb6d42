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

// API is the front door. All fields are required but Tracer.
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
}

// source names the front door as the origin of commands.
const source = "order/http"

var (
	idPattern  = regexp.MustCompile(`^[0-9a-f-]{36}$`)
	keyPattern = regexp.MustCompile(`^[A-Za-z0-9._~:+/=-]{1,255}$`)
)

// placed is the answer to a placed order.
type placed struct {
	OrderID       string       `json:"orderId"`
	Status        order.Status `json:"status"`
	CorrelationID string       `json:"correlationId"`
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

// place places an order. The order's id comes from the idempotency key, so that
// a repeated request finds the order it placed before.
func (s *server) place(w http.ResponseWriter, r *http.Request) error {
	key, err := s.idempotencyKey(r)
	if err != nil {
		return err
	}
	request, err := s.readPlace(r)
	if err != nil {
		return err
	}
	id, correlation := deriveIDs(key)
	ctx := telemetry.WithMeasures(telemetry.WithCorrelation(r.Context(), correlation, id))
	command := s.command(id, correlation, order.Place{}.EventType())
	_, err = s.execute(ctx, command, order.Place{
		Order:    request.order(id),
		Deadline: command.Time.Add(s.Deadline).UTC().Truncate(time.Second),
	})
	if errors.Is(err, participant.ErrOtherContent) {
		return newProblem(keyReused, "This key was used before with another body: use a new key for a new order.")
	}
	if err != nil {
		return err
	}
	ctx, measured := telemetry.Measured(ctx, command.Time)
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "order placed", measured...)
	w.Header().Set("Location", "/orders/"+id)
	writeJSON(w, http.StatusAccepted, "application/json", placed{id, order.StatusPlaced, correlation})
	return nil
}

// deriveIDs returns the order id and the correlation id of the order that an
// idempotency key places.
func deriveIDs(key string) (orderID, correlationID string) {
	return event.DeriveID(source, "order", key), event.DeriveID(source, "correlation", key)
}

// idempotencyKey returns the key that the client sent, or else a random one. A
// header that is sent twice arrives once, with both values and a comma: so a
// comma is refused, like what separates or quotes values elsewhere.
func (s *server) idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return s.NewID(), nil
	}
	if len(keys) > 1 || !keyPattern.MatchString(keys[0]) {
		return "", newProblem(badKey, "The header must be there once, with 1 to 255 letters, digits and characters of -._~:+/=. "+
			"A comma is refused because a header that is sent twice arrives as one, joined by a comma.")
	}
	return keys[0], nil
}

func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := s.find(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", status{
		placed:   placed{id, state.Status(), state.CorrelationID},
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
	state, record, err := s.find(r.Context(), id)
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
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "cancellation requested")
	writeJSON(w, http.StatusAccepted, "application/json", placed{id, state.Status(), state.CorrelationID})
	return nil
}

// execute executes a command. One that is committed is accepted, although its
// events could not be published: the sweeper does that.
func (s *server) execute(ctx context.Context, command event.Event, data event.Data) (order.State, error) {
	ctx, span := tracing.Start(ctx, s.Tracer, command, trace.SpanKindServer)
	state, err := s.Orders.Execute(ctx, command, data)
	tracing.End(span, err, order.ErrTooLate, participant.ErrOtherContent)
	if errors.Is(err, participant.ErrUnpublished) {
		s.Logger.WarnContext(ctx, "accepted, to be published later", slog.String("error", err.Error()))
		return state, nil
	}
	return state, err
}

func (s *server) find(ctx context.Context, id string) (order.State, participant.Record, error) {
	unknown := newProblem(unknownOrder, "")
	if !idPattern.MatchString(id) {
		return order.State{}, participant.Record{}, unknown
	}
	state, record, err := s.Orders.Load(ctx, id)
	if err == nil && record.Version == 0 {
		err = unknown
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
