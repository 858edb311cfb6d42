package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
)

// answer is what the function URL answers.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request to the function URL of the probe that anyone may call.
func call(t *testing.T, method, path, body string, header http.Header) answer {
	t.Helper()
	return send(t, "EndpointUrl", method, path, body, header)
}

func send(t *testing.T, output, method, path, body string, header http.Header) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(cloud.output(output), "/")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	return exchange(t, request)
}

func exchange(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(content)}
}

// urlEvent is the part of payload 2.0 that does not depend on where it is.
type urlEvent struct {
	Version         string
	RouteKey        string
	RawPath         string
	RawQueryString  string
	Cookies         []string
	Headers         map[string]string
	Query           map[string]string `json:"queryStringParameters"`
	Body            *string
	IsBase64Encoded bool
	Context         struct {
		AccountID, APIID, DomainName, DomainPrefix, RequestID, RouteKey, Stage, Time string

		TimeEpoch int64
		HTTP      struct{ Method, Path, Protocol, SourceIP, UserAgent string }
	} `json:"requestContext"`
}

func TestAFunctionURLMakesAnEventOfARequest(t *testing.T) {
	t.Parallel()
	rule(t, "FU-1", "FU-5")
	answered := call(t, http.MethodPost, "/a%20b/echo?a=1&a=2&b=%21", `{"k": "v"}`, http.Header{
		"Content-Type": {"application/json"}, "X-Multi": {"one", "two"}, "Cookie": {"c1=v1; c2=v2"}, "User-Agent": {"conformance"},
	})
	// An answer without a status code is the body of a success.
	if answered.status != 200 || answered.header.Get("Content-Type") != "application/json" {
		t.Fatalf("the URL answers %+v", answered)
	}
	got := decode[urlEvent](t, answered.body)
	want := urlEvent{
		Version: "2.0", RouteKey: "$default", RawPath: "/a%20b/echo", RawQueryString: "a=1&a=2&b=%21",
		Cookies: []string{"c1=v1", "c2=v2"}, Query: map[string]string{"a": "1,2", "b": "!"}, Body: new(`{"k": "v"}`),
		Headers: got.Headers, Context: got.Context,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Headers["x-multi"] != "one,two" || got.Headers["content-type"] != "application/json" || got.Headers["host"] == "" {
		t.Errorf("the headers are %v", got.Headers)
	}
	c := got.Context
	if c.HTTP.Method != "POST" || c.HTTP.Protocol != "HTTP/1.1" || c.HTTP.UserAgent != "conformance" || c.HTTP.SourceIP == "" ||
		c.RouteKey != "$default" || c.Stage != "$default" || c.RequestID == "" || c.TimeEpoch == 0 || c.Time == "" || c.APIID == "" {
		t.Errorf("the context is %+v", c)
	}
}

func TestAFunctionURLLeavesOutWhatIsNotThereAndEncodesWhatIsBinary(t *testing.T) {
	t.Parallel()
	rule(t, "FU-1", "FU-3")
	body := call(t, http.MethodGet, "/echo", "", nil).body
	if got := decode[urlEvent](t, body); got.Cookies != nil || got.Query != nil || got.Body != nil || got.RawQueryString != "" {
		t.Errorf("the event is %s", body)
	}
	body = call(t, http.MethodPost, "/echo", "\x00\xff", http.Header{"Content-Type": {"application/octet-stream"}}).body
	if got := decode[urlEvent](t, body); !got.IsBase64Encoded || *got.Body != base64.StdEncoding.EncodeToString([]byte("\x00\xff")) {
		t.Errorf("the event is %s", body)
	}
}

func TestAFunctionURLMakesAResponseOfAnAnswer(t *testing.T) {
	t.Parallel()
	type response struct {
		Status      int
		ContentType string
		Body        string
		Cookies     []string
	}
	const broken = "Internal Server Error"
	for _, c := range []struct {
		id, rule string
		order    instruction
		want     response
	}{
		{"FU-4", "an object with a status code", instruction{Do: "answer", Answer: `{"statusCode": 201, "headers": {"Content-Type": "text/plain"}, "body": "made", "cookies": ["a=1", "b=2"]}`}, response{201, "text/plain", "made", []string{"a=1", "b=2"}}},
		{"FU-7", "a status code in a text", instruction{Do: "answer", Answer: `{"statusCode": "418"}`}, response{418, "application/json", "", nil}},
		{"FU-8", "a body in base64", instruction{Do: "answer", Answer: `{"statusCode": 200, "body": "aGVsbG8=", "isBase64Encoded": true}`}, response{200, "application/json", "hello", nil}},
		{"FU-5", "an object without a status code", instruction{Do: "answer", Answer: `{"any": "thing"}`}, response{200, "application/json", `{"any": "thing"}`, nil}},
		// The documentation shows the quotes; it was observed that they are not there.
		{"FU-6", "a text", instruction{Do: "answer", Answer: `"hello"`}, response{200, "application/json", "hello", nil}},
		{"FU-9", "an error", instruction{Do: "fail"}, response{502, "", broken, nil}},
		{"FU-9", "a timeout", instruction{Do: "hang"}, response{502, "", broken, nil}},
		{"FU-9", "the end of the process", instruction{Do: "exit"}, response{502, "", broken, nil}},
		{"FU-9", "a status code that is none", instruction{Do: "answer", Answer: `{"statusCode": "fine"}`}, response{502, "", broken, nil}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			c.order.Test = unique()
			answered := call(t, http.MethodPost, "/", c.order.String(), http.Header{"Content-Type": {"application/json"}})
			got := response{answered.status, answered.header.Get("Content-Type"), strings.TrimSpace(answered.body), answered.header.Values("Set-Cookie")}
			if got.Status == http.StatusBadGateway {
				got.ContentType = ""
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFunctionURLNeedsBothPermissions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, rule, output string }{
		{"FU-10", "one without a permission", "CalledUrl"},
		{"FU-12", "one with lambda:InvokeFunctionUrl alone", "ShiftedUrl"},
		{"FU-10", "one with AWS_IAM, without a signature", "ProbeUrl"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			got := send(t, c.output, http.MethodGet, "/echo", "", nil)
			if got.status != http.StatusForbidden || !strings.HasPrefix(got.header.Get("X-Amzn-Errortype"), "AccessDeniedException") || !strings.Contains(got.body, "Forbidden") {
				t.Errorf("the URL answers %+v", got)
			}
		})
	}
}

func TestAFunctionURLWithIAMHasTheSignerInItsEvent(t *testing.T) {
	t.Parallel()
	rule(t, "CF-9", "FU-2", "FU-10")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(cloud.output("ProbeUrl"), "/")+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := cloud.config.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The SHA-256 of nothing, which is the body.
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, request, nothing, "lambda", cloud.config.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	got := exchange(t, request)
	if got.status != http.StatusOK {
		t.Fatalf("the URL answers %+v", got)
	}
	var event struct {
		RequestContext struct {
			Authorizer struct {
				IAM struct{ AccessKey, AccountID, CallerID, UserARN, UserID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(got.body), &event); err != nil {
		t.Fatal(err)
	}
	if signer := event.RequestContext.Authorizer.IAM; signer.AccessKey != credentials.AccessKeyID || signer.AccountID != account() || signer.UserARN == "" || signer.UserID == "" {
		t.Errorf("the signer is %+v", signer)
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	rule(t, "FU-11")
	if got := call(t, http.MethodPost, "/echo", strings.Repeat("x", 6<<20+1), nil); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("the URL answers %d: %s", got.status, got.body)
	}
}
