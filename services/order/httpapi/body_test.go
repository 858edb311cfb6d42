package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/httpcommand"
)

// serve serves a request with exactly these header fields.
func (s *shop) serve(tb testing.TB, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	request.Header = header
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	return recorder
}

// gzipped returns a text in gzip.
func gzipped(t *testing.T, text string) string {
	t.Helper()
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	if _, err := writer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return compressed.String()
}

func TestABodyIsJSONInUTF8WithoutEncoding(t *testing.T) {
	s := newShop(t)
	for name, test := range map[string]struct {
		body    string
		header  http.Header
		status  int
		problem string
	}{
		"plain":                        {goodOrder, http.Header{"Content-Type": {"application/json"}}, 202, ""},
		"with a charset":               {goodOrder, http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, 202, ""},
		"with a quoted charset":        {goodOrder, http.Header{"Content-Type": {`Application/JSON; Charset="utf-8"`}}, 202, ""},
		"with another parameter":       {goodOrder, http.Header{"Content-Type": {"application/json; profile=x"}}, 202, ""},
		"identity":                     {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"Identity"}}, 202, ""},
		"an empty encoding":            {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {""}}, 202, ""},
		"Latin-1":                      {with("23 Fake Street", "Stra\xdfe"), http.Header{"Content-Type": {"application/json; charset=ISO-8859-1"}}, 415, "media-type"},
		"ASCII declared as Latin-1":    {goodOrder, http.Header{"Content-Type": {"application/json; charset=latin1"}}, 415, "media-type"},
		"UTF-16":                       {goodOrder, http.Header{"Content-Type": {"application/json; charset=utf-16"}}, 415, "media-type"},
		"an extended charset":          {goodOrder, http.Header{"Content-Type": {"application/json; charset*=utf-8''latin1"}}, 415, "media-type"},
		"two charsets":                 {goodOrder, http.Header{"Content-Type": {"application/json; charset=utf-8; charset=latin1"}}, 415, "media-type"},
		"Latin-1 declared as UTF-8":    {with("23 Fake Street", "Stra\xdfe"), http.Header{"Content-Type": {"application/json; charset=utf-8"}}, 400, "json"},
		"Latin-1 without a charset":    {with("23 Fake Street", "Stra\xdfe"), http.Header{"Content-Type": {"application/json"}}, 400, "json"},
		"Latin-1 that became UTF-8":    {with("23 Fake Street", "Stra\uFFFDe"), http.Header{"Content-Type": {"application/json"}}, 422, "order"},
		"gzip":                         {gzipped(t, goodOrder), http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, 415, "content-encoding"},
		"gzip without an encoding":     {gzipped(t, goodOrder), http.Header{"Content-Type": {"application/json"}}, 415, "content-encoding"},
		"gzip that became UTF-8":       {strings.ToValidUTF8(gzipped(t, goodOrder), "\uFFFD"), http.Header{"Content-Type": {"application/json"}}, 415, "content-encoding"},
		"gzip that is an octet stream": {gzipped(t, goodOrder), http.Header{"Content-Type": {"application/octet-stream"}}, 415, "content-encoding"},
		"plain declared as gzip":       {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, 415, "content-encoding"},
		"brotli":                       {"\x0b\x02\x80{}\x03", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}, 415, "content-encoding"},
		"a list of encodings":          {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity, gzip"}}, 415, "content-encoding"},
		"two encodings":                {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity", "gzip"}}, 415, "content-encoding"},
		"chunked by name":              {goodOrder, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"aws-chunked"}}, 415, "content-encoding"},
		"no content type":              {goodOrder, http.Header{}, 415, "media-type"},
		"an empty content type":        {goodOrder, http.Header{"Content-Type": {""}}, 415, "media-type"},
		"two content types":            {goodOrder, http.Header{"Content-Type": {"application/json", "text/plain"}}, 415, "media-type"},
		"the same content type twice":  {goodOrder, http.Header{"Content-Type": {"application/json", "application/json"}}, 415, "media-type"},
		"joined content types":         {goodOrder, http.Header{"Content-Type": {"application/json,application/json"}}, 415, "media-type"},
		"a list of content types":      {goodOrder, http.Header{"Content-Type": {"application/json, text/plain"}}, 415, "media-type"},
		"any content type":             {goodOrder, http.Header{"Content-Type": {"*/*"}}, 415, "media-type"},
		"a kind of JSON":               {goodOrder, http.Header{"Content-Type": {"application/merge-patch+json"}}, 415, "media-type"},
		"another type of JSON":         {goodOrder, http.Header{"Content-Type": {"text/json"}}, 415, "media-type"},
		"an invalid parameter":         {goodOrder, http.Header{"Content-Type": {`application/json; a="`}}, 415, "media-type"},
		"a form":                       {"a=b", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, "media-type"},
		"nothing":                      {"", http.Header{}, 400, "no-body"},
		"nothing as a form":            {"", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, "media-type"},
		"only blanks":                  {" \r\n", http.Header{"Content-Type": {"application/json"}}, 400, "no-body"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.serve(t, http.MethodPost, "/orders", test.body, test.header)
			if got.Code != test.status || !strings.Contains(got.Body.String(), test.problem) {
				t.Errorf("%d %s, want %d %s", got.Code, got.Body, test.status, test.problem)
			}
			accept, encoding := got.Header().Get("Accept"), got.Header().Get("Accept-Encoding")
			if (accept == "application/json") != (test.problem == "media-type") || (encoding == "identity") != (test.problem == "content-encoding") {
				t.Errorf("Accept is %q, Accept-Encoding is %q", accept, encoding)
			}
			if test.status != http.StatusAccepted {
				mustBeClientProblem(t, got.Code, got.Header().Get("Content-Type"), got.Body.String())
			}
		})
	}
}

