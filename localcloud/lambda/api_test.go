package lambda_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/wire"
)

// api serves Lambda's wire protocol. The caller forbidden has no permissions.
func (b *bench) api() *httptest.Server {
	b.Helper()
	server := httptest.NewServer(wire.Handler(b.API(func(ctx context.Context, action, resource string, _ map[string][]string) error {
		if wire.Caller(ctx) == "forbidden" {
			return wire.Errorf("AccessDeniedException", "not authorized to perform %s on %s", action, resource)
		}
		return nil
	})))
	b.Cleanup(server.Close)
	return server
}

// callAPI calls it with a signature, unless the header has one.
func (b *bench) callAPI(server *httptest.Server, method, path, body string, header http.Header) response {
	b.Helper()
	signed := http.Header{"Authorization": {signedBy("operator")}}
	maps.Copy(signed, header)
	return b.call(server, method, path, body, signed)
}

func signedBy(accessKeyID string) string {
	return "AWS4-HMAC-SHA256 Credential=" + accessKeyID + "/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
}

const echo = `{"do": "echo", "text": "hi"}`

func TestAFunctionIsInvokedOverTheWireByItsNameOrItsARN(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", nil)
	server := b.api()
	for _, name := range []string{"behave", arn, url.PathEscape(arn)} {
		got := b.callAPI(server, http.MethodPost, lambda.APIPath+name+"/invocations", echo, nil)
		if got.StatusCode != http.StatusOK || got.body != `"hi"` || got.Header.Get("X-Amz-Function-Error") != "" {
			t.Errorf("%s answers %d %q", name, got.StatusCode, got.body)
		}
	}
}

func TestACallOfTheAPIWithoutASignatureIsRefused(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	server := b.api()
	for _, header := range []http.Header{nil, {"Content-Type": {"text/plain"}}, {"X-Amz-Invocation-Type": {"Event"}}} {
		got := b.call(server, http.MethodPost, lambda.APIPath+"behave/invocations", `{"do": "print"}`, header)
		if got.StatusCode != http.StatusForbidden || got.Header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
			t.Errorf("with the headers %v the answer is %d %s", header, got.StatusCode, got.body)
		}
	}
	if !b.Idle() || len(b.written()) > 0 {
		t.Errorf("the function has run: %q", b.written())
	}
}

func TestAFailureIsInAHeaderOfTheResponse(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	got := b.callAPI(b.api(), http.MethodPost, lambda.APIPath+"behave/invocations", `{"do": "error"}`, nil)
	if got.StatusCode != http.StatusOK || got.Header.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(got.body, "it went wrong") {
		t.Errorf("the answer is %d %q, %v", got.StatusCode, got.body, got.Header)
	}
}

func TestAnAsynchronousInvocationIsAnsweredAtOnceAndRuns(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	got := b.callAPI(b.api(), http.MethodPost, lambda.APIPath+"behave/invocations", `{"do": "print"}`,
		http.Header{"X-Amz-Invocation-Type": {"Event"}})
	if got.StatusCode != http.StatusAccepted || got.body != "" {
		t.Errorf("the answer is %d %q", got.StatusCode, got.body)
	}
	b.eventually("the invocation", func() bool {
		return slices.Contains(b.written(), "out 2")
	})
}

func TestTheConfigurationOfAFunctionIsReturned(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.DeadLetterARN = b.addQueue("dead", nil) })
	got := b.callAPI(b.api(), http.MethodGet, lambda.APIPath+"behave/configuration", "", nil)
	var configuration struct {
		FunctionName, FunctionArn, Handler string
		Timeout, MemorySize                int
		DeadLetterConfig                   struct{ TargetArn string }
	}
	if err := json.Unmarshal([]byte(got.body), &configuration); err != nil {
		t.Fatal(err)
	}
	if configuration.FunctionName != "behave" || configuration.FunctionArn != arn || configuration.Handler != "behave" ||
		configuration.Timeout != 10 || configuration.MemorySize != 128 || !strings.HasSuffix(configuration.DeadLetterConfig.TargetArn, ":dead") {
		t.Errorf("the configuration is %s", got.body)
	}
}

func TestWhatTheAPIDoesNotSupportIsRefusedByName(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	server := b.api()
	const invocations = lambda.APIPath + "behave/invocations"
	for name, c := range map[string]struct {
		method, path, body, header, value string
		status                            int
		code, want                        string
	}{
		"a dry run":            {http.MethodPost, invocations, echo, "X-Amz-Invocation-Type", "DryRun", 400, "InvalidParameterValueException", "DryRun"},
		"the head of the log":  {http.MethodPost, invocations, echo, "X-Amz-Log-Type", "Head", 400, "InvalidParameterValueException", "X-Amz-Log-Type Head"},
		"a limit in words":     {http.MethodGet, "/2015-03-31/functions/?MaxItems=all", "", "", "", 400, "InvalidParameterValueException", "MaxItems all"},
		"another Region":       {http.MethodGet, "/2015-03-31/functions/?MasterRegion=ALL", "", "", "", 400, "InvalidParameterValueException", "MasterRegion ALL"},
		"no such source":       {http.MethodGet, "/2015-03-31/event-source-mappings/?FunctionName=unknown", "", "", "", 404, "ResourceNotFoundException", "unknown"},
		"who may not list":     {http.MethodGet, "/2015-03-31/functions", "", "Authorization", signedBy("forbidden"), 400, "AccessDeniedException", "lambda:ListFunctions on *"},
		"who may not list all": {http.MethodGet, "/2015-03-31/event-source-mappings", "", "Authorization", signedBy("forbidden"), 400, "AccessDeniedException", "lambda:ListEventSourceMappings on *"},
		"who may not look":     {http.MethodGet, "/2015-03-31/functions/behave", "", "Authorization", signedBy("forbidden"), 400, "AccessDeniedException", "lambda:GetFunction on " + lambdas + "behave"},
		"a query":              {http.MethodPost, invocations + "?Durable=7", echo, "", "", 400, "InvalidParameterValueException", "Durable 7"},
		"another operation":    {http.MethodDelete, lambda.APIPath + "behave", "", "", "", 400, "UnknownOperationException", "DELETE"},
		"no such function":     {http.MethodPost, lambda.APIPath + "unknown/invocations", echo, "", "", 404, "ResourceNotFoundException", "unknown"},
		"what is no JSON":      {http.MethodPost, invocations, "{", "", "", 400, "InvalidRequestContentException", "json"},
		"who may not invoke":   {http.MethodPost, invocations, echo, "Authorization", signedBy("forbidden"), 400, "AccessDeniedException", "lambda:InvokeFunction"},
		"who may not ask":      {http.MethodGet, lambda.APIPath + "behave/configuration", "", "Authorization", signedBy("forbidden"), 400, "AccessDeniedException", "lambda:GetFunctionConfiguration"},
		"a version's settings": {http.MethodGet, lambda.APIPath + "behave/configuration?Qualifier=7", "", "", "", 404, "ResourceNotFoundException", "behave:7"},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if c.header != "" {
				header.Set(c.header, c.value)
			}
			got := b.callAPI(server, c.method, c.path, c.body, header)
			if got.StatusCode != c.status || got.Header.Get("X-Amzn-Errortype") != c.code || !strings.Contains(got.body, c.want) {
				t.Errorf("the answer is %d %s %s", got.StatusCode, got.Header.Get("X-Amzn-Errortype"), got.body)
			}
		})
	}
}
