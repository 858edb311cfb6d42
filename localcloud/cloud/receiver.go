package cloud

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/printable"
)

// deliveriesPath is where the receiver answers, beside the AWS APIs, and what is
// in front of all paths at which it receives.
const deliveriesPath = "/deliveries"

// maximumDeliveries is how many events the receiver keeps: the oldest are dropped.
const maximumDeliveries = 20_000

// receiver is the endpoint of API destinations that have no other. It accepts
// every method, path and content type with a credential of a connection.
type receiver struct {
	clock func() time.Time
	// authorizes reports whether a request has a valid credential.
	authorizes func(http.Header) bool

	mu       sync.Mutex
	arrived  []*received
	byPlace  map[place]*received
	refusals int
}

// place distinguishes deliveries: the same event at the same place has arrived
// again.
type place struct {
	Method string `json:"method"`
	// Host, Path and Query are those of the endpoint.
	Host  string `json:"host"`
	Path  string `json:"path"`
	Query string `json:"query,omitempty"`
	// ID is the event's, which is empty if the body is not an object with an id.
	ID string `json:"id,omitempty"`
}

// received is what arrived at a place, possibly more than once.
type received struct {
	place

	Count    int         `json:"count"`
	Time     time.Time   `json:"time"`
	LastTime time.Time   `json:"lastTime"`
	Header   http.Header `json:"headers"`
	// Body is the body, as a text if it is not JSON.
	Body json.RawMessage `json:"body"`
}

// problem is an error as RFC 9457 describes it.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func newReceiver(clock func() time.Time, authorizes func(http.Header) bool) *receiver {
	return &receiver{clock: clock, authorizes: authorizes, byPlace: map[place]*received{}}
}

// isDelivery reports whether a request is for the receiver.
func isDelivery(request *http.Request) bool {
	return request.URL.Path == deliveriesPath || strings.HasPrefix(request.URL.Path, deliveriesPath+"/")
}

// ServeHTTP shows what has arrived, for a GET of its own address, and takes
// everything else.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet && request.URL.Path == deliveriesPath {
		r.show(w)
		return
	}
	if refused := r.receive(request); refused != nil {
		r.mu.Lock()
		r.refusals++
		r.mu.Unlock()
		writeProblem(w, *refused)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) receive(request *http.Request) *problem {
	if !r.authorizes(request.Header) {
		return &problem{"Unauthorized", http.StatusUnauthorized, "The credential of a connection is missing or wrong."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, request.Body, 1<<20))
	if err != nil {
		return &problem{"Content too large", http.StatusRequestEntityTooLarge, err.Error()}
	}
	at := placeOf(request, body)
	if !json.Valid(body) {
		if body, err = json.Marshal(string(body)); err != nil {
			return &problem{"Bad request", http.StatusBadRequest, err.Error()}
		}
	}
	r.store(at, request.Header, body)
	return nil
}

// placeOf returns where a request was for. Its path is the receiver's, the host of
// the endpoint and the endpoint's path.
func placeOf(request *http.Request, body []byte) place {
	rest := strings.TrimPrefix(strings.TrimPrefix(request.URL.EscapedPath(), deliveriesPath), "/")
	host, path, _ := strings.Cut(rest, "/")
	return place{Method: request.Method, Host: host, Path: "/" + path, Query: request.URL.RawQuery, ID: idOf(body)}
}

func idOf(body []byte) string {
	var event map[string]any
	if json.Unmarshal(body, &event) != nil {
		return ""
	}
	id, _ := event["id"].(string)
	return id
}

func (r *receiver) store(at place, header http.Header, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	known := r.byPlace[at]
	if known == nil {
		known = &received{place: at, Time: now, Header: header.Clone(), Body: body}
		r.arrived = append(r.arrived, known)
		r.dropOldest()
		if at.ID != "" {
			r.byPlace[at] = known
		}
	}
	known.Count++
	known.LastTime = now
}

func (r *receiver) dropOldest() {
	if len(r.arrived) <= maximumDeliveries {
		return
	}
	delete(r.byPlace, r.arrived[0].place)
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
