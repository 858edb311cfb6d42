package httpcommand_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/jsonschema"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// Book is the command of this example.
type Book struct {
	Guest  string `json:"guest"`
	Nights int    `json:"nights"`
}

func (Book) EventType() string { return "hotel.book" }

const bookSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/book",
	"type": "object", "additionalProperties": false, "required": ["guest", "nights"],
	"properties": {
		"guest": {"type": "string", "minLength": 1, "maxLength": 100},
		"nights": {"type": "integer", "minimum": 1, "maximum": 30}
	}
}`

// booking is the state of a booking.
type booking struct {
	Nights int `json:"nights"`
}

// hotel is the API of this example.
type hotel struct {
	bookings *participant.Participant[booking]
	clock    func() time.Time
}

// api accepts bookings at POST /bookings, and shows them at their Location.
func (h hotel) api(config httpcommand.Config) (*httpcommand.API, error) {
	schemas, err := jsonschema.Compile(nil, []byte(bookSchema))
	if err != nil {
		return nil, err
	}
	config.Problems = []httpcommand.ProblemType{
		{Name: "unknown-booking", Status: http.StatusNotFound, Title: "Unknown booking", Meaning: "There is no booking with this id."},
		{Name: "closed", Status: http.StatusConflict, Title: "Closed", Meaning: "The hotel is closed.", Err: errClosed},
	}
	config.Routes = map[string]httpcommand.Route{
		"POST /bookings": {
			Handle: h.book, Status: http.StatusAccepted, Key: httpcommand.RequiredKey, Noun: "booking",
			Body: &httpcommand.Body{Schema: schemas["https://example.com/book"]}, Problems: []string{"closed"},
		},
		"GET /bookings/{id}": {Handle: h.show, Problems: []string{"unknown-booking"}},
	}
	return httpcommand.New(config)
}

func (h hotel) book(r *httpcommand.Request) (httpcommand.Answer, error) {
	id, err := r.KeyID()
	if err != nil {
		return httpcommand.Answer{}, err
	}
	var book Book
	if err := r.Read(&book); err != nil {
		return httpcommand.Answer{}, err
	}
	command := event.Event{ID: id, Source: "hotel/http", Type: book.EventType(), Subject: id, Time: h.clock(), CorrelationID: id}
	_, _, err = httpcommand.Execute(r.Context(), r, h.bookings, command, book)
	return httpcommand.Answer{Location: "/bookings/" + id, Body: map[string]string{"bookingId": id}}, err
}

func (h hotel) show(r *httpcommand.Request) (httpcommand.Answer, error) {
	state, record, err := h.bookings.Load(r.Context(), r.PathValue("id"))
	if err == nil && record.Version == 0 {
		err = &httpcommand.Error{Type: "unknown-booking"}
	}
	return httpcommand.Answer{Body: state}, err
}

// errClosed is an error of the decision.
var errClosed = errors.New("the hotel is closed")

// decide is the decision of the hotel.
func decide(b booking, in participant.Input) (participant.Decision[booking], error) {
	book, isBook := in.Data.(Book)
	if !isBook || book.Guest == "closed" {
		return participant.Decision[booking]{}, errClosed
	}
	b.Nights = book.Nights
	return participant.Decision[booking]{State: b, Events: []event.Data{Booked{book.Nights}}}, nil
}

// Booked is the event that the hotel publishes.
type Booked struct {
	Nights int `json:"nights"`
}

func (Booked) EventType() string { return "hotel.booked" }

// language is the language of this example: the hotel consumes no events.
type language struct{}

func (language) Decode(event.Event) (event.Data, error) { return nil, event.ErrInvalid }

func (language) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = "https://example.com/booked"
	return e, nil
}

// newHotel makes a hotel in memory.
func newHotel(store participant.Store, publisher participant.Publisher) (hotel, error) {
	clock := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	bookings, err := participant.New(participant.Config[booking]{
		Source: "hotel", Decide: participant.Pure(decide), Store: store, Publisher: publisher, Language: language{},
		Retention: 24 * time.Hour, Clock: clock,
	})
	return hotel{bookings, clock}, err
}

// A booking is accepted once, however often its request is repeated.
func Example() {
	publisher := &memory.Publisher{}
	h, err := newHotel(memory.NewStore(), publisher)
	if err != nil {
		fmt.Println(err)
		return
	}
	api, err := h.api(httpcommand.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	// As an IAM identity, which Lambda takes from the event of a function URL.
	ctx := httpcommand.WithCaller(context.Background(), httpcommand.Caller{Account: "111122223333", Principal: "AIDAALICE"})
	send := func(method, path, body string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", "key-1")
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, request)
		return answer
	}

	first := send(http.MethodPost, "/bookings", `{"guest": "Ada", "nights": 2}`)
	again := send(http.MethodPost, "/bookings", `{"nights": 2, "guest": "Ada"}`)
	location := first.Header().Get("Location")
	fmt.Println(first.Code, again.Code, again.Header().Get("Location") == location)
	fmt.Println(send(http.MethodGet, location, "").Body)
	fmt.Println(send(http.MethodPost, "/bookings", `{"guest": "Ada", "nights": 3}`).Body)
	fmt.Println(send(http.MethodPost, "/bookings", `{"guest": "Ada", "nights": 31}`).Body)
	// Output:
	// 202 202 true
	// {"nights":2}
	// {"type":"https://example.com/problems/idempotency-key-reused","title":"Idempotency-Key used before","status":422,"detail":"This key was used before with another body: use a new key for a new booking."}
	// {"type":"https://example.com/problems/invalid-body","title":"Not an acceptable body","status":422,"detail":"Members of the body are missing or not acceptable: see errors.","errors":[{"pointer":"/nights","detail":"must be at most 30"}]}
}
