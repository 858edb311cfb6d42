// Package httpapi is the HTTP front door of the order context.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
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

// API is the front door. All fields are required.
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

// Handler serves POST /orders, GET /orders/{id} and POST
// /orders/{id}/cancellation.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/orders", a.route(http.MethodPost, a.place))
	mux.Handle("/orders/{id}", a.route(http.MethodGet, a.show))
	mux.Handle("/orders/{id}/cancellation", a.route(http.MethodPost, a.cancel))
	nowhere := a.answer(func(http.ResponseWriter, *http.Request) error {
		return newProblem(http.StatusNotFound, "not-found", "Not found", "There is nothing here: orders are at /orders.")
	})
	mux.Handle("/", nowhere)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect whoever writes a path in another way.
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			nowhere.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type endpoint func(http.ResponseWriter, *http.Request) error

func (a *API) route(method string, e endpoint) http.Handler {
	return a.answer(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			w.Header().Set("Allow", method)
			return newProblem(http.StatusMethodNotAllowed, "method", "Method not allowed", "Only "+method+" is possible here.")
		}
		return e(w, r)
	})
}

// answer makes every error a problem document; what the client cannot mend is
// logged and not shown.
func (a *API) answer(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := e(w, r)
		if err == nil {
			return
		}
		p, known := errors.AsType[*problem](err)
		if !known {
			a.Logger.ErrorContext(r.Context(), "request failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
			w.Header().Set("Retry-After", "1")
			p = newProblem(http.StatusServiceUnavailable, "unavailable", "Temporarily unavailable",
				"Nothing is lost: repeat the request with the same Idempotency-Key.")
		}
		p.write(w)
	})
}

// place places an order. The order's id comes from the idempotency key, so that
// a repeated request finds the order it placed before.
func (a *API) place(w http.ResponseWriter, r *http.Request) error {
	key, err := a.idempotencyKey(r)
	if err != nil {
		return err
	}
	request, err := readPlace(r)
	if err != nil {
		return err
	}
	id := event.DeriveID(source, "order", key)
	correlation := event.DeriveID(source, "correlation", key)
	ctx := telemetry.WithMeasures(telemetry.WithCorrelation(r.Context(), correlation, id))
	command := a.command(id, correlation, order.Place{}.EventType())
	_, err = a.execute(ctx, command, order.Place{
		Order:    request.order(id),
		Deadline: command.Time.Add(a.Deadline).UTC().Truncate(time.Second),
	})
	if errors.Is(err, participant.ErrOtherContent) {
		return newProblem(http.StatusUnprocessableEntity, "idempotency-key-reused", "Idempotency-Key used before",
			"This key has placed a different order: use a new key for a new order.")
	}
	if errors.Is(err, order.ErrErased) {
		return gone()
	}
	if err != nil {
		return err
	}
	ctx, measured := telemetry.Measured(ctx, command.Time)
	a.Logger.LogAttrs(ctx, slog.LevelInfo, "order placed", measured...)
	w.Header().Set("Location", "/orders/"+id)
	writeJSON(w, http.StatusAccepted, "application/json", placed{id, order.StatusPlaced, correlation})
	return nil
}

// idempotencyKey is the key that the client gave, or else a random one.
func (a *API) idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return a.NewID(), nil
	}
	if len(keys) > 1 || !keyPattern.MatchString(keys[0]) {
		return "", newProblem(http.StatusBadRequest, "idempotency-key", "Invalid Idempotency-Key",
			"The header must be given once, with 1 to 255 visible ASCII characters.")
	}
	return keys[0], nil
}

func (a *API) show(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := a.find(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", status{
		placed:   placed{id, state.Status(), state.CorrelationID},
		Reason:   state.Reason,
		Timeline: order.Timeline(record, a.Clock(), order.TimelineWindow),
	})
	return nil
}

// cancel asks for the cancellation of an order. Whether it is granted is the
// warehouse's decision, so the answer is only that it was asked for. It belongs
// to the trace of the order, and not to one of its own.
func (a *API) cancel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	state, record, err := a.find(r.Context(), id)
	if err != nil {
		return err
	}
	ctx := telemetry.WithCorrelation(r.Context(), state.CorrelationID, id)
	ctx = tracing.Continue(ctx, order.TraceParent(record))
	state, err = a.execute(ctx, a.command(id, state.CorrelationID, order.Cancel{}.EventType()),
		order.Cancel{Reason: contract.CancelledByCustomer})
	// A request that is repeated finds what the order has come to since.
	if errors.Is(err, order.ErrTooLate) || (err == nil && state.Ended()) {
		return newProblem(http.StatusConflict, "too-late", "Too late", "The order has ended: it cannot be cancelled any more.")
	}
	if errors.Is(err, order.ErrErased) {
		return gone()
	}
	if err != nil {
		return err
	}
	a.Logger.InfoContext(ctx, "cancellation requested")
	writeJSON(w, http.StatusAccepted, "application/json", placed{id, state.Status(), state.CorrelationID})
	return nil
}

// execute executes a command. One that is committed is accepted, although its
// events could not be published: the sweeper does that.
func (a *API) execute(ctx context.Context, command event.Event, data event.Data) (order.State, error) {
	ctx, span := tracing.Start(ctx, a.Tracer, command, trace.SpanKindServer)
	state, err := a.Orders.Execute(ctx, command, data)
	tracing.End(span, err, order.ErrTooLate, order.ErrErased, participant.ErrOtherContent)
	if errors.Is(err, participant.ErrUnpublished) {
		a.Logger.WarnContext(ctx, "accepted, to be published later", slog.String("error", err.Error()))
		return state, nil
	}
	return state, err
}

func (a *API) find(ctx context.Context, id string) (order.State, participant.Record, error) {
	unknown := newProblem(http.StatusNotFound, "unknown-order", "Unknown order", "There is no order with this id.")
	if !idPattern.MatchString(id) {
		return order.State{}, participant.Record{}, unknown
	}
	state, record, err := a.Orders.Load(ctx, id)
	switch {
	case err != nil:
	case record.Version == 0:
		err = unknown
	case state.Progress == order.Erased:
		err = gone()
	}
	return state, record, err
}

// gone says of an erased order that it was one, and nothing else.
func gone() *problem {
	return newProblem(http.StatusGone, "erased", "Erased", "This order has been erased.")
}

// command makes the envelope of a command. Its id is that of the order and the
// type: each command is executed once for an order.
func (a *API) command(orderID, correlationID, commandType string) event.Event {
	return event.Event{
		ID:            event.DeriveID(source, orderID, commandType),
		Source:        source,
		Type:          commandType,
		Subject:       orderID,
		Time:          a.Clock(),
		CorrelationID: correlationID,
	}
}