func TestACancellationHasNoBodyOrAnEmptyObject(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	asJSON := http.Header{"Content-Type": {"application/json"}}
	for name, test := range map[string]struct {
		body    string
		header  http.Header
		status  int
		problem string
	}{
		"nothing":                     {"", http.Header{}, 202, ""},
		"nothing as JSON":             {"", asJSON, 202, ""},
		"an empty object":             {" {} ", http.Header{"Content-Type": {"application/json; charset=utf-8"}}, 202, ""},
		"blanks as JSON":              {"\n", asJSON, 202, ""},
		"nothing as text":             {"", http.Header{"Content-Type": {"text/plain"}}, 415, "media-type"},
		"nothing as a form":           {"", http.Header{"Content-Type": {form}}, 415, "media-type"},
		"nothing as another form":     {"", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, 415, "media-type"},
		"nothing as nothing":          {"", http.Header{"Content-Type": {""}}, 415, "media-type"},
		"an object as text":           {"{}", http.Header{"Content-Type": {"text/plain"}}, 415, "media-type"},
		"an object as a form":         {"{}=", http.Header{"Content-Type": {form}}, 415, "media-type"},
		"an object as nothing":        {"{}", http.Header{}, 415, "media-type"},
		"blanks as nothing":           {"\n", http.Header{}, 415, "media-type"},
		"an object in Latin-1":        {"{}", http.Header{"Content-Type": {"application/json; charset=latin1"}}, 415, "media-type"},
		"an object as gzip":           {gzipped(t, "{}"), asJSON, 415, "content-encoding"},
		"nothing as gzip":             {"", http.Header{"Content-Encoding": {"gzip"}}, 415, "content-encoding"},
		"no JSON":                     {"cancel", asJSON, 400, "json"},
		"two objects":                 {"{}{}", asJSON, 400, "json"},
		"an object with a member":     {`{"reason": "late"}`, asJSON, 400, "unknown-field"},
		"an object with a bad member": {`{"a\uffff": 1}`, asJSON, 400, "unknown-field"},
		"an array":                    {"[]", asJSON, 422, "cancellation"},
		"null":                        {"null", asJSON, 422, "cancellation"},
		"text":                        {`"please"`, asJSON, 422, "cancellation"},
		"a number beyond all":         {"1e999999999", asJSON, 422, "cancellation"},
		"300 KB":                      {strings.Repeat(" ", 300*1024), asJSON, 413, "too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			path := "/orders/" + s.place() + "/cancellation"
			got := s.serve(t, http.MethodPost, path, test.body, test.header)
			if got.Code != test.status || !strings.Contains(got.Body.String(), test.problem) {
				t.Errorf("%d %s, want %d %s", got.Code, got.Body, test.status, test.problem)
			}
			want := 2
			if test.status != http.StatusAccepted {
				want = 1
				mustBeClientProblem(t, got.Code, got.Header().Get("Content-Type"), got.Body.String())
			}
			if s.store.commits != want {
				t.Errorf("%d commits", s.store.commits)
			}
		})
	}
}

func TestAKeyHasNoSeparatorsQuotesOrSpaces(t *testing.T) {
	s := newShop(t)
	send := func(keys ...string) *httptest.ResponseRecorder {
		return s.serve(t, http.MethodPost, "/orders", goodOrder, http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": keys})
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

// AWS joins the values of a header that is sent twice, and has names in lower case.
func TestAKeyThatIsSentTwiceThroughAFunctionURLPlacesNoOrder(t *testing.T) {
	s := newShop(t)
	in := events.LambdaFunctionURLRequest{
		RawPath: "/orders", Body: goodOrder, Headers: map[string]string{"content-type": "application/json", "idempotency-key": "dup-1,dup-1"},
	}
	in.RequestContext.HTTP.Method, in.RequestContext.DomainName = http.MethodPost, "example.com"
	got, err := httpcommand.Lambda(s.handler)(t.Context(), in)
	if err != nil || got.StatusCode != http.StatusBadRequest || s.store.commits != 0 {
		t.Errorf("%+v, %v, %d commits", got, err, s.store.commits)
	}
}

func TestTheProblemOfAReusedKeyHasNothingOfItsOrder(t *testing.T) {
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
		get, head := s.serve(t, http.MethodGet, path, "", http.Header{}), s.through(http.MethodHead, path)
		if head.StatusCode != get.Code || head.Headers["Content-Type"] != get.Header().Get("Content-Type") || head.Body != "" || head.IsBase64Encoded {
			t.Errorf("%s: GET answers %d %v, HEAD %+v", path, get.Code, get.Header(), head)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "example.com" // as in the other requests: it is part of a problem
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
		t.Errorf("an invalid path: %+v", got)
	}
}

// through sends a request without a body through the adapter.
func (s *shop) through(method, path string) events.LambdaFunctionURLResponse {
	s.t.Helper()
	in := events.LambdaFunctionURLRequest{RawPath: path}
	in.RequestContext.HTTP.Method, in.RequestContext.DomainName = method, "example.com"
	out, err := httpcommand.Lambda(s.handler)(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestAnswersMustNotBeCached(t *testing.T) {
	s := newShop(t)
	for _, path := range []string{"/orders/" + s.place(), "/orders/" + unknownID, "/problems/json"} {
		if got := s.serve(t, http.MethodGet, path, "", http.Header{}).Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s has Cache-Control %q", path, got)
		}
	}
}
