package lambdaapp_test

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // SQS answers with it.
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/tracing"
)

// The events of a system that shares nothing with the saga.
type (
	roomRequested struct {
		Nights int `json:"nights"`
	}
	roomHeld struct {
		Room int `json:"room"`
	}
	roomRefused struct{}
)

func (roomRequested) EventType() string { return "travel.room-requested" }
func (roomHeld) EventType() string      { return "hotel.room-held" }
func (roomRefused) EventType() string   { return "hotel.room-refused" }

func newHotel() (*language.Language, error) {
	const base = "https://travel.example/schema/"
	schemas := fstest.MapFS{}
	for eventType, properties := range map[string]string{
		"travel.room-requested": `"nights": {"type": "integer", "minimum": 1}`,
		"hotel.room-held":       `"room": {"type": "integer"}`,
		"hotel.room-refused":    ``,
	} {
		schemas[eventType+".json"] = &fstest.MapFile{Data: fmt.Appendf(nil,
			`{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "%s%s/1", "type": "object", "properties": {%s}}`,
			base, eventType, properties)}
	}
	return language.New(language.Catalogue{SchemaBase: base, Schemas: schemas, SubjectName: "booking_id", Events: []language.Definition{
		language.Publish[roomRequested]("travel", "1").To("hotel"),
		language.Publish[roomHeld]("hotel", "1").To("travel"),
		language.Publish[roomRefused]("hotel", "1").To("travel"),
	}})
}

// hotel is the state of a booking.
type hotel struct{ Rooms []int }

// hold holds room 17 for stays of up to a week.
func hold(h hotel, in participant.Input) (participant.Decision[hotel], error) {
	requested, isRequest := in.Data.(roomRequested)
	switch {
	case !isRequest:
		return participant.Decision[hotel]{}, fmt.Errorf("%w: %s is not consumed", event.ErrInvalid, in.Event.Type)
	case requested.Nights > 7:
		return participant.Decision[hotel]{State: h, Events: []event.Data{roomRefused{}}}, nil
	}
	h.Rooms = append(h.Rooms, 17)
	return participant.Decision[hotel]{State: h, Events: []event.Data{roomHeld{Room: 17}}}, nil
}

