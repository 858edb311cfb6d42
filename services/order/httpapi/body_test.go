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

func TestHEADIsGETWithoutABody(t *testing.T) {
	s := newShop(t)
	for _, path := range []string{"/orders/" + s.place(), "/orders/" + unknownID, "/orders/none", "/orders", "/nowhere", "/"} {
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

