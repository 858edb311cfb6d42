package httpcommand_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/jsonschema"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// desk is the API of a hotel, which records what it answers.
type desk struct {
	t         *testing.T
	api       *httpcommand.API
	store     *failingStore
	publisher *failingPublisher
	logs      strings.Builder
	caller    httpcommand.Caller
	// answered are the answers, as an Operation lists them.
	answered map[string]bool
}

type failingStore struct {
	participant.Store

	err     error
	commits int
}

func (s *failingStore) Commit(ctx context.Context, r participant.Record, a []participant.Adjustment) error {
	if s.err != nil {
		return s.err
	}
	s.commits++
	return s.Store.Commit(ctx, r, a)
}

func (s *failingStore) Load(ctx context.Context, subject string) (participant.Record, error) {
	if s.err != nil {
		return participant.Record{}, s.err
	}
	return s.Store.Load(ctx, subject)
}

type failingPublisher struct{ err error }

func (p *failingPublisher) Publish(context.Context, ...event.Event) error { return p.err }

func newDesk(t *testing.T, config httpcommand.Config) *desk {
	t.Helper()
	d := &desk{
		t: t, store: &failingStore{Store: memory.NewStore()}, publisher: &failingPublisher{}, answered: make(map[string]bool),
		caller: httpcommand.Caller{Account: "111122223333", Principal: "AIDAALICE"},
	}
	config.Logger = slog.New(slog.NewTextHandler(&d.logs, nil))
	h, err := newHotel(d.store, d.publisher)
	if err != nil {
		t.Fatal(err)
	}
	if d.api, err = h.api(config); err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	good      = `{"guest": "Ada", "nights": 2}`
	unknownID = "6f1c1c0e-0000-5000-8000-000000000000"
)

// serve serves a request with a body, and with headers as "Name: value".
func (d *desk) serve(method, path string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	ctx := httpcommand.WithCaller(d.t.Context(), d.caller)
	request := httptest.NewRequestWithContext(ctx, method, path, body)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	answer := httptest.NewRecorder()
	d.api.ServeHTTP(answer, request)
	d.record(request, answer)
	return answer
}

// record checks what every answer has.
func (d *desk) record(request *http.Request, answer *httptest.ResponseRecorder) {
	d.t.Helper()
	route := request.Method + " " + request.Pattern
	switch {
	case request.Pattern == "/" || request.Pattern == "":
		route = " "
	case answer.Code == http.StatusMethodNotAllowed:
		route = " " + request.Pattern
	}
	if answer.Header().Get("Cache-Control") != "no-store" {
		d.t.Errorf("%s may be cached", route)
	}
	if answer.Code < 400 {
		d.answered[fmt.Sprint(route, " ", answer.Code)] = true
		return
	}
	var problem httpcommand.Document
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		d.t.Fatalf("%s is answered by %d %s", route, answer.Code, answer.Body)
	}
	name, isHere := strings.CutPrefix(problem.Type, "https://example.com/problems/")
	d.answered[fmt.Sprint(route, " ", answer.Code, " ", name)] = true
	page := httptest.NewRecorder()
	d.api.ServeHTTP(page, httptest.NewRequestWithContext(d.t.Context(), http.MethodGet, "/problems/"+name, http.NoBody))
	if !isHere || problem.Status != answer.Code || answer.Header().Get("Content-Type") != "application/problem+json" || problem.Detail == "" ||
		page.Code != http.StatusOK || !strings.HasPrefix(page.Body.String(), fmt.Sprintf("%d %s\n", problem.Status, problem.Title)) {
		d.t.Errorf("the problem is %+v, and its type %d %s", problem, page.Code, page.Body)
	}
}

// post posts a booking as JSON.
func (d *desk) post(body, key string, headers ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.serve(http.MethodPost, "/bookings", strings.NewReader(body),
		append([]string{"Content-Type: application/json", "Idempotency-Key: " + key}, headers...)...)
}

// send sends a request with JSON to /x of an API, and returns the answer.
func send(t *testing.T, config httpcommand.Config, method, body string) *httptest.ResponseRecorder {
	t.Helper()
	api, err := httpcommand.New(config)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), method, "/x", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, request)
	return answer
}

// is checks that an answer is a problem.
func is(t *testing.T, answer *httptest.ResponseRecorder, status int, name string, pointers ...string) {
	t.Helper()
	var problem httpcommand.Document
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	var got []string
	for _, each := range problem.Errors {
		got = append(got, each.Pointer)
	}
	if answer.Code != status || !strings.HasSuffix(problem.Type, "/problems/"+name) || !slices.Equal(got, pointers) {
		t.Errorf("the answer is %d %s, want %d %s at %q", answer.Code, answer.Body, status, name, pointers)
	}
}

