package cloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/printable"
)

func TestAnEventReachesTheFunctionThroughRuleAndQueue(t *testing.T) {
	lines := make(chan string, 10)
	config := configOf(assembled(t, nil))
	config.Log = func(_ time.Time, function, line string) { lines <- function + " " + line }
	s := startWith(t, config)
	s.publish(t, "queued", `{"id": "1"}`)
	worker := s.Usage(t.Context()).Functions["Shop/Worker"]
	if worker.Records != 1 || worker.Failed != 0 {
		t.Errorf("the function has handled %+v, want one record", worker)
	}
	for line := range lines {
		if strings.HasPrefix(line, "Shop/Worker event ") && strings.Contains(line, `"body":"{\"id\":\"1\"}"`) {
			return
		}
	}
}

func TestEveryKindOfTargetIsReached(t *testing.T) {
	s := start(t, nil)
	for source, rule := range map[string]string{
		"queued": "Shop/ToQueue", "inner": "ToInner", "logged": "ToLogs", "notify": "ToNotify",
	} {
		s.publish(t, source, `{"id": "1"}`)
		want := cloud.RuleUsage{Matched: 1, Delivered: 1}
		if got := s.Usage(t.Context()).Rules[rule]; got != want {
			t.Errorf("the rule %s has counted %+v, want %+v", rule, got, want)
		}
	}
}

func TestAMessageThatIsNeverHandledEndsInTheDeadLetterQueue(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "queued", `{"id":"1","fail":true}`)
	if got, want := *s.only(t, "DeadLetters").Body, `{"id":"1","fail":true}`; got != want {
		t.Errorf("the dead letter is %s, want %s", got, want)
	}
}

func TestARuleDeliversOnlyWhatPoliciesAllow(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		change func(resources)
		code   string
	}{
		"to a queue without a policy": {
			"queued", func(r resources) { delete(r, "QueuePolicy") }, "NO_RESOURCE",
		},
		"to a queue whose policy allows another rule": {
			"queued", func(r resources) {
				text := strings.ReplaceAll(encode(r["QueuePolicy"]), "ToQueue", "ToLogs")
				r["QueuePolicy"] = decode(text)
			}, "NO_RESOURCE",
		},
		"to a bus without a role's permission": {
			"inner", func(r resources) { delete(r, "ForwardPolicy") }, "NO_PERMISSIONS",
		},
		"to a bus with a role that is not for rules": {
			"inner", func(r resources) {
				text := strings.ReplaceAll(encode(r["ForwardRole"]), "events.amazonaws.com", "lambda.amazonaws.com")
				r["ForwardRole"] = decode(text)
			}, "FAILED_TO_ASSUME_ROLE",
		},
		"to a function without a permission": {
			"inner", func(r resources) { delete(r, "RulePermission") }, "NO_PERMISSIONS",
		},
		"to a log group without a resource policy": {
			"logged", func(r resources) { delete(r, "EventsPolicy") }, "NO_PERMISSIONS",
		},
		"to an API destination without a role's permission": {
			"notify", func(r resources) { delete(r, "NotifyPolicy") }, "NO_PERMISSIONS",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.change)
			s.publish(t, test.source, `{"id": "1"}`)
			letter := s.only(t, "Undelivered")
			if got := *letter.MessageAttributes["ERROR_CODE"].StringValue; got != test.code {
				t.Errorf("the dead letter's error code is %s (%s), want %s",
					got, *letter.MessageAttributes["ERROR_MESSAGE"].StringValue, test.code)
			}
		})
	}
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func decode(text string) (value map[string]any) {
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

func TestWithoutTheDeadLetterQueuesPermissionAnEventIsDropped(t *testing.T) {
	s := start(t, func(r resources) {
		delete(r, "QueuePolicy")
		delete(r, "UndeliveredPolicy")
	})
	s.publish(t, "queued", `{"id": "1"}`)
	if got := s.Usage(t.Context()).Rules["Shop/ToQueue"]; got.Matched != 1 || got.Dropped != 1 {
		t.Errorf("the rule has counted %+v, want one match and one drop", got)
	}
}

func TestAnEventIsForwardedOverAnotherBusToAFunction(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "inner", `{"id": "1"}`)
	if got := s.Usage(t.Context()).Functions["Shop/Worker"].Events; got != 1 {
		t.Errorf("the function got %d events, want 1", got)
	}
}

