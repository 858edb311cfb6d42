package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// request is a call of the API destination as the endpoint got it.
func request(t *testing.T, n note) urlEvent {
	t.Helper()
	var got urlEvent
	if err := json.Unmarshal([]byte(n.payload), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAnAPIDestinationGetsTheInputWithFixedHeaders(t *testing.T) {
	t.Parallel()
	rule(t, "AD-3", "AD-4", "AD-6", "AD-7", "AD-10")
	o := instruction{Test: unique()}
	publish(t, "notified", o.String())
	got := request(t, awaitNotes(t, o.Test, 1)[0])
	if got.Context.HTTP.Method != "POST" || got.RawPath != "/notify" || got.Body == nil || *got.Body != o.String() {
		t.Errorf("the endpoint got %s %s: %v", got.Context.HTTP.Method, got.RawPath, got.Body)
	}
	want := map[string]string{
		"user-agent": "Amazon/EventBridge/ApiDestinations",
		"range":      "bytes=0-1048575",
		// Of the connection, which wins over the target.
		"content-type":      "application/cloudevents+json",
		"x-conformance-key": "not-a-secret",
		// Of the target, out of the event.
		"x-test":         o.Test,
		"content-length": strconv.Itoa(len(o.String())),
	}
	have := map[string]string{}
	for name := range want {
		have[name] = got.Headers[name]
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

// The template's method, path and query, and what the target and
// the connection, which wins, add to them.
func TestAnAPIDestinationIsCalledAtItsEndpoint(t *testing.T) {
	t.Parallel()
	rule(t, "AD-1", "AD-4", "AD-6")
	o := instruction{Test: unique(), Answer: "of the event"}
	publish(t, "itemized", o.String())
	got := request(t, awaitNotes(t, o.Test, 1)[0])
	if want := "/tests/" + o.Test + "/items/fixed/notify"; got.Context.HTTP.Method != "PUT" || got.RawPath != want {
		t.Errorf("the endpoint got %s %s, want PUT %s", got.Context.HTTP.Method, got.RawPath, want)
	}
	query, err := url.ParseQuery(got.RawQueryString)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"kind": {"item"}, "type": {"itemized"}, "from": {"connection"}}, query); diff != "" {
		t.Error(diff)
	}
	if got, want := got.Headers["authorization"], "Basic "+base64.StdEncoding.EncodeToString([]byte("conformance:not-a-secret")); got != want {
		t.Errorf("the authorization is %q, want %q", got, want)
	}
	if body := decode[instruction](t, *got.Body); body.Test != o.Test || body.Answer != "of the connection" {
		t.Errorf("the body is %+v", body)
	}
}

// The cases run one after the other: the endpoint is a function, and must not be
// throttled.
func TestAnAPIDestinationIsCalledAgainIfTheEndpointMayRecover(t *testing.T) {
	t.Parallel()
	rule(t, "AD-9")
	// 401, 407 and 409 are on today's list of the documentation; that of 2023 had
	// 429 and 5xx only.
	for _, status := range []int{401, 407, 409, 429, 500, 503} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			o := instruction{Test: unique(), Responses: []response{{Status: status}, {Status: 200}}}
			publish(t, "notified", o.String())
			got := awaitNotes(t, o.Test, 2)
			if first, second := request(t, got[0]), request(t, got[1]); *first.Body != *second.Body {
				t.Errorf("the second call has another body: %s", *second.Body)
			}
		})
	}
}

func TestAnAPIDestinationIsCalledOnceIfTheEndpointRefuses(t *testing.T) {
	t.Parallel()
	rule(t, "AD-1", "AD-9", "AD-11", "RD-6", "RD-7")
	for _, c := range []struct {
		rule  string
		first response
	}{
		{"400", response{Status: 400}},
		{"404", response{Status: 404}},
		{"a redirect, which is not followed", response{Status: 302, Location: strings.TrimSuffix(cloud.output("EndpointUrl"), "/") + "/notify"}},
		{"a negative Retry-After", response{Status: 503, RetryAfter: "-1"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			o := instruction{Test: unique(), Responses: []response{c.first, {Status: 200}}}
			id := publish(t, "notified", o.String())
			dead := cloud.undelivered.deadLetter(t, cloud.output("ToDestinationArn"), o.Test)
			if body := decode[envelope](t, *dead.Body); body.ID != id || body.DetailType != "notified" {
				t.Errorf("the dead letter is %+v, want the event itself", body)
			}
			if attribute(dead, "ERROR_CODE") == "" || attribute(dead, "TARGET_ARN") != cloud.output("DestinationArn") {
				t.Errorf("the dead letter has the attributes %s and %s", attribute(dead, "ERROR_CODE"), attribute(dead, "TARGET_ARN"))
			}
			if got := notes(t, o.Test); len(got) != 1 {
				t.Errorf("the endpoint was called %d times", len(got))
			}
		})
	}
}

