package conformance_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestARuleInvokesAFunctionWithTheEvent(t *testing.T) {
	t.Parallel()
	rule(t, "TL-1", "TL-3")
	o := instruction{Test: unique()}
	id := publish(t, "invoke", o.String())
	got := decode[envelope](t, awaitNotes(t, o.Test, 1)[0].payload)
	if got.ID != id || got.DetailType != "invoke" || string(got.Detail) != o.String() {
		t.Errorf("the function got %+v", got)
	}
}

func TestAnEventThatAFunctionCannotHandleIsADeadLetter(t *testing.T) {
	t.Parallel()
	rule(t, "LA-6", "TL-2")
	for do, message := range map[string]string{
		"fail":  "the probe fails as instructed",
		"panic": "the probe panics as instructed",
	} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			o := instruction{Test: unique(), Do: do}
			publish(t, "invoke", o.String())
			got := awaitNotes(t, o.Test, 1)
			dead := cloud.functionDead.one(t, o.Test)
			if diff := cmp.Diff(decode[envelope](t, got[0].payload), decode[envelope](t, *dead.Body)); diff != "" {
				t.Errorf("the dead letter is not the event: %s", diff)
			}
			type deadLetter struct{ RequestID, ErrorCode, ErrorMessage, CodeType string }
			want := deadLetter{got[0].request, "200", message, "Number"}
			have := deadLetter{attribute(dead, "RequestID"), attribute(dead, "ErrorCode"), attribute(dead, "ErrorMessage"), aws.ToString(dead.MessageAttributes["ErrorCode"].DataType)}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEventThatTakesTooLongIsADeadLetter(t *testing.T) {
	t.Parallel()
	rule(t, "LA-6", "TL-2")
	o := instruction{Test: unique(), Do: "hang"}
	publish(t, "invoke", o.String())
	dead := cloud.functionDead.one(t, o.Test)
	if message := attribute(dead, "ErrorMessage"); !containsAll(message, []string{"Task timed out after 2.00 seconds"}) {
		t.Errorf("ErrorMessage is %q", message)
	}
}

func invoke(t *testing.T, kind types.InvocationType, o instruction) *lambda.InvokeOutput {
	t.Helper()
	out, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(cloud.output("Called")), InvocationType: kind, Payload: []byte(o.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAFailedEventIsTriedAgainAfterAMinuteWithTheSameRequestID(t *testing.T) {
	t.Parallel()
	rule(t, "LA-1", "LA-3")
	if os.Getenv("CONFORMANCE_SLOW") == "" {
		t.Skip("takes more than a minute: set CONFORMANCE_SLOW=1")
	}
	o := instruction{Test: unique(), Do: "fail", Times: 1}
	if out := invoke(t, types.InvocationTypeEvent, o); out.StatusCode != 202 || len(out.Payload) != 0 {
		t.Errorf("the call answers %d: %s", out.StatusCode, out.Payload)
	}
	first := awaitNotes(t, o.Test, 1)[0]
	// The wait is longer than other waits are patient for.
	select {
	case <-time.After(55 * time.Second):
	case <-t.Context().Done():
	}
	got := awaitNotes(t, o.Test, 2)
	if steps(got) != "failed, done" || got[1].request != first.request {
		t.Errorf("the probe got: %s, in the requests %s and %s", steps(got), first.request, got[1].request)
	}
	if waited := nanoseconds(t, got[1]) - nanoseconds(t, first); waited < 50*time.Second {
		t.Errorf("it was tried again after %s, want about a minute", waited)
	}
}

func nanoseconds(t *testing.T, n note) time.Duration {
	t.Helper()
	at, err := strconv.ParseInt(n.at, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(at)
}

func TestASynchronousCallReturnsTheResponseOrTheError(t *testing.T) {
	t.Parallel()
	rule(t, "LR-3", "LR-5", "LR-6")
	type failure struct {
		ErrorMessage string `json:"errorMessage"`
		ErrorType    string `json:"errorType"`
	}
	for _, c := range []struct {
		rule    string
		order   instruction
		payload string
		failure failure
	}{
		{"an answer", instruction{Do: "answer", Answer: `{"a": 1}`}, `{"a": 1}`, failure{}},
		{"an error", instruction{Do: "fail"}, "", failure{"the probe fails as instructed", "errorString"}},
		{"a timeout", instruction{Do: "hang"}, "", failure{"Task timed out after 2.00 seconds", "Sandbox.Timedout"}},
		{"the end of the process", instruction{Do: "exit"}, "", failure{"Runtime exited with error: exit status 3", "Runtime.ExitError"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			c.order.Test = unique()
			out := invoke(t, types.InvocationTypeRequestResponse, c.order)
			if c.payload != "" {
				if string(out.Payload) != c.payload || out.FunctionError != nil {
					t.Errorf("the answer is %s, %s", out.Payload, aws.ToString(out.FunctionError))
				}
				return
			}
			var got failure
			if err := json.Unmarshal(out.Payload, &got); err != nil {
				t.Fatal(err)
			}
			// A failed function is a successful call.
			if out.StatusCode != 200 || aws.ToString(out.FunctionError) != "Unhandled" ||
				got.ErrorType != c.failure.ErrorType || !containsAll(got.ErrorMessage, []string{c.failure.ErrorMessage}) {
				t.Errorf("the call answers %d, %s: %+v, want %+v", out.StatusCode, aws.ToString(out.FunctionError), got, c.failure)
			}
		})
	}
}

func TestAFunctionThatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	rule(t, "LI-2")
	_, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("none-" + unique()), Payload: []byte("{}")})
	wantRefusal(t, err, "ResourceNotFoundException", "Function not found")
}