// delivered is what the receiver shows of a delivery.
type delivered struct {
	Method, Host, Path, Query, ID string
	Count                         int
	Headers                       http.Header
	Body                          json.RawMessage
}

// deliveries returns what the receiver shows, and how many deliveries it refused.
func (s stack) deliveries(t *testing.T) (arrived []delivered, refused int) {
	t.Helper()
	_, text := request(t, http.MethodGet, s.where.DeliveriesURL, nil, "")
	var shown struct {
		Deliveries []delivered
		Refused    int
	}
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	return shown.Deliveries, shown.Refused
}

func TestTheReceiverShowsWhereAnEventWasToGo(t *testing.T) {
	s := start(t, func(r resources) {
		r.properties("Destination")["InvocationEndpoint"] = "https://example.com:8443/a//b/*/?type=x"
		r.properties("Destination")["HttpMethod"] = "GET"
		r.properties("ToNotify")["Targets"].([]any)[0].(map[string]any)["HttpParameters"] = map[string]any{
			"PathParameterValues": []string{"$.detail.id"}, "QueryStringParameters": map[string]string{"z": "$.detail-type"},
		}
		r.properties("Connection")["AuthorizationType"] = "BASIC"
		r.properties("Connection")["AuthParameters"] = map[string]any{
			"BasicAuthParameters": map[string]string{"Username": "shop", "Password": "word"},
			"InvocationHttpParameters": map[string]any{
				"QueryStringParameters": []map[string]string{{"Key": "type", "Value": "y"}},
				"BodyParameters":        []map[string]string{{"Key": "added", "Value": "1"}},
			},
		}
	})
	s.publish(t, "notify", `{"id":"o/1"}`)
	arrived, refused := s.deliveries(t)
	if len(arrived) != 1 || refused != 0 {
		t.Fatalf("arrived have %+v, refused were %d", arrived, refused)
	}
	got := arrived[0]
	if got.Method != "GET" || got.Host != "example.com:8443" || got.Path != "/a//b/o%2F1/" || got.Query != "type=y&z=thing" {
		t.Errorf("the event was for %s %s %s %s", got.Method, got.Host, got.Path, got.Query)
	}
	var body map[string]string
	if err := json.Unmarshal(got.Body, &body); err != nil || body["id"] != "o/1" || body["added"] != "1" {
		t.Errorf("the body is %s", got.Body)
	}
}

func TestTheReceiverTakesAnyDeliveryWithACredentialAndCountsRepetitions(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "notify", `{"id":"1","type":"thing"}`)
	arrived, _ := s.deliveries(t)
	if len(arrived) != 1 || arrived[0].Headers.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		t.Fatalf("%+v arrived, want one event", arrived)
	}
	key := arrived[0].Headers.Get("X-Api-Key")
	for _, test := range []struct {
		rule, method, path, key, body string
		status                        int
	}{
		{"repeated", "POST", "/example.com/events", key, `{"id":"1"}`, http.StatusNoContent},
		{"with another method", "DELETE", "/example.com/events", key, `{"id":"1"}`, http.StatusNoContent},
		{"at another path", "PUT", "/example.com/other", key, `{"id":"1"}`, http.StatusNoContent},
		{"with a body that is no JSON", "PUT", "/example.com/", key, "text", http.StatusNoContent},
		{"with a body that has no id, again and again", "PATCH", "/example.com/list", key, "[1]", http.StatusNoContent},
		{"with a body that has no id, again and again", "PATCH", "/example.com/list", key, "[1]", http.StatusNoContent},
		{"without a body", "GET", "/example.com", key, "", http.StatusNoContent},
		{"at the receiver's own address", "POST", "", key, `{"id":2}`, http.StatusNoContent},
		{"with a wrong key", "POST", "/example.com/events", "wrong", `{"id":"1"}`, http.StatusUnauthorized},
		{"without a key", "POST", "/example.com/events", "", `{"id":"1"}`, http.StatusUnauthorized},
		{"with a body of more than 1 MiB", "POST", "/example.com/", key, strings.Repeat("x", 1<<20+1), http.StatusRequestEntityTooLarge},
	} {
		header := http.Header{"X-Api-Key": {test.key}, "Content-Type": {"text/plain"}}
		if status, answer := request(t, test.method, s.where.DeliveriesURL+test.path, header, test.body); status != test.status {
			t.Errorf("a delivery %s is answered with %d %s, want %d", test.rule, status, answer, test.status)
		}
	}
	arrived, refused := s.deliveries(t)
	var got []string
	for _, d := range arrived {
		var body bytes.Buffer
		if err := json.Compact(&body, d.Body); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s%s %s %d %s", d.Method, d.Host, d.Path, d.ID, d.Count, &body))
	}
	want := []string{
		`POST example.com/events 1 2 {"id":"1","type":"thing"}`, `DELETE example.com/events 1 1 {"id":"1"}`, `PUT example.com/other 1 1 {"id":"1"}`,
		`PUT example.com/  1 "text"`, `PATCH example.com/list  1 [1]`, `PATCH example.com/list  1 [1]`, `GET example.com/  1 ""`, `POST /  1 {"id":2}`,
	}
	if diff := cmp.Diff(want, got); diff != "" || refused != 3 {
		t.Errorf("refused were %d, arrived have\n%s", refused, diff)
	}
}

