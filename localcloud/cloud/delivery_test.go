package cloud_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

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

func TestTheReceiverTakesAnEventAndCountsRepetitions(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "notify", `{"id":"1","type":"thing"}`)
	var shown struct {
		Deliveries []struct {
			ID      string
			Count   int
			Headers http.Header
			Body    json.RawMessage
		}
		Refused int
	}
	show := func() {
		_, text := request(t, http.MethodGet, s.where.DeliveriesURL, nil, "")
		if err := json.Unmarshal([]byte(text), &shown); err != nil {
			t.Fatal(err)
		}
		if len(shown.Deliveries) != 1 {
			t.Fatalf("%d events arrived, want 1: %s", len(shown.Deliveries), text)
		}
	}
	show()
	first := shown.Deliveries[0]
	if first.ID != "1" || first.Count != 1 || first.Headers.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		t.Errorf("the event is %+v", first)
	}
	for name, test := range map[string]struct {
		key, contentType, body string
		status                 int
	}{
		"repeated":                   {first.Headers.Get("X-Api-Key"), "application/cloudevents+json", `{"id":"1"}`, http.StatusNoContent},
		"with a wrong key":           {"wrong", "application/cloudevents+json", `{"id":"2"}`, http.StatusUnauthorized},
		"without a key":              {"", "application/cloudevents+json", `{"id":"2"}`, http.StatusUnauthorized},
		"with another content type":  {first.Headers.Get("X-Api-Key"), "application/json", `{"id":"2"}`, http.StatusUnsupportedMediaType},
		"with a body that has no id": {first.Headers.Get("X-Api-Key"), "application/cloudevents+json", `{}`, http.StatusBadRequest},
	} {
		header := http.Header{"X-Api-Key": {test.key}, "Content-Type": {test.contentType}}
		if status, answer := request(t, http.MethodPost, s.where.DeliveriesURL, header, test.body); status != test.status {
			t.Errorf("an event %s is answered with %d %s, want %d", name, status, answer, test.status)
		}
	}
	show()
	if got := shown.Deliveries[0].Count; got != 2 || shown.Refused != 4 {
		t.Errorf("the event is counted %d times and %d were refused, want 2 and 4", got, shown.Refused)
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

func TestAPIDestinationsCanDeliverElsewhere(t *testing.T) {
	arrived := make(chan *http.Request, 1)
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { arrived <- r })
	config := configOf(assembled(t, nil))
	config.DestinationURL = elsewhere + "/here"
	s := startWith(t, config)
	s.publish(t, "notify", `{"id":"1"}`)
	if got := <-arrived; got.URL.Path != "/here" || got.Header.Get("X-Api-Key") == "" {
		t.Errorf("%s arrived with the headers %v", got.URL, got.Header)
	}
	if s.where.DeliveriesURL != "" {
		t.Errorf("%s is to show what is delivered elsewhere", s.where.DeliveriesURL)
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
