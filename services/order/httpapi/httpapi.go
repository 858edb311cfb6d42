// Package httpapi is the HTTP API of the order context.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/services/order"
)

// Orders is the part of the order context's participant that an API uses.
type Orders interface {
	httpcommand.Executor[order.State]

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
	// needs a caller (httpcommand.WithCaller).
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
type server struct{ *API }

// Handler returns the handler of the API: its routes are those of openapi.json.
//
// The error names every required field that is missing.
func (a *API) Handler() (*httpcommand.API, error) {
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
	schemas, err := newSchemas()
	if err != nil {
		return nil, err
	}
	s := &server{a}
	return httpcommand.New(httpcommand.Config{
		Logger: a.Logger, Tracer: a.Tracer, Open: a.Open, Problems: problemTypes(), NotFound: "There is nothing here: orders are at /orders.",
		Routes: map[string]httpcommand.Route{
			"POST /orders": {
				Handle: s.place, Status: http.StatusAccepted, Key: httpcommand.OptionalKey, Noun: "order", Problems: []string{erased},
				Body: &httpcommand.Body{Schema: schemas[schemaBase+"order"], Invalid: badOrder, Check: otherCurrencies},
			},
			"GET /orders/{id}": {Handle: s.get, Problems: []string{unknownOrder, erased}},
			"POST /orders/{id}/cancellation": {
				Handle: s.cancel, Status: http.StatusAccepted, Problems: []string{unknownOrder, tooLate, erased},
				Body: &httpcommand.Body{Schema: schemas[schemaBase+"cancellation"], Invalid: badCancellation, Empty: true},
			},
			"GET /openapi.json": httpcommand.Fixed("application/json", openAPI),
		},
	})
}

// place places an order, or returns the one that the same request placed before.
func (s *server) place(r *httpcommand.Request) (httpcommand.Answer, error) {
	var none httpcommand.Answer
	key, err := r.Key()
	if err != nil {
		return none, err
	}
	request, err := readPlace(r)
	if err != nil {
		return none, err
	}
	// The secret keys of one read may be used for no longer.
	ctx, cancel := context.WithTimeout(r.Context(), keyring.MaximumWork)
	defer cancel()
	identity, token, err := s.identify(ctx, r, key)
	if err != nil {
		return none, err
	}
	id, correlation := identity.OrderID, identity.CorrelationID
	ctx = telemetry.WithMeasures(telemetry.WithSubject(ctx, id))
	command := s.command(id, correlation, order.Place{}.EventType())
	ctx, _, err = httpcommand.Execute(ctx, r, s.Orders, command, order.Place{
		Order:    request.order(id),
		Deadline: command.Time.Add(s.Deadline).UTC().Truncate(time.Second),
	})
	if err != nil {
		return none, err
	}
	ctx, measured := telemetry.LineAttrs(ctx, command.Time)
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "order placed", measured...)
	return httpcommand.Answer{Location: "/orders/" + id, Body: summary{id, order.StatusPlaced, correlation, token}}, nil
}

// get returns the status and the timeline of an order.
func (s *server) get(r *httpcommand.Request) (httpcommand.Answer, error) {
	id := r.PathValue("id")
	state, record, err := s.find(r, id)
	if err != nil {
		return httpcommand.Answer{}, err
	}
	return httpcommand.Answer{Body: details{
		summary:  summary{OrderID: id, Status: state.Status(), CorrelationID: record.First().CorrelationID},
		Reason:   state.Reason,
		Timeline: order.Timeline(record, s.Clock(), order.TimelineWindow),
	}}, nil
}

// cancel requests the cancellation of an order. The warehouse decides on it later, so the
// answer is only that it was requested. The command belongs to the trace of the order.
func (s *server) cancel(r *httpcommand.Request) (httpcommand.Answer, error) {
	var none httpcommand.Answer
	id := r.PathValue("id")
	_, record, err := s.find(r, id)
	if err != nil {
		return none, err
	}
	if err := r.Read(nil); err != nil {
		return none, err
	}
	first := record.First()
	ctx := tracing.Continue(telemetry.WithSubject(r.Context(), id), first.TraceParent)
	ctx, state, err := httpcommand.Execute(ctx, r, s.Orders, s.command(id, first.CorrelationID, order.Cancel{}.EventType()),
		order.Cancel{Reason: contract.CancelledByCustomer})
	if err != nil {
		return none, err
	}
	if state.Ended() { // A repeated request returns the current state.
		return none, order.ErrTooLate
	}
	s.Logger.InfoContext(ctx, "cancellation requested")
	return httpcommand.Answer{Body: summary{OrderID: id, Status: state.Status(), CorrelationID: first.CorrelationID}}, nil
}

// find returns an order that the request is permitted to read.
func (s *server) find(r *httpcommand.Request, id string) (order.State, participant.Record, error) {
	unknown := &httpcommand.Error{Type: unknownOrder}
	permitted, err := s.isPermitted(r, id)
	if err != nil {
		return order.State{}, participant.Record{}, err
	}
	if !permitted || len(id) != 36 || uuid.Validate(id) != nil {
		return order.State{}, participant.Record{}, unknown
	}
	state, record, err := s.Orders.Load(r.Context(), id)
	switch {
	case err != nil:
	case record.Version == 0:
		err = unknown
	case state.Progress == order.Erased:
		err = order.ErrErased
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
