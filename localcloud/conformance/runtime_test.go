package conformance_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

// description is what the probe has been invoked with.
type description struct {
	Request   string   `json:"request"`
	ARN       string   `json:"arn"`
	Deadline  int64    `json:"deadline"`
	Variables []string `json:"variables"`
}

// environment returns the variables by their names.
func (d description) environment() map[string]string {
	values := map[string]string{}
	for _, variable := range d.Variables {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return values
}

func describe(t *testing.T, function string) description {
	t.Helper()
	out, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &function, Payload: []byte(instruction{Test: unique(), Do: "describe"}.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return decode[description](t, string(out.Payload))
}

func TestAnInvocationHasAnIDADeadlineAnARNAndATrace(t *testing.T) {
	t.Parallel()
	rule(t, "LR-1")
	began := time.Now()
	got := describe(t, cloud.output("ShiftedLiveArn"))
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(got.Request) {
		t.Errorf("the request id is %s", got.Request)
	}
	if got.ARN != cloud.output("ShiftedLiveArn") {
		t.Errorf("the ARN is %s, want that of the call, %s", got.ARN, cloud.output("ShiftedLiveArn"))
	}
	// The timeout is 2 seconds; a clock of another machine may differ.
	if left := time.UnixMilli(got.Deadline).Sub(began); left < 0 || left > 30*time.Second {
		t.Errorf("the deadline is %s after the call", left)
	}
	if trace := got.environment()["_X_AMZN_TRACE_ID"]; !strings.HasPrefix(trace, "Root=1-") {
		t.Errorf("the trace is %q", trace)
	}
}

func TestAFunctionHasTheEnvironmentOfItsRuntime(t *testing.T) {
	t.Parallel()
	rule(t, "LR-8", "LR-9")
	name := cloud.output("Called")
	got := describe(t, name).environment()
	region, _ := regionAndAccount(t)
	want := map[string]string{
		"_HANDLER": "bootstrap", "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "LANG": "en_US.UTF-8", "TZ": ":UTC", "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		"TABLE": cloud.output("Table"),
		// Runtimes of other kinds have it; this one has not.
		"AWS_EXECUTION_ENV": "",
	}
	have := map[string]string{}
	for variable := range want {
		have[variable] = got[variable]
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	for variable, pattern := range map[string]string{
		"AWS_LAMBDA_LOG_GROUP_NAME": `.`,
		// With a log group of the template, the name of the function is in the stream's.
		"AWS_LAMBDA_LOG_STREAM_NAME": `^\d{4}/\d\d/\d\d/` + name + `\[\$LATEST\]\[?[0-9a-f]{32}\]?$`,
		"AWS_LAMBDA_RUNTIME_API":     `:\d+`,
		"LAMBDA_TASK_ROOT":           `^/`, "LAMBDA_RUNTIME_DIR": `^/`,
		"LD_LIBRARY_PATH": `^/lib64:/usr/lib64:`, "PATH": `^/usr/local/bin:/usr/bin:`, "AWS_XRAY_DAEMON_ADDRESS": `:\d+$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(got[variable]) {
			t.Errorf("%s is %q, want %s", variable, got[variable], pattern)
		}
	}
}

func TestAResponseToAnotherInvocationIsRefused(t *testing.T) {
	t.Parallel()
	rule(t, "LR-2")
	out := invoke(t, types.InvocationTypeRequestResponse, instruction{Test: unique(), Do: "another"})
	if string(out.Payload) != "400" || out.FunctionError != nil {
		t.Errorf("the Runtime API answers %s, %s", out.Payload, aws.ToString(out.FunctionError))
	}
}

func TestAnErrorDuringTheStartIsTheResponse(t *testing.T) {
	t.Parallel()
	rule(t, "LR-4")
	// The function starts once, and not again when that process has ended.
	var out *lambda.InvokeOutput
	for _, o := range []instruction{{Test: unique(), Do: "exit"}, {Test: unique()}} {
		var err error
		out, err = cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(cloud.output("Broken")), Payload: []byte(o.String())})
		if err != nil {
			t.Fatal(err)
		}
	}
	got := decode[struct{ ErrorMessage, ErrorType string }](t, string(out.Payload))
	if aws.ToString(out.FunctionError) != "Unhandled" || got.ErrorMessage != "the probe is broken" || got.ErrorType != "Probe.Broken" {
		t.Errorf("the call answers %s: %s", aws.ToString(out.FunctionError), out.Payload)
	}
}

func TestAProcessHasOneInvocationAtATime(t *testing.T) {
	t.Parallel()
	rule(t, "LR-7")
	test := unique()
	const calls = 6
	payloads := make(chan string, calls)
	for range calls {
		go func() {
			// Each describes its process after a pause between two notes.
			out, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
				FunctionName: aws.String(cloud.output("Called")), Payload: []byte(instruction{Test: test, Do: "describe", Pause: 100}.String()),
			})
			if err != nil {
				payloads <- err.Error()
				return
			}
			payloads <- string(out.Payload)
		}()
	}
	streamOf := map[string]string{}
	for range calls {
		got := decode[description](t, <-payloads)
		streamOf[got.Request] = got.environment()["AWS_LAMBDA_LOG_STREAM_NAME"]
	}
	handles := map[string]string{}
	for _, n := range awaitNotes(t, test, 2*calls) {
		stream := streamOf[n.request]
		if n.outcome != "begun" {
			delete(handles, stream)
			continue
		}
		if handles[stream] != "" {
			t.Errorf("%s handles %s and %s at once", stream, handles[stream], n.request)
		}
		handles[stream] = n.request
	}
}

func TestAnAsynchronousCallReturnsAtOnceWithoutAResponse(t *testing.T) {
	t.Parallel()
	rule(t, "LA-1")
	o := instruction{Test: unique(), Do: "answer", Answer: `{"a": 1}`}
	if out := invoke(t, types.InvocationTypeEvent, o); out.StatusCode != 202 || len(out.Payload) != 0 {
		t.Errorf("the call answers %d: %s", out.StatusCode, out.Payload)
	}
	awaitNotes(t, o.Test, 1)
}

func TestAPayloadThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	rule(t, "LA-2")
	for kind, limit := range map[types.InvocationType]int{types.InvocationTypeRequestResponse: 6 << 20, types.InvocationTypeEvent: 1 << 20} {
		t.Run(string(kind), func(t *testing.T) {
			_, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
				FunctionName: aws.String(cloud.output("Called")), InvocationType: kind, Payload: []byte(`"` + strings.Repeat("x", limit) + `"`),
			})
			wantRefusal(t, err, "RequestTooLargeException", "")
		})
	}
}
