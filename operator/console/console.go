// Package console shows a saga in a browser: its orders, what has become of each, its dead
// letters, and the catalogue of its events and its order API. It shows the same for a saga
// in AWS and in the local cloud, because it reads both through AWS's APIs.
//
// Pages are rendered here, with html/template, which escapes all that comes from events.
// A page is a whole document. In a browser with JavaScript, htmx requests it again
// when the server sends that something has changed, and replaces what differs.
package console

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/saga/operator/activity"
	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/faults"
	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/orderlist"
	"example.com/saga/operator/orderview"
)

// Config is what a console shows and does.
type Config struct {
	// Stack is the name of the stack.
	Stack string
	// ReadOnly refuses all that changes the saga.
	ReadOnly bool
	Orders   *orderlist.List
	// Follow calls show for each message in the event log, from the time at which it calls
	// ready until ctx ends.
	Follow func(ctx context.Context, ready func(), show func(message string)) error
	// DeadLetters has the dead-letter queues.
	DeadLetters DeadLetters
	// API places and cancels orders. It is nil if it requires IAM signatures.
	API *orderapi.Client
	// Load reads all about an order. The dead letters are those of all orders.
	Load func(ctx context.Context, id string, deadLetters []dlq.DeadLetter) (orderview.View, error)
	// FindOrder returns the order of the event that mentions an id of an event or a
	// trace, or "".
	FindOrder func(ctx context.Context, text string) (string, error)
	// Replay sends the events of an order to a context again.
	Replay func(ctx context.Context, order, to string) ([]Outcome, error)
	// Spans returns the spans of a trace. It is nil if they are shown elsewhere, at
	// TraceURL followed by the id of the trace.
	Spans    func(ctx context.Context, trace string) ([]Span, error)
	TraceURL string
	// Advise returns what the runbook says about the reason of a dead letter, or "".
	Advise func(reason string) template.HTML
	// Audit checks the invariants.
	Audit func(context.Context) (AuditResult, error)
	// Catalogue reads the stack's template, and returns the pages about events and the
	// order API.
	Catalogue func(context.Context) (catalogue.Pages, error)
	// Recent returns the last messages of the last hour in the event log that contain a text.
	Recent func(ctx context.Context, text string) ([]string, error)
	// Live reads the depths of all queues, and which functions get no messages.
	Live func(context.Context) (catalogue.Live, error)
	// Faults has the faults of the local cloud. It is nil in AWS.
	Faults *faults.Client
	// Activity is what happens in the local cloud. It is nil in AWS.
	Activity *activity.Client
	// Every is the time between two polls, unless something happens before.
	Every  time.Duration
	Clock  func() time.Time
	Logger *slog.Logger
}

// Console is a console. Run, which is called once, keeps it up to date.
type Console struct {
	Config

	// started distinguishes its stamps from those of an earlier console at the same address.
	started int64
	pages   pages
	pulse   *pulse
	cached  *deadLetterCache
	audited auditor
	chaos   chaos
	tail    tail
	status  status
	library library
	history *history
	seen    *seen
	// woken has a value if something has happened since the last poll began.
	woken chan struct{}
	// over is closed when Run ends.
	over chan struct{}
}

// New makes a console.
func New(config Config) (*Console, error) {
	parsed, err := parsePages()
	if err != nil {
		return nil, err
	}
	return &Console{
		Config: config, started: config.Clock().UnixMilli(), pages: parsed, pulse: newPulse(), cached: newDeadLetterCache(config.DeadLetters, config.Clock),
		library: library{load: config.Catalogue}, history: newHistory(), seen: newSeen(config.Recent), woken: make(chan struct{}, 1), over: make(chan struct{}),
	}, nil
}

// Handler returns the handler of all pages.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.page(c.ordersPage))
	mux.HandleFunc("GET /orders/{id}", c.page(c.orderPage))
	mux.HandleFunc("GET /events", c.page(c.eventsPage))
	mux.HandleFunc("GET /dlq", c.page(c.deadLettersPage))
	mux.HandleFunc("GET /audit", c.page(c.auditPage))
	mux.HandleFunc("GET /catalogue/{$}", c.page(c.cataloguePage))
	mux.HandleFunc("GET /catalogue/{name}", c.catalogued)
	mux.HandleFunc("GET /problems/{kind}", problem)
	if c.Faults != nil {
		mux.HandleFunc("GET /faults", c.page(c.faultsPage))
		mux.HandleFunc("POST /faults", c.action(c.changeFaults))
		mux.HandleFunc("POST /faults/orders", c.action(c.placeMany))
	}
	mux.HandleFunc("GET /search", c.search)
	mux.HandleFunc("GET /counts", c.showCounts)
	mux.HandleFunc("GET /live", c.live)
	mux.Handle("GET /static/", staticFiles())
	mux.HandleFunc("GET /static/catalogue.css", catalogueStyle)
	mux.HandleFunc("POST /audit", c.runAudit)
	mux.HandleFunc("POST /orders", c.action(c.place))
	mux.HandleFunc("POST /orders/{id}/cancellation", c.action(c.cancel))
	mux.HandleFunc("POST /orders/{id}/replay", c.action(c.replay))
	mux.HandleFunc("POST /dlq/redrive", c.action(c.redrive))
	mux.HandleFunc("POST /dlq/discard", c.action(c.discard))
	mux.HandleFunc("GET /", c.page(func(*http.Request) (page, error) { return noSuchPage(), nil }))
	return protect(mux)
}

// Serve serves a handler until ctx ends, which is no error. Open streams end at once.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { ended <- server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