func TestADeliveryIsGivenUpAfterTheRetriesOfItsPolicy(t *testing.T) {
	t.Parallel()
	rule(t, "AD-13", "RD-2", "RD-7")
	o := instruction{Test: unique(), Responses: []response{{Status: 500}}}
	publish(t, "notified", o.String())
	dead := cloud.undelivered.deadLetter(t, cloud.output("ToDestinationArn"), o.Test)
	if condition, retries := attribute(dead, "EXHAUSTED_RETRY_CONDITION"), attribute(dead, "RETRY_ATTEMPTS"); condition != "MaximumRetryAttempts" || retries != "1" {
		t.Errorf("the dead letter tells %s after %s retries", condition, retries)
	}
	if got := notes(t, o.Test); len(got) != 2 {
		t.Errorf("the endpoint was called %d times, want 2", len(got))
	}
}

func TestRetryAfterDelaysTheNextAttempt(t *testing.T) {
	t.Parallel()
	rule(t, "AD-11")
	o := instruction{Test: unique(), Responses: []response{{Status: 429, RetryAfter: "3"}, {Status: 200}}}
	publish(t, "notified", o.String())
	got := awaitNotes(t, o.Test, 2)
	if waited := nanoseconds(t, got[1]) - nanoseconds(t, got[0]); waited < 3*time.Second-100*time.Millisecond {
		t.Errorf("the endpoint is called again after %s, want 3 seconds", waited)
	}
}

func TestEveryEventIsARequestOfItsOwn(t *testing.T) {
	t.Parallel()
	rule(t, "AD-3")
	test := unique()
	for i := range 3 {
		publish(t, "notified", instruction{Test: test, Step: fmt.Sprint(i)}.String())
	}
	seen := map[string]int{}
	for _, n := range awaitNotes(t, test, 3) {
		seen[n.step]++
	}
	if diff := cmp.Diff(map[string]int{"0": 1, "1": 1, "2": 1}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestTheRateLimitDelaysEventsAndDropsNone(t *testing.T) {
	t.Parallel()
	rule(t, "AD-2")
	test := unique()
	began := time.Now()
	for i := range 4 {
		publish(t, "itemized", instruction{Test: test, Step: fmt.Sprint(i)}.String())
	}
	got := awaitNotes(t, test, 4)
	// The limit is one request a second. The first two may come at once. A request is noted
	// some time after it has come.
	if took := nanoseconds(t, got[3]) - time.Duration(began.UnixNano()); took < 2*time.Second-100*time.Millisecond {
		t.Errorf("four requests came within %s", took)
	}
}

func TestAnAPIDestinationThatTheRoleMayNotInvokeGetsNothing(t *testing.T) {
	t.Parallel()
	rule(t, "AD-14", "RT-12")
	o := instruction{Test: unique()}
	publish(t, "denied-destination", o.String())
	dead := cloud.undelivered.deadLetter(t, cloud.output("ToDeniedDestinationArn"), o.Test)
	if code := attribute(dead, "ERROR_CODE"); code != "NO_PERMISSIONS" {
		t.Errorf("the dead letter has the error code %s", code)
	}
}

// The endpoint answers the first call after 7 seconds, and could take 10.
func TestAnAPIDestinationThatTakesMoreThanFiveSecondsIsCalledAgain(t *testing.T) {
	t.Parallel()
	rule(t, "AD-8")
	o := instruction{Test: unique(), Responses: []response{{Status: 200, Pause: 7000}, {Status: 200}}}
	began := time.Now()
	publish(t, "slow", o.String())
	got := awaitNotes(t, o.Test, 2)
	if waited := nanoseconds(t, got[1]) - time.Duration(began.UnixNano()); waited < 4900*time.Millisecond {
		t.Errorf("the endpoint is called again after %s, want 5 seconds at least", waited)
	}
}
