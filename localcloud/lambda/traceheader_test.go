package lambda_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/lambda"
)

const (
	daemon   = "127.0.0.1:2000"
	root     = "1-67891233-abcdef012345678912345678"
	upstream = "Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled="
)

// tracePattern matches a header: its root, its parent and whether it is sampled.
var tracePattern = regexp.MustCompile(`Root=(1-[0-9a-f]{8}-[0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])`)

// traced is a function beside a daemon, whose tracing is active or not.
func traced(t *testing.T, active bool) (*bench, string) {
	t.Helper()
	b := newBench(t, nil)
	return b, b.add("behave", func(f *lambda.Function) { f.ActiveTracing, f.DaemonAddress = active, daemon })
}

func TestAnInvocationContinuesTheCallersTraceOrBeginsOne(t *testing.T) {
	for name, test := range map[string]struct {
		active   bool
		upstream string
		goesOn   bool
		sampled  string
	}{
		"nobody's, passed through":      {false, "", false, "0"},
		"nobody's, active":              {true, "", false, "1"},
		"sampled, passed through":       {false, upstream + "1", true, "1"},
		"not sampled, active":           {true, upstream + "0", true, "0"},
		"undecided, active":             {true, "Root=" + root, true, "1"},
		"undecided, passed through":     {false, "Root=" + root + ";Parent=53995c3f42cd8ad8", true, "0"},
		"with a lineage":                {true, "Lineage=1:2:3;" + upstream + "1", true, "1"},
		"malformed, and as if nobody's": {true, "Root=1-2-3;Sampled=0", false, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			b, arn := traced(t, test.active)
			result, err := b.Invoke(lambda.WithTrace(t.Context(), test.upstream), arn, []byte(`{"do": "trace"}`))
			if err != nil {
				t.Fatal(err)
			}
			header, address, _ := strings.Cut(decode[string](b, result.Payload), " to ")
			got := tracePattern.FindStringSubmatch(header)
			if got == nil || (got[1] == root) != test.goesOn || got[2] == "53995c3f42cd8ad8" || got[3] != test.sampled {
				t.Errorf("the header is %q", header)
			}
			if address != daemon {
				t.Errorf("the daemon's address is %q, not %q", address, daemon)
			}
		})
	}
}

func TestAllAttemptsOfAnEventBelongToOneTrace(t *testing.T) {
	b, arn := traced(t, true)
	if err := b.InvokeAsync(lambda.WithTrace(t.Context(), upstream+"1"), arn, []byte(`{"do": "trace", "text": "fail"}`)); err != nil {
		t.Fatal(err)
	}
	attempts := func() []string {
		return slices.DeleteFunc(b.written(), func(line string) bool { return !strings.HasPrefix(line, "trace ") })
	}
	b.eventually("three attempts", func() bool { return len(attempts()) == 3 })
	for _, line := range attempts() {
		if line != attempts()[0] || !strings.Contains(line, root) {
			t.Errorf("the attempts have the traces %q", attempts())
		}
	}
}

func TestTheTraceOfARequestIsInAHeader(t *testing.T) {
	b, arn := traced(t, true)
	given := http.Header{"X-Amzn-Trace-Id": {upstream + "1"}}
	answers := map[string]string{
		"to the API":            b.callAPI(b.api(), http.MethodPost, lambda.APIPath+arn+"/invocations", `{"do": "trace"}`, given).body,
		"to the function's URL": b.call(b.serve(nil), http.MethodGet, "/trace", "", given).body,
	}
	for name, got := range answers {
		if !strings.Contains(got, root) {
			t.Errorf("%s: the answer is %s", name, got)
		}
	}
}

func TestTwoInvocationsWithoutATraceAreTwoTraces(t *testing.T) {
	b, arn := traced(t, true)
	first, again := b.invoke(arn, "trace"), b.invoke(arn, "trace")
	if found := tracePattern.FindAllSubmatch(append(first.Payload, again.Payload...), -1); len(found) != 2 || string(found[0][1]) == string(found[1][1]) {
		t.Errorf("two invocations have the traces %s and %s", first.Payload, again.Payload)
	}
}