func TestADeliveryDoesNotControlTheTerminalThatShowsIt(t *testing.T) {
	s := start(t, nil)
	const hostile = "\u009b2J\u202e\u2028\x7f"
	s.publish(t, "notify", `{"id":"1","type":"`+hostile+`"}`)
	_, text := request(t, http.MethodGet, s.where.DeliveriesURL, nil, "")
	if printable.Text(text) != text {
		t.Errorf("shown is %q", text)
	}
	var shown struct {
		Deliveries []struct{ Body struct{ Type string } }
	}
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Deliveries) != 1 || shown.Deliveries[0].Body.Type != hostile {
		t.Errorf("the deliveries are %q", shown.Deliveries)
	}
}

func TestEveryAPIDestinationCanDeliverElsewhere(t *testing.T) {
	for name, test := range map[string]struct {
		destination string
		shown       bool
	}{
		"all of them":     {"", false},
		"one by its path": {"Destination", true},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan *http.Request, 1)
			config := configOf(assembled(t, nil))
			config.DestinationURLs = map[string]string{test.destination: serve(t, func(_ http.ResponseWriter, r *http.Request) { arrived <- r })}
			s := startWith(t, config)
			s.publish(t, "notify", `{"id":"1"}`)
			if got := <-arrived; got.URL.Path != "/events" || got.Header.Get("X-Api-Key") == "" {
				t.Errorf("%s arrived with the headers %v", got.URL, got.Header)
			}
			if shown := s.where.DeliveriesURL != ""; shown != test.shown {
				t.Errorf("the deliveries are shown at %q", s.where.DeliveriesURL)
			}
		})
	}
}

func TestAURLForAnAPIDestinationThatIsNotInTheStackIsRefused(t *testing.T) {
	config := configOf(assembled(t, nil))
	config.DestinationURLs = map[string]string{"Shop/Hook": "http://127.0.0.1:1"}
	running, err := cloud.Start(t.Context(), config)
	if err == nil {
		t.Fatal("the stack starts", running.Close())
	}
	if want := "there is no API destination Shop/Hook to call http://127.0.0.1:1; there are: Destination"; err.Error() != want {
		t.Errorf("the error is %q, want %q", err, want)
	}
}

func TestEveryMessageCanBeDeliveredTwice(t *testing.T) {
	config := configOf(assembled(t, func(r resources) {
		r.properties("Queue")["RedrivePolicy"].(map[string]any)["maxReceiveCount"] = 3
	}))
	config.DeliverTwice = true
	s := startWith(t, config)
	s.publish(t, "queued", `{"id": "1"}`)
	usage := s.Usage(t.Context())
	if got := usage.Functions["Shop/Worker"].Records; got != 2 || usage.DuplicatedMessages != 1 {
		t.Errorf("the function got %d records and %d were delivered twice, want 2 and 1", got, usage.DuplicatedMessages)
	}
}

func TestMessagesInAQueueThatNoFunctionPollsLeaveTheCloudIdle(t *testing.T) {
	s := start(t, nil)
	if _, err := s.queues.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(s.where.Queues["DeadLetters"]), MessageBody: aws.String("x"),
	}); err != nil {
		t.Fatal(err)
	}
	if !s.Idle() {
		t.Error("a message in the dead-letter queue keeps the cloud busy")
	}
}
