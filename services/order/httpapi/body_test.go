package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/services/order/httpapi"
)

// ask sends a request with exactly these header fields.
func (s *shop) ask(tb testing.TB, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	request.Header = header
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return recorder
}

func TestAKeyHasOnlyCharactersThatNoHopReadsInAnotherWay(t *testing.T) {
	s := newShop(t)
	send := func(keys ...string) *httptest.ResponseRecorder {
		return s.ask(t, http.MethodPost, "/orders", goodOrder, http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": keys})
	}
	for _, key := range []string{
		"k", "my-first-order", "8e03978e-40d5-43e8-bc93-6894a57f9324", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a.b_c~d:e", "c2FnYQ+/==", strings.Repeat("k", 255),
	} {
		if got := send(key); got.Code != http.StatusAccepted {
			t.Errorf("%q: %d %s", key, got.Code, got.Body)
		}
	}
	commits := s.store.commits
	for _, keys := range [][]string{
		{""},
		{" "},
		{"dup-1,dup-1"},
		{"dup-1, dup-1"},
		{"dup-1", "dup-1"},
		{"dup-1", "dup-2"},
		{","},
		{"k,"},
		{"my key"},
		{`"k"`},
		{"'k'"},
		{"k;v=1"},
		{`k\`},
		{"k\tk"},
		{"k\x00"},
		{"k\x7f"},
		{"schlüssel"},
		{"k\u200b"},
		{"k\n"},
		{"(k)"},
		{"<k>"},
		{"k?"},
		{"{k}"},
		{"k%20"},
		{"k@k"},
		{strings.Repeat("k", 256)},
	} {
		got := send(keys...)
		if got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "/problems/idempotency-key") ||
			!strings.Contains(got.Body.String(), "sent twice") {
			t.Errorf("%q: %d %s", keys, got.Code, got.Body)
		}
	}
	if s.store.commits != commits {
		t.Errorf("%d orders were placed with a key that is refused", s.store.commits-commits)
	}
}

// AWS joins what is sent twice, and its names are in lower case.
func TestAKeyThatIsSentTwiceThroughAFunctionURLPlacesNoOrder(t *testing.T) {
	s := newShop(t)
	in := events.LambdaFunctionURLRequest{
		RawPath: "/orders", Body: goodOrder, Headers: map[string]string{"content-type": "application/json", "idempotency-key": "dup-1,dup-1"},
	}
	in.RequestContext.HTTP.Method = http.MethodPost
	got, err := httpapi.Lambda(s.handler)(t.Context(), in)
	if err != nil || got.StatusCode != http.StatusBadRequest || s.store.commits != 0 {
		t.Errorf("%+v, %v, %d commits", got, err, s.store.commits)
	}
}

func TestARefusedKeySaysNothingAboutTheOrderThatHasIt(t *testing.T) {
	s := newShop(t)
	header := func(key string) string { return "Idempotency-Key: " + key }
	first := s.send(http.MethodPost, "/orders", goodOrder, header("key-1"))
	r := s.send(http.MethodPost, "/orders", with("23 Fake Street", "1 Other Street"), header("key-1"))
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/idempotency-key-reused")
	for _, secret := range []string{first.text("orderId"), first.text("correlationId"), "c-42", "Fake Street", "key-1"} {
		if strings.Contains(r.raw, secret) || r.header.Get("Location") != "" {
			t.Errorf("the answer has %s: %v %s", secret, r.header, r.raw)
		}
	}
}

func TestHEADIsGETWithoutABody(t *testing.T) {
	s := newShop(t)
	for _, path := range []string{"/orders/" + s.place(), "/orders/" + unknownID, "/orders/none", "/problems/json", "/problems/none", "/orders", "/nowhere", "/"} {
		get, head := s.ask(t, http.MethodGet, path, "", http.Header{}), s.through(http.MethodHead, path)
		if head.StatusCode != get.Code || head.Headers["Content-Type"] != get.Header().Get("Content-Type") || head.Body != "" || head.IsBase64Encoded {
			t.Errorf("%s: GET answers %d %v, HEAD %+v", path, get.Code, get.Header(), head)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		overHTTP, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		overHTTP.Body.Close()
		if overHTTP.StatusCode != get.Code || overHTTP.Header.Get("Content-Type") != get.Header().Get("Content-Type") || overHTTP.ContentLength != int64(get.Body.Len()) {
			t.Errorf("%s over HTTP: GET answers %d %v, HEAD %+v", path, get.Code, get.Header(), overHTTP)
		}
	}
	if got := s.through(http.MethodHead, "/%zz"); got.StatusCode != http.StatusBadRequest || got.Body != "" {
		t.Errorf("a path that is none: %+v", got)
	}
}

// through sends a request without a body through the adapter.
func (s *shop) through(method, path string) events.LambdaFunctionURLResponse {
	s.t.Helper()
	in := events.LambdaFunctionURLRequest{RawPath: path}
	in.RequestContext.HTTP.Method = method
	out, err := httpapi.Lambda(s.handler)(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestAnswersAreNotStoredOnTheWay(t *testing.T) {
	s := newShop(t)
	for _, path := range []string{"/orders/" + s.place(), "/orders/" + unknownID, "/problems/json"} {
		if got := s.ask(t, http.MethodGet, path, "", http.Header{}).Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s has Cache-Control %q", path, got)
		}
	}
}