func TestARepeatedCommandIsAnsweredTheSameAndExecutedOnce(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	first, again := d.post(good, "key-1"), d.post(`{"nights": 2.0, "guest": "\u0041da"}`, "key-1")
	location := first.Header().Get("Location")
	if first.Code != http.StatusAccepted || location == "" || d.store.commits != 1 || again.Code != first.Code ||
		again.Body.String() != first.Body.String() || again.Header().Get("Location") != location {
		t.Errorf("%d %v %s, then %d %v %s, %d commits", first.Code, first.Header(), first.Body, again.Code, again.Header(), again.Body, d.store.commits)
	}
	if got := d.serve(http.MethodGet, location, http.NoBody); got.Code != http.StatusOK || got.Body.String() != `{"nights":2}` {
		t.Errorf("%s is answered by %d %s", location, got.Code, got.Body)
	}
}

func TestAKeyIsRefusedForAnotherBody(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	d.post(good, "key-1")
	other := d.post(`{"guest": "Ada", "nights": 3}`, "key-1")
	is(t, other, http.StatusUnprocessableEntity, httpcommand.KeyReused)
	if d.store.commits != 1 || other.Header().Get("Location") != "" {
		t.Errorf("%d commits, %v", d.store.commits, other.Header())
	}
}

func TestTheSameKeyOfAnotherCallerIsAnotherKey(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	locations := map[string]bool{}
	for _, caller := range []httpcommand.Caller{
		d.caller,
		{Account: d.caller.Account, Principal: "AIDABOB"},
		{Account: "444455556666", Principal: d.caller.Principal},
	} {
		d.caller = caller
		locations[d.post(good, "key-1").Header().Get("Location")] = true
	}
	if len(locations) != 3 || d.store.commits != 3 {
		t.Errorf("%d commits at %v", d.store.commits, locations)
	}
}

