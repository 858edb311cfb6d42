package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/stack"
)

const placed = `{"specversion":"1.0","id":"e-1","source":"order","type":"order.placed","subject":"o-1","time":"2026-03-01T12:00:00Z",` +
	`"datacontenttype":"application/json","dataschema":"https://example.com/none","correlationid":"c-1","data":{}}`

// logged is a fake of CloudWatch Logs with one message on each page, and looks
// into it for the one quoted text of the request.
type logged struct {
	messages []string
	err      error
}

func (l logged) FilterLogEvents(
	_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	page := len(aws.ToString(in.NextToken))
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	var text string
	if in.FilterPattern != nil {
		if err := json.Unmarshal([]byte(*in.FilterPattern), &text); err != nil {
			return nil, err
		}
	}
	if page < len(l.messages) && strings.Contains(l.messages[page], text) {
		out.Events = []types.FilteredLogEvent{{Message: &l.messages[page]}}
	}
	if page+1 < len(l.messages) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, l.err
}

func inEnvelope(source, detail string) string {
	return fmt.Sprintf(`{"version":"0","id":"x","source":%q,"detail-type":"order.placed","detail":%s}`, source, detail)
}

func TestEveryEventInTheLogIsEvidence(t *testing.T) {
	var collected audit.Evidence
	err := published(t.Context(), logged{messages: []string{
		inEnvelope("order", placed),
		inEnvelope("order", placed),
		"no JSON",
		inEnvelope("order", `{"hello":"world"}`),
		inEnvelope("payment", placed),
	}}, "events", &collected)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range collected.Published {
		ids = append(ids, e.ID)
	}
	if diff := cmp.Diff([]string{"e-1", "e-1"}, ids); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	for i, want := range []string{"not an event of EventBridge", "invalid event", "order.placed from order in an envelope of order.placed from payment: it reached no context"} {
		if i >= len(collected.Malformed) || !strings.HasPrefix(collected.Malformed[i], want) {
			t.Errorf("malformed are %q: number %d is not %q", collected.Malformed, i, want)
		}
	}
}

func TestALogThatCannotBeReadIsAnError(t *testing.T) {
	away := errors.New("away")
	if err := published(t.Context(), logged{err: away}, "events", &audit.Evidence{}); !errors.Is(err, away) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheEventsOfAnOrderAreFoundEachOnce(t *testing.T) {
	about := func(order, id string) string {
		return inEnvelope("order", fmt.Sprintf(`{"type":"order.placed","id":%q,"subject":%q,"data":{"like":"o-1"}}`, id, order))
	}
	log := logged{messages: []string{about("o-1", "e-1"), "about o-1, but no JSON", about("o-2", "e-2"), about("o-1", "e-3"), about("o-1", "e-1")}}
	in := stack.Stack{LogGroups: map[string]string{stack.EventLogPath: "events"}}
	got, err := OfOrder(t.Context(), log, in, "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{log.messages[0], log.messages[3]}, got); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	if got, err := OfOrder(t.Context(), log, in, `o\1"`); got != nil || err != nil {
		t.Errorf("of an order that is none: %v, %v", got, err)
	}
	away := errors.New("away")
	if _, err := OfOrder(t.Context(), logged{err: away}, in, "o-1"); !errors.Is(err, away) {
		t.Errorf("the error is %v", err)
	}
	if _, err := OfOrder(t.Context(), log, stack.Stack{}, "o-1"); err == nil {
		t.Error("a stack without a log is no error")
	}
}

func answering(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestNotificationsAreEvidence(t *testing.T) {
	events, err := notified(t.Context(), answering(t, http.StatusOK, `{"deliveries": [{"id": "e-1", "body": `+placed+`}], "refused": 0}`))
	if err != nil || len(events) != 1 || events[0].ID != "e-1" {
		t.Errorf("the events are %+v, %v", events, err)
	}
	events, err = notified(t.Context(), answering(t, http.StatusOK, `{"deliveries": []}`))
	if err != nil || events == nil || len(events) > 0 {
		t.Errorf("nothing was received, but the events are %#v, %v: nil would mean that it is unknown", events, err)
	}
}

func TestNotificationsThatCannotBeReadAreAnError(t *testing.T) {
	for name, url := range map[string]string{
		"an error":    answering(t, http.StatusTeapot, ""),
		"no JSON":     answering(t, http.StatusOK, "hello"),
		"no event":    answering(t, http.StatusOK, `{"deliveries": [{"body": {}}]}`),
		"no URL":      "://",
		"no listener": "http://127.0.0.1:1",
	} {
		if _, err := notified(t.Context(), url); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}

func TestOnlyDeadLetterQueuesThatAreNotEmptyAreEvidence(t *testing.T) {
	fake := deadlettertest.New()
	fake.Put("https://sqs/1/dead", "x", "", 0, nil)
	fake.Put("https://sqs/1/work", "x", "", 0, nil)
	in := stack.Stack{Queues: map[string]string{
		"Shop/DeadLetters": "https://sqs/1/dead", "Shop/Undelivered": "https://sqs/1/empty", "Shop/Queue": "https://sqs/1/work",
	}}
	got, err := depths(t.Context(), fake, in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"Shop/DeadLetters": 1}, got); diff != "" {
		t.Errorf("the depths (-want +got):\n%s", diff)
	}
	fake.Broken["GetQueueAttributes"] = true
	if _, err := depths(t.Context(), fake, in); !errors.Is(err, deadlettertest.ErrBroken) {
		t.Errorf("the error is %v", err)
	}
}

func TestAStackWithoutTheEvidenceIsRefusedByName(t *testing.T) {
	in := stack.Stack{Tables: map[string]string{"Shop/Table": "shop"}}
	if _, err := in.EventLog(); err == nil || !strings.Contains(err.Error(), stack.EventLogPath) {
		t.Errorf("without an event log the error is %v", err)
	}
	if err := table(t.Context(), nil, in, "order", &audit.Evidence{}); err == nil || !strings.Contains(err.Error(), "Order/Table") {
		t.Errorf("without a table the error is %v", err)
	}
}
