package lambda_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
)

func TestTheRuntimeAPIRefusesWhatIsOutOfTurn(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("raw", nil)
	for range 2 { // The mistakes do not spoil the next invocation.
		got := decode[struct {
			Next, Again, Wrong int
			Trace              string
		}](b, b.invoke(arn, "").Payload)
		if got.Next != 200 || got.Again != 403 || got.Wrong != 400 || !strings.HasPrefix(got.Trace, "Root=1-") {
			t.Errorf("the Runtime API answered %+v", got)
		}
	}
	b.eventually("the last answer", func() bool {
		return slices.Contains(b.written(), "answered 202") && slices.Contains(b.written(), "answered again 400")
	})
}

func TestAnErrorOfInitializationIsTheResult(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("initerror", nil)
	result := b.invoke(arn, "")
	if got := decode[functionConfiguration](b, result.Payload); got != (functionConfiguration{"Config", "no table"}) || result.FunctionError != "Unhandled" {
		t.Errorf("the result is %+v", result)
	}
	if err := b.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "no table") {
		t.Errorf("Start fails with %v, want the reported error", err)
	}
}

// The function is built with AWS's own runtime, which must find its way.
func TestTheRuntimeAPIAnswersItsOwnProcessOnly(t *testing.T) {
	b := newBench(t, nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Concurrency = 1 })
	var address string
	for _, variable := range decode[[]string](b, b.invoke(arn, "environment").Payload) {
		if value, found := strings.CutPrefix(variable, "AWS_LAMBDA_RUNTIME_API="); found {
			address = value
		}
	}
	host, secret, _ := strings.Cut(address, "/")
	if len(secret) < 22 {
		t.Fatalf("the address %s has no secret that cannot be guessed", address)
	}
	for _, path := range []string{
		"/2018-06-01/runtime/invocation/next", "/x/2018-06-01/runtime/invocation/next", "/" + secret[1:] + "/2018-06-01/runtime/invocation/next",
		"/" + strings.ToLower(secret) + "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/init/error", "/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			request, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Timeout: 5 * time.Second} // A Runtime API lets its caller wait.
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s is answered with %d", method, path, response.StatusCode)
			}
		}
	}
	if result := b.invoke(arn, "echo"); string(result.Payload) != `"hi"` {
		t.Errorf("the process answers %s", result.Payload)
	}
}