func TestARequestWithoutAKeyThatIsOptionalHasNoKeyID(t *testing.T) {
	answer := send(t, httpcommand.Config{
		Logger: slog.New(slog.DiscardHandler),
		Routes: map[string]httpcommand.Route{"POST /x": {
			Key: httpcommand.OptionalKey,
			Handle: func(r *httpcommand.Request) (httpcommand.Answer, error) {
				id, err := r.KeyID()
				return httpcommand.Answer{Body: id}, err
			},
		}},
	}, http.MethodPost, "")
	if answer.Code != http.StatusOK || answer.Body.String() != `""` {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestACallerIsRequiredUnlessTheAPIIsOpen(t *testing.T) {
	for _, caller := range []httpcommand.Caller{{}, {Account: "111122223333"}, {Principal: "AIDAALICE"}} {
		d := newDesk(t, httpcommand.Config{})
		d.caller = caller
		is(t, d.post(good, "key-1"), http.StatusServiceUnavailable, httpcommand.Unavailable)
		if !strings.Contains(d.logs.String(), "no IAM identity") {
			t.Errorf("logged is %s", d.logs.String())
		}
	}
	d := newDesk(t, httpcommand.Config{Open: true})
	is(t, d.post(good, "key-1"), http.StatusBadRequest, httpcommand.BadKey)
	const random = "8e03978e-40d5-43e8-bc93-6894a57f9324"
	first := d.post(good, random)
	d.caller = httpcommand.Caller{}
	if again := d.post(good, random); first.Code != http.StatusAccepted || again.Header().Get("Location") != first.Header().Get("Location") {
		t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
}

func TestABadCommandIsAProblemAndIsNotExecuted(t *testing.T) {
	d := newDesk(t, httpcommand.Config{MaximumBody: 1000})
	for name, test := range map[string]struct {
		body     string
		headers  []string
		status   int
		problem  string
		pointers []string
	}{
		"no body":                 {"", nil, 400, httpcommand.NoBody, nil},
		"a blank body":            {" \n", nil, 400, httpcommand.NoBody, nil},
		"no JSON":                 {`{"guest"`, nil, 400, httpcommand.NotJSON, nil},
		"trailing data":           {good + "}", nil, 400, httpcommand.NotJSON, nil},
		"two values":              {good + good, nil, 400, httpcommand.NotJSON, nil},
		"Latin-1":                 {"{\"guest\": \"Ad\xe4\", \"nights\": 2}", nil, 400, httpcommand.NotJSON, nil},
		"a byte order mark":       {"\uFEFF" + good, nil, 400, httpcommand.NotJSON, nil},
		"an unknown member":       {`{"guest": "Ada", "nights": 2, "a/b": 1}`, nil, 400, httpcommand.UnknownField, []string{"/a~1b"}},
		"a member in other case":  {`{"Guest": "Ada", "nights": 2}`, nil, 400, httpcommand.UnknownField, []string{"/Guest", "/guest"}},
		"a member twice":          {`{"guest": "Ada", "nights": 2, "nights": 3}`, nil, 400, httpcommand.RepeatedField, []string{"/nights"}},
		"a member twice, escaped": {`{"guest": "Ada", "nights": 2, "\u006eights": 3}`, nil, 400, httpcommand.RepeatedField, []string{"/nights"}},
		"missing members":         {`{}`, nil, 422, httpcommand.InvalidBody, []string{"/guest", "/nights"}},
		"bad members":             {`{"guest": "", "nights": 1.5}`, nil, 422, httpcommand.InvalidBody, []string{"/guest", "/nights"}},
		"a noncharacter":          {`{"guest": "A\uffff", "nights": 2}`, nil, 422, httpcommand.InvalidBody, []string{"/guest"}},
		"an unpaired surrogate":   {`{"guest": "A\ud800", "nights": 2}`, nil, 422, httpcommand.InvalidBody, []string{"/guest"}},
		"no object":               {`[]`, nil, 422, httpcommand.InvalidBody, []string{""}},
		"too large":               {strings.Repeat(" ", 1001), nil, 413, httpcommand.TooLarge, nil},
		"two content types":       {good, []string{"Content-Type: application/json"}, 415, httpcommand.MediaType, nil},
		"a compressed body":       {good, []string{"Content-Encoding: gzip"}, 415, httpcommand.ContentEncoding, nil},
		"gzip":                    {"\x1f\x8b\x08", nil, 415, httpcommand.ContentEncoding, nil},
		"two keys":                {good, []string{"Idempotency-Key: key-2"}, 400, httpcommand.BadKey, nil},
		"what is refused":         {`{"guest": "closed", "nights": 2}`, nil, 409, "closed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			is(t, d.post(test.body, "key-1", test.headers...), test.status, test.problem, test.pointers...)
		})
	}
	for _, key := range []string{"", " ", "a,a", "a b", `"a"`, "a;b", "ä", "a\n", strings.Repeat("k", 256)} {
		is(t, d.post(good, key), http.StatusBadRequest, httpcommand.BadKey)
	}
	is(t, d.serve(http.MethodPost, "/bookings", strings.NewReader(good), "Content-Type: application/json"), 400, httpcommand.MissingKey)
	for _, contentType := range []string{"", "text/plain", "application/json; charset=latin1", "application/merge-patch+json", "a/b/c"} {
		got := d.serve(http.MethodPost, "/bookings", strings.NewReader(good), "Content-Type: "+contentType, "Idempotency-Key: key-1")
		is(t, got, http.StatusUnsupportedMediaType, httpcommand.MediaType)
		if got.Header().Get("Accept") != "application/json" {
			t.Errorf("%q: Accept is %q", contentType, got.Header().Get("Accept"))
		}
	}
	if d.store.commits != 0 {
		t.Errorf("%d commits", d.store.commits)
	}
	if got := d.post(good+strings.Repeat(" ", 1000-len(good)), "key-1"); got.Code != http.StatusAccepted {
		t.Errorf("a good booking of the largest size is answered by %d %s", got.Code, got.Body)
	}
}

func TestAnAnswerHasAtMostAHundredErrors(t *testing.T) {
	for _, count := range []int{100, 101, 200} {
		var members strings.Builder
		for i := range count {
			fmt.Fprintf(&members, `"%d": 1, `, i)
		}
		got := newDesk(t, httpcommand.Config{}).post("{"+members.String()+good[1:], "key-1")
		var problem httpcommand.Document
		if err := json.Unmarshal(got.Body.Bytes(), &problem); err != nil || len(problem.Errors) != httpcommand.MaximumErrors ||
			problem.Errors[0].Pointer != "/0" || strings.Contains(problem.Detail, "first 100") != (count > 100) {
			t.Errorf("%d errors: %s, %v", count, got.Body, err)
		}
	}
}

func TestEveryMethodButThoseOfThePathIsRefusedWithAllow(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	for path, allow := range map[string]string{"/bookings": "POST", "/bookings/" + unknownID: "GET, HEAD", "/problems/json": "GET, HEAD"} {
		for _, method := range []string{http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch, "PURGE"} {
			got := d.serve(method, path, http.NoBody)
			is(t, got, http.StatusMethodNotAllowed, httpcommand.WrongMethod)
			if got.Header().Get("Allow") != allow {
				t.Errorf("%s %s: Allow is %q", method, path, got.Header().Get("Allow"))
			}
		}
	}
	is(t, d.serve(http.MethodGet, "/bookings", http.NoBody), http.StatusMethodNotAllowed, httpcommand.WrongMethod)
}

func TestAPathHasARouteForEachMethod(t *testing.T) {
	nothing := func(*httpcommand.Request) (httpcommand.Answer, error) { return httpcommand.Answer{}, nil }
	config := httpcommand.Config{
		Logger: slog.New(slog.DiscardHandler),
		Routes: map[string]httpcommand.Route{
			"GET /x":    httpcommand.Fixed("text/plain", []byte("x")),
			"HEAD /x":   {Handle: nothing, Status: http.StatusAccepted},
			"DELETE /x": {Handle: nothing, Status: http.StatusCreated},
		},
	}
	for method, want := range map[string]string{
		http.MethodGet: "200 text/plain", http.MethodHead: "202 application/json", http.MethodDelete: "201 application/json",
	} {
		answer := send(t, config, method, "")
		if got := fmt.Sprint(answer.Code, " ", answer.Header().Get("Content-Type")); got != want {
			t.Errorf("%s is answered by %s, want %s", method, got, want)
		}
	}
}

func TestHEADIsGETWithoutItsBody(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	server := httptest.NewServer(d.api)
	defer server.Close()
	for _, path := range []string{d.post(good, "key-1").Header().Get("Location"), "/bookings/" + unknownID, "/problems/json", "/nowhere", "/bookings"} {
		get := httptest.NewRecorder()
		d.api.ServeHTTP(get, httptest.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		head, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(head.Body)
		head.Body.Close()
		if err != nil || len(body) > 0 || head.StatusCode != get.Code || head.ContentLength != int64(get.Body.Len()) ||
			head.Header.Get("Content-Type") != get.Header().Get("Content-Type") {
			t.Errorf("%s: GET is answered by %d %v, HEAD by %+v %q, %v", path, get.Code, get.Header(), head, body, err)
		}
	}
}

func TestAPathHasOneForm(t *testing.T) {
	d := newDesk(t, httpcommand.Config{NotFound: "Bookings are at /bookings."})
	for _, path := range []string{"/", "/bookings/", "//bookings", "/x/../bookings", "/bookings/a/b", "/rooms"} {
		got := d.serve(http.MethodPost, path, http.NoBody)
		is(t, got, http.StatusNotFound, httpcommand.NotFound)
		if !strings.Contains(got.Body.String(), "Bookings are at /bookings.") {
			t.Errorf("%s is answered by %s", path, got.Body)
		}
	}
}

func TestAnErrorOfTheServerIsLoggedAndNotShown(t *testing.T) {
	for logged, handle := range map[string]func(*httpcommand.Request) (httpcommand.Answer, error){
		`error="secret table name"`: func(*httpcommand.Request) (httpcommand.Answer, error) {
			return httpcommand.Answer{}, errors.New("secret table name")
		},
		`panic: secret table name`: func(*httpcommand.Request) (httpcommand.Answer, error) { panic("secret table name") },
		`calling MarshalJSON`:      func(*httpcommand.Request) (httpcommand.Answer, error) { return httpcommand.Answer{Body: secret{}}, nil },
		`error="the route does not declare this problem: secret table name: "`: problem("secret table name"),
		`error="the route does not declare this problem: not-found: "`:         problem(httpcommand.NotFound),
		`error="the route has no Body"`: func(r *httpcommand.Request) (httpcommand.Answer, error) {
			return httpcommand.Answer{}, r.Read(nil)
		},
		`error="the route has no Key"`: func(r *httpcommand.Request) (httpcommand.Answer, error) {
			_, err := r.Key()
			return httpcommand.Answer{}, err
		},
	} {
		t.Run(logged, func(t *testing.T) {
			var logs strings.Builder
			answer := send(t, httpcommand.Config{
				Logger: slog.New(slog.NewTextHandler(&logs, nil)), Routes: map[string]httpcommand.Route{"POST /x": {Handle: handle}},
			}, http.MethodPost, "")
			is(t, answer, http.StatusServiceUnavailable, httpcommand.Unavailable)
			if strings.Contains(answer.Body.String(), "secret") || answer.Header().Get("Retry-After") != "1" ||
				!strings.Contains(logs.String(), "level=ERROR") || !strings.Contains(logs.String(), logged) {
				t.Errorf("%v %s, logged is %s", answer.Header(), answer.Body, logs.String())
			}
		})
	}
}

type secret struct{}

func (secret) MarshalJSON() ([]byte, error) { return nil, errors.New("secret") }

func problem(name string) func(*httpcommand.Request) (httpcommand.Answer, error) {
	return func(*httpcommand.Request) (httpcommand.Answer, error) {
		return httpcommand.Answer{}, &httpcommand.Error{Type: name}
	}
}

func TestAProblemIsAnsweredBeforeAnErrorThatItIsJoinedWith(t *testing.T) {
	is(t, send(t, httpcommand.Config{
		Logger: slog.New(slog.DiscardHandler),
		Problems: []httpcommand.ProblemType{
			{Name: "closed", Status: http.StatusConflict, Title: "Closed", Meaning: "The hotel is closed.", Err: errClosed},
			{Name: "full", Status: http.StatusGone, Title: "Full", Meaning: "There is no room."},
		},
		Routes: map[string]httpcommand.Route{"GET /x": {
			Problems: []string{"closed", "full"},
			Handle: func(*httpcommand.Request) (httpcommand.Answer, error) {
				return httpcommand.Answer{}, errors.Join(errClosed, &httpcommand.Error{Type: "full"})
			},
		}},
	}, http.MethodGet, ""), http.StatusGone, "full")
}

func TestACommittedCommandIsAcceptedAlthoughItIsNotPublished(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	d.publisher.err = errors.New("the bus is unavailable")
	if got := d.post(good, "key-1"); got.Code != http.StatusAccepted || !strings.Contains(d.logs.String(), "the bus is unavailable") {
		t.Errorf("%d %s, logged is %s", got.Code, got.Body, d.logs.String())
	}
}

func TestTheTypeOfAProblemBeginsWithTheBaseThatIsSet(t *testing.T) {
	for name, test := range map[string]struct{ base, header, want string }{
		"by default":       {"", "", "https://example.com/problems/not-found"},
		"without TLS":      {"", "http", "http://example.com/problems/not-found"},
		"with another one": {"https://api.example.org/v1/problems#", "http", "https://api.example.org/v1/problems#not-found"},
	} {
		h := hotel{}
		api, err := h.api(httpcommand.Config{Logger: slog.New(slog.DiscardHandler), ProblemBase: test.base})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		request.Header.Set("X-Forwarded-Proto", test.header)
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, request)
		if !strings.Contains(answer.Body.String(), `"type":"`+test.want+`"`) {
			t.Errorf("%s: %s", name, answer.Body)
		}
	}
}

// listed returns the answers that an API lists.
func listed(api *httpcommand.API) []string {
	var all []string
	for _, o := range api.Operations() {
		route := o.Method + " " + o.Path
		if o.Status != 0 {
			all = append(all, fmt.Sprint(route, " ", o.Status))
		}
		for _, p := range o.Problems {
			all = append(all, fmt.Sprint(route, " ", p.Status, " ", p.Name))
		}
	}
	return slices.Sorted(slices.Values(all))
}

func TestEveryAnswerIsListedAndEveryListedAnswerOccurs(t *testing.T) {
	d := newDesk(t, httpcommand.Config{})
	for _, body := range []string{good, `{"guest": "Bob", "nights": 2}`, "", "{", "{}", `{"a": 1}`, `{"guest": "a", "guest": "a", "nights": 1}`, strings.Repeat(" ", 65<<10)} {
		d.post(body, "key-1")
	}
	d.post(`{"guest": "closed", "nights": 2}`, "key-2")
	d.post(good, "a b")
	d.post(good, "key-1", "Content-Encoding: br")
	d.serve(http.MethodPost, "/bookings", strings.NewReader(good), "Content-Type: application/json")
	d.serve(http.MethodPost, "/bookings", strings.NewReader(good), "Idempotency-Key: key-1")
	d.serve(http.MethodPost, "/bookings", iotest.ErrReader(errors.New("closed")), "Idempotency-Key: key-1")
	location := d.post(good, "key-1").Header().Get("Location")
	for _, path := range []string{location, "/bookings/" + unknownID, "/problems/json", "/problems/none", "/nowhere"} {
		d.serve(http.MethodGet, path, http.NoBody)
		d.serve(http.MethodHead, path, http.NoBody)
	}
	for _, path := range []string{"/bookings", location, "/problems/json"} {
		d.serve(http.MethodOptions, path, http.NoBody)
	}
	d.store.err = errors.New("the table is unavailable")
	d.post(good, "key-2")
	d.serve(http.MethodGet, location, http.NoBody)
	d.serve(http.MethodHead, location, http.NoBody)
	// What http.NewRequest does not accept.
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	request.URL.Path, request.URL.Opaque = "", "/%zz"
	answer := httptest.NewRecorder()
	d.api.ServeHTTP(answer, request)
	d.record(request, answer)
	if diff := cmp.Diff(listed(d.api), slices.Sorted(maps.Keys(d.answered))); diff != "" {
		t.Errorf("answers (- listed, + occurred):\n%s", diff)
	}
	if types := d.api.ProblemTypes(); len(types) != 18 || slices.ContainsFunc(types, func(p httpcommand.ProblemType) bool { return p.Title == "" || p.Meaning == "" }) {
		t.Errorf("%d types of problems: %+v", len(types), types)
	}
}

func TestAConfigIsCheckedWhenTheAPIIsMade(t *testing.T) {
	handle := problem(httpcommand.NotFound)
	full := httpcommand.ProblemType{Name: "full", Status: http.StatusConflict, Title: "Full", Meaning: "There is no room."}
	routes := func(pattern string, route httpcommand.Route) map[string]httpcommand.Route {
		return map[string]httpcommand.Route{pattern: route, "POST /x/{a}": {Handle: handle}}
	}
	for want, config := range map[string]httpcommand.Config{
		"no Routes":                {},
		"the status 199":           {Routes: routes("GET /y", httpcommand.Route{Handle: handle, Status: 199})},
		"the status 300":           {Routes: routes("GET /y", httpcommand.Route{Handle: handle, Status: 300})},
		"no Schema":                {Routes: routes("GET /y", httpcommand.Route{Handle: handle, Body: &httpcommand.Body{}})},
		"no Handle":                {Routes: routes("GET /y", httpcommand.Route{})},
		`"full"`:                   {Routes: routes("GET /y", httpcommand.Route{Handle: handle, Problems: []string{"full"}})},
		`"no-room"`:                {Routes: routes("POST /y", httpcommand.Route{Handle: handle, Body: &httpcommand.Body{Schema: &jsonschema.Schema{}, Invalid: "no-room"}})},
		`"full" is defined`:        {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{full, full}},
		`"json" is defined`:        {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "json", Status: 400, Title: "a", Meaning: "a"}}},
		`"a b" is incomplete`:      {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "a b", Status: 400, Title: "a", Meaning: "a"}}},
		`"ok" is incomplete`:       {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "ok", Status: 200, Title: "a", Meaning: "a"}}},
		`"none" is incomplete`:     {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "none", Status: 400, Title: "a"}}},
		`"high" is incomplete`:     {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "high", Status: 600, Title: "a", Meaning: "a"}}},
		`"untitled" is incomplete`: {Routes: routes("GET /y", httpcommand.Route{Handle: handle}), Problems: []httpcommand.ProblemType{{Name: "untitled", Status: 400, Meaning: "a"}}},
		"conflicts":                {Routes: routes("GET /{b}/y", httpcommand.Route{Handle: handle})},
		"end with a slash":         {Routes: routes("GET /", httpcommand.Route{Handle: handle})},
		"by every API":             {Routes: routes("GET /problems/{type}", httpcommand.Route{Handle: handle})},
		"not a method":             {Routes: routes("/y", httpcommand.Route{Handle: handle})},
	} {
		config.Logger = slog.New(slog.DiscardHandler)
		if _, err := httpcommand.New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if _, err := httpcommand.New(httpcommand.Config{
		Logger: slog.New(slog.DiscardHandler), Routes: routes("GET /y", httpcommand.Route{Handle: handle, Status: 299}),
		Problems: []httpcommand.ProblemType{{Name: "high", Status: 599, Title: "a", Meaning: "a"}},
	}); err != nil {
		t.Errorf("the largest statuses: %v", err)
	}
	if _, err := httpcommand.New(httpcommand.Config{Routes: routes("GET /y", httpcommand.Route{Handle: handle})}); err == nil || !strings.Contains(err.Error(), "no Logger") {
		t.Errorf("the error is %v", err)
	}
}
