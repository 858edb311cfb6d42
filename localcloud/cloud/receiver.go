package cloud

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"example.com/saga/localcloud/printable"
)

// deliveriesPath is where the receiver answers, beside the AWS APIs.
const deliveriesPath = "/deliveries"

// maximumDeliveries is how many events the receiver keeps: the oldest are dropped.
const maximumDeliveries = 20_000

// receiver is the endpoint that API destinations call when no other is given.
// It accepts CloudEvents in JSON that come with a key, and shows them.
type receiver struct {
	clock func() time.Time
	// hasKey reports whether a request has a valid key.
	hasKey func(http.Header) bool

	mu       sync.Mutex
	arrived  []*received
	byID     map[string]*received
	refusals int
}

// received is one event that arrived, possibly more than once.
type received struct {
	ID       string          `json:"id"`
	Count    int             `json:"count"`
	Time     time.Time       `json:"time"`
	LastTime time.Time       `json:"lastTime"`
	Header   http.Header     `json:"headers"`
	Body     json.RawMessage `json:"body"`
}

// problem is an error as RFC 9457 describes it.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func newReceiver(clock func() time.Time, hasKey func(http.Header) bool) *receiver {
	return &receiver{clock: clock, hasKey: hasKey, byID: map[string]*received{}}
}

// ServeHTTP stores with POST and shows with GET.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch request.Method {
	case http.MethodGet:
		r.show(w)
	case http.MethodPost:
		if refused := r.receive(request); refused != nil {
			r.mu.Lock()
			r.refusals++
			r.mu.Unlock()
			writeProblem(w, *refused)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, POST")
		writeProblem(w, problem{"Method not allowed", http.StatusMethodNotAllowed, "Use POST to deliver and GET to see what arrived."})
	}
}

func (r *receiver) receive(request *http.Request) *problem {
	if !r.hasKey(request.Header) {
		return &problem{"Unauthorized", http.StatusUnauthorized, "The API key is missing or wrong."}
	}
	kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || kind != "application/cloudevents+json" {
		return &problem{"Unsupported media type", http.StatusUnsupportedMediaType, "The content type must be application/cloudevents+json."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, request.Body, 1<<20))
	if err != nil {
		return &problem{"Content too large", http.StatusRequestEntityTooLarge, err.Error()}
	}
	var event struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.ID == "" {
		return &problem{"Bad request", http.StatusBadRequest, "The body must be a CloudEvent in JSON, with an id."}
	}
	r.store(event.ID, request.Header, body)
	return nil
}

func (r *receiver) store(id string, header http.Header, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	known := r.byID[id]
	if known == nil {
		known = &received{ID: id, Time: now, Header: header.Clone(), Body: body}
		r.byID[id] = known
		r.arrived = append(r.arrived, known)
		r.dropOldest()
	}
	known.Count++
	known.LastTime = now
}

func (r *receiver) dropOldest() {
	if len(r.arrived) <= maximumDeliveries {
		return
	}
	delete(r.byID, r.arrived[0].ID)
	r.arrived[0] = nil
	r.arrived = r.arrived[1:]
}

func (r *receiver) show(w http.ResponseWriter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	writeJSON(w, http.StatusOK, "application/json", map[string]any{
		"deliveries": append([]*received{}, r.arrived...),
		"refused":    r.refusals,
	})
}

func writeProblem(w http.ResponseWriter, p problem) {
	writeJSON(w, p.Status, "application/problem+json", p)
}

// writeJSON writes a value to be read by programs, and by people on a terminal.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	//nolint:errcheck // The caller has gone: there is nothing left to write to.
	w.Write(append(printable.JSON(body), '\n'))
}
