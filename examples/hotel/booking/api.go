package booking

import (
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/jsonschema"
	"example.com/saga/pkg/participant"
)

// requestSchema is the schema of the body of a request.
const requestSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://hotel.example.org/request",
	"type": "object", "additionalProperties": false, "required": ["guest", "room", "price"],
	"properties": {
		"guest": {"type": "string", "minLength": 1, "maxLength": 100},
		"room": {"type": "string", "minLength": 1, "maxLength": 100},
		"price": {"type": "integer", "minimum": 1, "maximum": 100000000}
	}
}`

// api is the API of the bookings.
type api struct {
	bookings *participant.Participant[State]
	clock    func() time.Time
}

// API returns the handler of the bookings: POST /bookings takes one, with the header
// Idempotency-Key, and GET /bookings/{id} shows it. Everyone may call it.
func API(bookings *participant.Participant[State], logger *slog.Logger, tracer trace.Tracer, clock func() time.Time) (http.Handler, error) {
	schemas, err := jsonschema.Compile(nil, []byte(requestSchema))
	if err != nil {
		return nil, err
	}
	a := api{bookings, clock}
	return httpcommand.New(httpcommand.Config{
		Logger: logger, Tracer: tracer, Open: true,
		Problems: []httpcommand.ProblemType{
			{Name: "unknown-booking", Status: http.StatusNotFound, Title: "Unknown booking", Meaning: "There is no booking with this id."},
		},
		Routes: map[string]httpcommand.Route{
			"POST /bookings": {
				Handle: a.request, Status: http.StatusAccepted, Key: httpcommand.RequiredKey, Noun: "booking",
				Body: &httpcommand.Body{Schema: schemas["https://hotel.example.org/request"]},
			},
			"GET /bookings/{id}": {Handle: a.show, Problems: []string{"unknown-booking"}},
		},
	})
}

// request takes a booking. If its events cannot be published, or the process ends before
// they are, the sweeper publishes them.
func (a api) request(r *httpcommand.Request) (httpcommand.Answer, error) {
	id, err := r.KeyID()
	if err != nil {
		return httpcommand.Answer{}, err
	}
	var request Request
	if err := r.Read(&request); err != nil {
		return httpcommand.Answer{}, err
	}
	command := event.Event{ID: id, Source: "booking/http", Type: request.EventType(), Subject: id, Time: a.clock(), CorrelationID: id}
	_, _, err = httpcommand.Execute(r.Context(), r, a.bookings, command, request)
	return httpcommand.Answer{Location: "/bookings/" + id, Body: map[string]string{"bookingId": id}}, err
}

func (a api) show(r *httpcommand.Request) (httpcommand.Answer, error) {
	state, record, err := a.bookings.Load(r.Context(), r.PathValue("id"))
	if err == nil && record.Version == 0 {
		err = &httpcommand.Error{Type: "unknown-booking"}
	}
	return httpcommand.Answer{Body: state}, err
}
