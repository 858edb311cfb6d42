package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/console"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderlist"
	"example.com/saga/operator/orderview"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/order/httpapi"
)

const markup = `<script>alert("x")</script>`

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// shop is a saga with one order and one dead letter.
type shop struct {
	t *testing.T

	mu      sync.Mutex
	records map[string]participant.Record
	letters []dlq.DeadLetter
	// did has what was done to dead letters.
	did []string
	// catalogues is how often the catalogue was made.
	catalogues int
	broken     error
	// show shows a message of the event log, once the console follows it.
	show     func(string)
	followed chan struct{}

	console *console.Console
	server  *httptest.Server
}

func record(t *testing.T, id string, state order.State) participant.Record {
	t.Helper()
	encoded, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	return participant.Record{Subject: id, Version: 1, State: encoded}
}

// newShop starts a console that shows a saga.
func newShop(t *testing.T, change func(*console.Config)) *shop {
	t.Helper()
	s := &shop{t: t, records: make(map[string]participant.Record), followed: make(chan struct{})}
	s.records["order-12345678"] = record(t, "order-12345678", order.State{Progress: order.Reserved, CustomerID: markup, PlacedAt: now.Add(-time.Minute)})
	s.letters = []dlq.DeadLetter{{
		Message: deadletter.Message{ID: "letter-1", Body: markup, Sent: now.Add(-time.Minute)}, Queue: "Payment/DeadLetters", Context: "payment",
		Event: deadletter.Content{Type: markup, ID: markup, Order: "order-12345678"}, Reason: "INVALID_EVENT: " + markup,
	}}
	config := console.Config{
		Stack: "shop", Orders: orderlist.New(s, func() time.Time { return now }), Follow: s.follow, DeadLetters: s,
		Load: func(_ context.Context, id string, letters []dlq.DeadLetter) (orderview.View, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			view := orderview.View{ID: id, ReadAt: now}
			if found, known := s.records[id]; known {
				view.Contexts = []orderview.Context{{Name: "order", Record: found}}
				view.Order = order.State{Progress: order.Reserved, CustomerID: markup, PlacedAt: now.Add(-time.Minute)}
				view.Events = []orderview.Event{{Type: "order." + markup, ID: "event-1", Publisher: "order", Time: now, Data: json.RawMessage(`{"a":"` + `</pre>` + `"}`)}}
				view.DeadLetters = letters
			}
			return view, s.broken
		},
		FindOrder: func(_ context.Context, text string) (string, error) {
			if text == "0123456789abcdef0123456789abcdef" {
				return "order-12345678", nil
			}
			return "", nil
		},
		Replay: func(_ context.Context, id, to string) ([]console.Outcome, error) {
			return []console.Outcome{{ID: "event-1", Type: "order.placed", Text: "sent to " + to + " for " + id}}, nil
		},
		Advise: func(string) template.HTML { return "<p>advice</p>" },
		Audit: func(context.Context) (console.AuditResult, error) {
			return console.AuditResult{Orders: 1, Violations: []string{markup}}, s.broken
		},
		Catalogue: s.catalogue,
		Recent: func(context.Context, string) ([]string, error) {
			return []string{logged("e-old", "", "order.placed", `{}`), logged("e-other", "", "order.cancelled", `{}`), "order.placed " + markup}, s.broken
		},
		Live: func(context.Context) (catalogue.Live, error) {
			return catalogue.Live{Queues: map[string]catalogue.Depth{"Shop/Queue": {Visible: 3, InFlight: 2}}, Stopped: map[string]string{}}, s.broken
		},
		Every: time.Millisecond, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	}
	change(&config)
	var err error
	if s.console, err = console.New(config); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(s.console.Handler())
	t.Cleanup(s.server.Close)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		s.console.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	s.eventually("the dead letter is known", func() bool { return strings.Contains(s.get("/counts"), "<b>1</b> dead letter") })
	return s
}

func (s *shop) follow(ctx context.Context, ready func(), show func(string)) error {
	ready()
	s.mu.Lock()
	s.show = show
	s.mu.Unlock()
	select {
	case <-s.followed:
	default:
		close(s.followed)
	}
	<-ctx.Done()
	return nil
}

// catalogue returns the pages of a template that has markup.
func (s *shop) catalogue(context.Context) (catalogue.Pages, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalogues++
	if s.broken != nil {
		return catalogue.Pages{}, s.broken
	}
	events, err := catalogue.New(fmt.Appendf(nil, `{"Resources": {
		"Main": {"Type": "AWS::Events::EventBus", "Properties": {"Name": %q}}, "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}, "Metadata": {"aws:cdk:path": "shop/Shop/Queue/Resource"}},
		"Worker": {"Type": "AWS::Lambda::Function", "Properties": {}, "Metadata": {"aws:cdk:path": "shop/Payment/Worker/Resource"}},
		"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Worker"}}},
		"Consume": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Main"}, "EventPattern": {"detail-type": ["order.placed"]},
			"Targets": [{"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]}}}}`, markup))
	if err != nil {
		return catalogue.Pages{}, err
	}
	return catalogue.NewPages(events, httpapi.OpenAPI(), "")
}

// ScanRecords and LoadAll are those of orderlist.Table.
func (s *shop) ScanRecords(_ context.Context, each func(participant.Record)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, found := range s.records {
		each(found)
	}
	return nil
}

func (s *shop) LoadAll(_ context.Context, ids []string) (map[string]participant.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]participant.Record)
	for _, id := range ids {
		found[id] = s.records[id]
	}
	return found, nil
}

// Depths, Read, Redrive and Discard are those of console.DeadLetters.
func (s *shop) Depths(context.Context) (map[string]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int{"Payment/DeadLetters": len(s.letters)}, nil
}

func (s *shop) Read(context.Context, string) ([]dlq.DeadLetter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters, nil
}

func (s *shop) Redrive(_ context.Context, queue, id string, dryRun bool) ([]console.Outcome, error) {
	if dryRun {
		return []console.Outcome{{ID: id, Type: "order.placed", Text: "would be sent"}}, nil
	}
	return s.remove("redrive " + queue + " " + id)
}

func (s *shop) Discard(_ context.Context, queue, id string) ([]console.Outcome, error) {
	return s.remove("discard " + queue + " " + id)
}

func (s *shop) remove(what string) ([]console.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	s.did = append(s.did, what)
	s.letters = nil
	return []console.Outcome{{ID: "letter-1", Type: "order.placed", Text: "done"}}, nil
}

func (s *shop) done() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.did
}

// request sends a request as the console's own pages do, and returns the answer.
func (s *shop) request(method, path, form string, change func(*http.Request)) (int, http.Header, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, s.server.URL+path, strings.NewReader(form))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if method != http.MethodGet {
		request.Header.Set("Origin", s.server.URL)
	}
	change(request)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func unchanged(*http.Request) {}

func (s *shop) get(path string) string {
	s.t.Helper()
	_, _, body := s.request(http.MethodGet, path, "", unchanged)
	return body
}

func (s *shop) post(path, form string) (int, string) {
	s.t.Helper()
	status, _, body := s.request(http.MethodPost, path, form, unchanged)
	return status, body
}

func (s *shop) eventually(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited for: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func as(*console.Config) {}

var errBroken = errors.New("broken <b>")