// cloud answers the calls of a function: a DynamoDB table whose items are replaced on a
// condition, a bus and a dead-letter queue.
type cloud struct {
	mu          sync.Mutex
	table       map[string]map[string]map[string]any
	published   []event.Event
	deadLetters []string
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := c.call(r.Header.Get("X-Amz-Target"), body)
	status := http.StatusOK
	if err != nil {
		answer, status = map[string]any{"__type": err.Error()}, http.StatusBadRequest
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}

func (c *cloud) call(target string, body []byte) (map[string]any, error) {
	var in struct {
		Key, Item                 map[string]map[string]any
		ConditionExpression       string
		ExpressionAttributeValues map[string]map[string]any
		Entries                   []struct{ Detail string }
		MessageBody               string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(target, ".")
	switch operation {
	case "GetItem":
		if item, exists := c.table[fmt.Sprint(in.Key["pk"]["S"])]; exists {
			return map[string]any{"Item": item}, nil
		}
		return map[string]any{}, nil
	case "PutItem":
		return map[string]any{}, c.put(in.Item, in.ConditionExpression, in.ExpressionAttributeValues[":loaded"]["N"])
	case "PutEvents":
		ids := make([]map[string]string, len(in.Entries))
		for i, entry := range in.Entries {
			e, err := event.Parse([]byte(entry.Detail))
			if err != nil {
				return nil, err
			}
			c.published, ids[i] = append(c.published, e), map[string]string{"EventId": strconv.Itoa(i)}
		}
		return map[string]any{"FailedEntryCount": 0, "Entries": ids}, nil
	case "SendMessage":
		c.deadLetters = append(c.deadLetters, in.MessageBody)
		digest := md5.Sum([]byte(in.MessageBody)) //nolint:gosec // The SDK checks it.
		return map[string]any{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(digest[:])}, nil
	}
	return nil, fmt.Errorf("UnknownOperation: %s", target)
}

func (c *cloud) put(item map[string]map[string]any, condition string, loaded any) error {
	key := fmt.Sprint(item["pk"]["S"])
	old, exists := c.table[key]
	holds := !exists
	switch condition {
	case "attribute_not_exists(#pk)":
	case "#version = :loaded":
		holds = exists && old["version"]["N"] == loaded
	default:
		return fmt.Errorf("UnknownCondition: %s", condition)
	}
	if !holds {
		return fmt.Errorf("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException")
	}
	c.table[key] = item
	return nil
}

// function is the hotel's function, with what it has logged.
type function struct {
	*cloud

	app  *lambdaapp.App
	logs func() string
	run  func(ctx context.Context, payload json.RawMessage) (events.SQSEventResponse, error)
}

// newFunction makes the function as its main does, on a cloud of this test.
func newFunction(t *testing.T) *function {
	t.Helper()
	c := &cloud{table: make(map[string]map[string]map[string]any)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"SERVICE_NAME": "hotel", "TABLE_NAME": "bookings", "EVENT_BUS_NAME": "travel", "LOG_LEVEL": "INFO", "METRICS_NAMESPACE": "",
		"RETENTION": "360h", "DEAD_LETTER_QUEUE_URL": server.URL + "/1/hotel-dead", "AWS_ENDPOINT_URL": server.URL,
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		t.Setenv(name, value)
	}
	travel, err := newHotel()
	if err != nil {
		t.Fatal(err)
	}
	output, stdout := os.Stdout, createLog(t)
	os.Stdout = stdout
	app, err := lambdaapp.New(t.Context(), travel)
	os.Stdout = output
	if err != nil {
		t.Fatal(err)
	}
	p, err := lambdaapp.Participant(app, participant.Config[hotel]{
		Source: "hotel", Decide: participant.Pure(hold), Begins: []event.Data{roomRequested{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := app.Handler(p.HandleBatch)
	if err != nil {
		t.Fatal(err)
	}
	logs := func() string {
		text, err := os.ReadFile(stdout.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return &function{c, app, logs, handler.Batch}
}

// createLog returns a file that is closed after the test.
func createLog(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// deliver delivers the request of a booking, and messages beside it.
func (f *function) deliver(t *testing.T, booking string, nights int, others ...string) {
	t.Helper()
	call := event.Event{ID: "call-of-" + booking, Source: "web", Subject: booking, CorrelationID: booking}
	e, err := event.Caused(event.Cause{Event: call, IsCommand: true}, "travel", roomRequested{nights}, 0, time.Now())
	if err == nil {
		e, err = f.app.Language.Seal(e)
	}
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	var batch events.SQSEvent
	for i, body := range append([]string{string(encoded)}, others...) {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: strconv.Itoa(i), EventSource: "aws:sqs", Body: body})
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.run(t.Context(), payload)
	if err != nil || len(answer.BatchItemFailures) > 0 {
		t.Fatalf("the answer is %+v, %v; logged:\n%s", answer, err, f.logs())
	}
}

func TestAFunctionOfAnotherSystemHandlesEventsInItsOwnLanguage(t *testing.T) {
	f := newFunction(t)
	f.deliver(t, "b-1", 2)
	f.deliver(t, "b-1", 2)
	f.deliver(t, "b-2", 8)

	var got []string
	for _, e := range f.published {
		data, err := f.app.Language.Decode(e)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %+v", e.Subject, data))
	}
	if want := "b-1 {Room:17}, b-1 {Room:17}, b-2 {}"; strings.Join(got, ", ") != want {
		t.Errorf("published: %v, want %s", got, want)
	}
	if len(f.published) == 3 && f.published[0].ID != f.published[1].ID {
		t.Error("an event that is delivered twice has two effects")
	}
	if len(f.deadLetters) != 0 {
		t.Errorf("dead letters: %v", f.deadLetters)
	}
}

func TestAnEventOfTheSagaIsADeadLetterOfAnotherSystem(t *testing.T) {
	f := newFunction(t)
	const placed = `{"specversion": "1.0", "id": "e-1", "source": "order", "type": "order.placed", "subject": "o-1",
		"time": "2026-03-04T05:06:07Z", "dataschema": "https://example.com/saga/schema/order.placed/1", "correlationid": "o-1", "data": {}}`
	f.deliver(t, "b-1", 2, placed)
	if len(f.deadLetters) != 1 || f.deadLetters[0] != placed || len(f.published) != 1 {
		t.Errorf("dead letters: %v, published: %v", f.deadLetters, f.published)
	}
}

func TestLogsAndTracesHaveTheSubjectUnderTheNameOfTheLanguage(t *testing.T) {
	f := newFunction(t)
	f.deliver(t, "b-1", 2)
	if logs := f.logs(); !strings.Contains(logs, `"booking_id":"b-1"`) || strings.Contains(logs, "order") {
		t.Errorf("the log is %s", logs)
	}
	_, span := tracing.Start(t.Context(), f.app.Tracer, event.Event{Subject: "b-1"}, trace.SpanKindConsumer)
	span.End()
	recorded, isRecorded := span.(sdktrace.ReadOnlySpan)
	if !isRecorded || !strings.Contains(fmt.Sprint(recorded.Attributes()), fmt.Sprint(attribute.String("booking_id", "b-1"))) {
		t.Errorf("the span is %+v", span)
	}
}

func TestARecordHasTheWordsOfTheLanguageAsCodes(t *testing.T) {
	f := newFunction(t)
	f.deliver(t, "b-1", 2)
	encoded, err := base64.StdEncoding.DecodeString(fmt.Sprint(f.table["b-1"]["record"]["B"]))
	if err != nil || len(encoded) == 0 {
		t.Fatalf("the table is %v, %v", f.table, err)
	}
	for _, word := range f.app.Language.Words() {
		if bytes.Contains(encoded, []byte(word)) {
			t.Errorf("the record %q has the word %q", encoded, word)
		}
	}
}

func TestAFunctionWithoutItsVariablesDoesNotStart(t *testing.T) {
	travel, err := newHotel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lambdaapp.New(t.Context(), travel); err == nil || !strings.Contains(err.Error(), "TABLE_NAME is not set") {
		t.Errorf("the error is %v", err)
	}
}
