package lambda_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/localcloud/lambda"
)

type response struct {
	*http.Response
	body string
}

func (b *bench) call(server *httptest.Server, method, path, body string, header http.Header) response {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	got, err := server.Client().Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		b.Fatal(err)
	}
	return response{got, string(text)}
}

func (b *bench) serve(edit func(*lambda.Function)) *httptest.Server {
	b.Helper()
	server := httptest.NewServer(b.URLHandler(b.add("url", edit)))
	b.Cleanup(server.Close)
	return server
}

func TestARequestReachesTheFunctionInPayloadFormat2(t *testing.T) {
	b := newBench(t, nil)
	server := b.serve(nil)
	got := decode[events.LambdaFunctionURLRequest](b, []byte(b.call(server, "POST", "/a%20b/c?x=1&x=2&y=%C3%BC", `{"a":1}`, http.Header{
		"Content-Type": {"application/cloudevents+json; charset=UTF-8"}, "X-Multi": {"v1", "v2"}, "Cookie": {"c1=v1; c2=v2"}, "User-Agent": {"test"},
	}).body))
	if got.Version != "2.0" || got.RawPath != "/a%20b/c" || got.RawQueryString != "x=1&x=2&y=%C3%BC" || got.Body != `{"a":1}` || got.IsBase64Encoded {
		t.Errorf("the request is %+v", got)
	}
	if got.QueryStringParameters["x"] != "1,2" || got.QueryStringParameters["y"] != "ü" || got.Headers["x-multi"] != "v1,v2" || got.Headers["cookie"] != "" {
		t.Errorf("the query is %v, the headers %v", got.QueryStringParameters, got.Headers)
	}
	if len(got.Cookies) != 2 || got.Cookies[1] != "c2=v2" {
		t.Errorf("the cookies are %q", got.Cookies)
	}
	c := got.RequestContext
	if c.HTTP.Method != "POST" || c.HTTP.Path != "/a%20b/c" || c.HTTP.SourceIP != "127.0.0.1" || c.HTTP.UserAgent != "test" || c.RequestID == "" || c.APIID == "" {
		t.Errorf("the context is %+v", c)
	}
	if _, err := time.Parse("02/Jan/2006:15:04:05 -0700", c.Time); err != nil || c.TimeEpoch == 0 {
		t.Errorf("the time is %q, %d", c.Time, c.TimeEpoch)
	}
}

func TestABodyIsPassedAsTextOrAsBase64(t *testing.T) {
	b := newBench(t, nil)
	server := b.serve(nil)
	for _, test := range []struct {
		contentType, body, want string
		encoded                 bool
	}{
		{"text/plain", "hi", "hi", false},
		{"application/json", "{}", "{}", false},
		{"application/xml", "<a/>", "<a/>", false},
		{"application/octet-stream", "\x00\xff", "AP8=", true},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"", "hi", "aGk=", true},
		{"", "", "", false},
	} {
		t.Run(test.contentType+" "+test.want, func(t *testing.T) {
			header := http.Header{}
			if test.contentType != "" {
				header.Set("Content-Type", test.contentType)
			}
			got := decode[events.LambdaFunctionURLRequest](b, []byte(b.call(server, "PUT", "/", test.body, header).body))
			if got.Body != test.want || got.IsBase64Encoded != test.encoded {
				t.Errorf("the body is %q, %v", got.Body, got.IsBase64Encoded)
			}
		})
	}
}

func TestAnAnswerBecomesAResponse(t *testing.T) {
	b := newBench(t, nil)
	server := b.serve(nil)
	for _, test := range []struct {
		path, contentType, body string
		status                  int
	}{
		{"/plain", "application/json", `{"hello":"world"}`, 200},
		{"/text", "application/json", "hello", 200},
		{"/full", "text/plain", "hi", 418},
		{"/quoted", "application/json", "{}", 404},
		{"/malformed", "text/plain; charset=utf-8", "Internal Server Error\n", 502},
		{"/error", "text/plain; charset=utf-8", "Internal Server Error\n", 502},
	} {
		t.Run(test.path, func(t *testing.T) {
			got := b.call(server, "GET", test.path, "", nil)
			if got.StatusCode != test.status || got.body != test.body || got.Header.Get("Content-Type") != test.contentType {
				t.Errorf("the response is %d %q %q", got.StatusCode, got.Header.Get("Content-Type"), got.body)
			}
		})
	}
	got := b.call(server, "GET", "/full", "", nil)
	if got.Header.Get("X-Answer") != "42" || len(got.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("the headers are %v", got.Header)
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	b := newBench(t, nil)
	if got := b.call(b.serve(nil), "POST", "/", strings.Repeat("x", 6<<20+1), nil); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("the status is %d", got.StatusCode)
	}
}

func TestAThrottledRequestIsAnswered429(t *testing.T) {
	b := newBench(t, nil)
	server := b.serve(func(f *lambda.Function) { f.Concurrency = 1 })
	slow := make(chan int, 1)
	go func() { slow <- b.call(server, "GET", "/slow", "", nil).StatusCode }()
	b.eventually("the slow request", func() bool { return !b.Idle() })
	if got := b.call(server, "GET", "/plain", "", nil); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the status is %d", got.StatusCode)
	}
	if got := <-slow; got != http.StatusOK {
		t.Errorf("the slow request was answered %d", got)
	}
}
