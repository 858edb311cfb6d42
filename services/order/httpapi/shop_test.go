package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/services/order"
	"example.com/saga/services/order/httpapi"
	"example.com/saga/services/order/metrics"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// shop is the order API with the order context behind it, in memory. Its requests are
// signed by a caller, unless it is open.
type shop struct {
	t       testing.TB
	handler http.Handler
	// unsigned is the handler without the caller.
	unsigned  http.Handler
	url       string
	orders    *participant.Participant[order.State]
	language  *language.Language
	store     *faultyStore
	publisher *faultyPublisher
	logs      *strings.Builder
	spans     *tracetest.InMemoryExporter
	now       time.Time
	caller    httpcommand.Caller
	// answers are the answers that occurred.
	answers answers
	// ring is the value of the secret with the keys of ids and tokens.
	ring string
}

// faultyStore fails if err is set, and counts its loads and the commits that are made.
type faultyStore struct {
	participant.Store

	err     error
	commits int
	loads   int
	// beforeLoad, if set, runs before the nth load, which fails with its error.
	beforeLoad func(n int) error
}

func (s *faultyStore) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.loads++
	if s.err != nil {
		return participant.Record{}, s.err
	}
	if s.beforeLoad != nil {
		if err := s.beforeLoad(s.loads); err != nil {
			return participant.Record{}, err
		}
	}
	return s.Store.Load(ctx, subject)
}

func (s *faultyStore) Commit(ctx context.Context, r participant.Record, a []participant.Adjustment) error {
	if s.err != nil {
		return s.err
	}
	err := s.Store.Commit(ctx, r, a)
	if err == nil {
		s.commits++
	}
	return err
}

// faultyPublisher fails if err is set.
type faultyPublisher struct {
	memory.Publisher

	err error
}

func (p *faultyPublisher) Publish(ctx context.Context, events ...event.Event) error {
	if p.err != nil {
		return p.err
	}
	return p.Publisher.Publish(ctx, events...)
}

func newShop(tb testing.TB) *shop {
	tb.Helper()
	return newShopOf(tb, false)
}

func newOpenShop(tb testing.TB) *shop {
	tb.Helper()
	return newShopOf(tb, true)
}

func newShopOf(tb testing.TB, open bool) *shop {
	tb.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		tb.Fatal(err)
	}
	s := &shop{
		t: tb, language: language, store: &faultyStore{Store: memory.NewStore()}, publisher: &faultyPublisher{}, logs: &strings.Builder{},
		spans: tracetest.NewInMemoryExporter(), now: now,
		caller: httpcommand.Caller{Account: "111122223333", Principal: "AIDAALICE"},
		ring:   `{"key": "` + strings.Repeat("a", keyring.MinimumLength) + `"}`,
	}
	clock := func() time.Time { return s.now }
	config := order.Context()
	config.Store = s.store
	config.Publisher = s.publisher
	config.Language = language
	config.Clock = clock
	config.Retention = 24 * time.Hour
	config.Pause = func(context.Context, int) error { return nil }
	config.TraceParent = tracing.Parent
	config.Committed = metrics.Committed
	s.orders, err = participant.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	logger, err := telemetry.NewLogger(s.logs, telemetry.Config{
		Service: "order", Level: "INFO", Namespace: "saga-test", Subject: s.language.SubjectName(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	random := 0
	api, err := (&httpapi.API{
		Orders: s.orders,
		Logger: logger,
		Tracer: tracing.NewProvider("order", sdktrace.AlwaysSample(), s.spans).Tracer("test"),
		Clock:  clock,
		NewID: func() string {
			random++
			return fmt.Sprintf("random-%d", random)
		},
		Deadline: time.Hour,
		Keys:     s.keys,
		Open:     open,
	}).Handler()
	if err != nil {
		tb.Fatal(err)
	}
	handler := s.documented(api)
	s.handler, s.unsigned = handler, handler
	if !open {
		s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(w, r.WithContext(httpcommand.WithCaller(r.Context(), s.caller)))
		})
	}
	server := httptest.NewServer(s.handler)
	tb.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// keys returns the keys of the ring now.
func (s *shop) keys(context.Context) (keyring.Keys, error) {
	ring, err := keyring.Parse(s.ring)
	if err != nil {
		return keyring.Keys{}, err
	}
	return ring.At(s.now), nil
}

// reply is an answer of the API.
type reply struct {
	// origin is the scheme and the host of the API.
	origin string
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// text returns a member of the body.
func (r reply) text(member string) string {
	text, _ := r.body[member].(string)
	return text
}

const goodOrder = `{"customerId": "c-42", "items": [{"sku": "123", "quantity": 2, "price": 1250}], "currency": "EUR",
	"paymentMethod": "card", "shippingAddress": "23 Fake Street"}`

// send sends a request with JSON, and with headers as "Name: value".
func (s *shop) send(method, path, body string, headers ...string) reply {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("X-Forwarded-Proto", "http")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{origin: s.url, status: response.StatusCode, header: response.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &r.body); err != nil {
		s.t.Fatalf("%s %s: %d %q: %v", method, path, r.status, raw, err)
	}
	return r
}

// place places a good order and returns its id.
func (s *shop) place() string {
	s.t.Helper()
	r := s.send(http.MethodPost, "/orders", goodOrder)
	if r.status != http.StatusAccepted {
		s.t.Fatalf("the order is answered by %d %s", r.status, r.raw)
	}
	return r.text("orderId")
}

// handle handles an event of the warehouse, and returns its id.
func (s *shop) handle(orderID, causedBy string, data event.Data) string {
	s.t.Helper()
	cause := event.Event{ID: causedBy, Source: "cause", Subject: orderID, CorrelationID: "saga"}
	e, err := event.Caused(event.Cause{Event: cause}, contract.SourceWarehouse, data, 0, now)
	if err != nil {
		s.t.Fatal(err)
	}
	if e, err = s.language.Seal(e); err != nil {
		s.t.Fatal(err)
	}
	if err := s.orders.Handle(s.t.Context(), e); err != nil {
		s.t.Fatal(err)
	}
	return e.ID
}

// published returns the ids of the published events of a type, in their order.
func (s *shop) published(eventType string) []string {
	var ids []string
	for _, e := range s.publisher.Published() {
		if e.Type == eventType {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// isProblem checks that the answer is a problem document of the type at a path.
func (r reply) isProblem(t *testing.T, status int, problemType string) {
	t.Helper()
	if r.status != status || r.text("type") != r.origin+problemType {
		t.Errorf("the answer is %d %s, want %d %s", r.status, r.raw, status, problemType)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("the content type is %q", got)
	}
	if r.body["status"] != float64(status) || r.text("title") == "" || r.text("detail") == "" {
		t.Errorf("the problem is incomplete: %s", r.raw)
	}
}
