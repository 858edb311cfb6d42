package httpcommand_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/httpcommand"
)

// invoke sends a function URL's event, as JSON, through the adapter.
func invoke(t *testing.T, handler http.Handler, payload string) (events.LambdaFunctionURLResponse, error) {
	t.Helper()
	var in events.LambdaFunctionURLRequest
	if err := json.Unmarshal([]byte(payload), &in); err != nil {
		t.Fatal(err)
	}
	return httpcommand.Lambda(handler)(t.Context(), in)
}

func TestTheEventOfAFunctionURLBecomesTheRequest(t *testing.T) {
	for name, body := range map[string]string{
		"plain":   `"body": "{\"a\": 1}", "isBase64Encoded": false`,
		"encoded": `"body": "` + base64.StdEncoding.EncodeToString([]byte(`{"a": 1}`)) + `", "isBase64Encoded": true`,
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Request
			var gotBody string
			handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = *r
				read, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				gotBody = string(read)
			})
			if _, err := invoke(t, handler, `{
				"version": "2.0", "routeKey": "$default", "rawPath": "//orders/a%20b", "rawQueryString": "a=1&a=2&b=%26",
				"cookies": ["c1=v1", "c2=v2"],
				"headers": {"content-type": "application/json", "x-multi": "v1,v2"},
				"requestContext": {"domainName": "id.lambda-url.eu-west-1.on.aws",
					"http": {"method": "PUT", "path": "/orders/a b", "sourceIp": "203.0.113.9"}},
				`+body+`}`); err != nil {
				t.Fatal(err)
			}
			if got.Method != http.MethodPut || got.URL.Path != "//orders/a b" || got.Host != "id.lambda-url.eu-west-1.on.aws" ||
				got.RemoteAddr != "203.0.113.9" || got.RequestURI != "//orders/a%20b?a=1&a=2&b=%26" {
				t.Errorf("%s %q %q %q from %q", got.Method, got.URL.Path, got.RequestURI, got.Host, got.RemoteAddr)
			}
			if diff := cmp.Diff(map[string][]string{"a": {"1", "2"}, "b": {"&"}}, map[string][]string(got.URL.Query())); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(http.Header{
				"Content-Type": {"application/json"}, "X-Multi": {"v1,v2"}, "Cookie": {"c1=v1", "c2=v2"},
			}, got.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if gotBody != `{"a": 1}` || got.ContentLength != 8 {
				t.Errorf("the body is %q, %d bytes", gotBody, got.ContentLength)
			}
			if got.Context().Err() == nil {
				t.Error("the context of the request continues after the answer")
			}
		})
	}
}

func TestAnAddressWithoutAQueryHasNoQuestionMark(t *testing.T) {
	if _, err := invoke(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/orders" {
			t.Errorf("the address is %q", r.RequestURI)
		}
	}), `{"rawPath": "/orders", "requestContext": {"http": {"method": "GET"}}}`); err != nil {
		t.Fatal(err)
	}
}

func TestTheResponseBecomesTheAnswerOfAFunctionURL(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want events.LambdaFunctionURLResponse
	}{
		"text": {`{"a": "é"}`, events.LambdaFunctionURLResponse{Body: `{"a": "é"}`}},
		"binary": {"\xff\x00", events.LambdaFunctionURLResponse{
			Body: base64.StdEncoding.EncodeToString([]byte("\xff\x00")), IsBase64Encoded: true,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("X-Multi", "v1")
				w.Header().Add("X-Multi", "v2")
				w.Header().Add("Set-Cookie", "c1=v1")
				w.Header().Add("Set-Cookie", "c2=v2")
				w.WriteHeader(http.StatusTeapot)
				if _, err := io.WriteString(w, test.body); err != nil {
					t.Error(err)
				}
			}), `{"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`)
			if err != nil {
				t.Fatal(err)
			}
			test.want.StatusCode = http.StatusTeapot
			test.want.Headers = map[string]string{"X-Multi": "v1,v2"}
			test.want.Cookies = []string{"c1=v1", "c2=v2"}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheAnswerToHEADHasNoBody(t *testing.T) {
	const body = "a body"
	got, err := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n, err := io.WriteString(w, body); n != len(body) || err != nil {
			t.Errorf("%d bytes are written, %v", n, err)
		}
	}), `{"rawPath": "/", "requestContext": {"http": {"method": "HEAD"}}}`)
	if err != nil || got.StatusCode != http.StatusOK || got.Body != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAHandlerThatWritesNothingAnswers200(t *testing.T) {
	got, err := invoke(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		`{"rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnEventThatIsNotARequestIsAnError(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	for name, payload := range map[string]string{
		"a body that is not base64": `{"rawPath": "/", "body": "%", "isBase64Encoded": true, "requestContext": {"http": {"method": "GET"}}}`,
		"an invalid method":         `{"rawPath": "/", "requestContext": {"http": {"method": "G E T"}}}`,
		"nothing at all":            `{}`,
	} {
		if _, err := invoke(t, handler, payload); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestARoleIsOneCallerInAllItsSessions(t *testing.T) {
	for userID, principal := range map[string]string{
		"AROAROLE:one":       "AROAROLE",
		"AROAROLE:other":     "AROAROLE",
		"AROAROLE":           "AROAROLE",
		"AIDAALICE":          "AIDAALICE",
		"111122223333":       "111122223333",
		"111122223333:carol": "111122223333:carol",
		"":                   "",
	} {
		if got := httpcommand.NewCaller("111122223333", userID); got != (httpcommand.Caller{Account: "111122223333", Principal: principal}) {
			t.Errorf("%s is %+v", userID, got)
		}
	}
}

func TestARouteThatIgnoresItsContextIsUnavailableInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, err := httpcommand.New(httpcommand.Config{
			Logger: slog.New(slog.DiscardHandler), Open: true,
			Routes: map[string]httpcommand.Route{"GET /slow": {Handle: func(*httpcommand.Request) (httpcommand.Answer, error) {
				time.Sleep(time.Hour)
				return httpcommand.Answer{}, nil
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var in events.LambdaFunctionURLRequest
		in.RawPath, in.RequestContext.HTTP.Method = "/slow", http.MethodGet
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		answer, err := httpcommand.Lambda(api)(ctx, in)
		if took := time.Since(began); err != nil || answer.StatusCode != http.StatusServiceUnavailable || took != 2600*time.Millisecond {
			t.Errorf("after %s the status is %d, %v", took, answer.StatusCode, err)
		}
		time.Sleep(2 * time.Hour) // The route returns.
	})
}
