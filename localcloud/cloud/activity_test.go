package cloud_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/loss"
)

// happened returns the first notices in the stream of a stack, by their kinds in order,
// until there are so many.
func (s stack) happened(t *testing.T, n int) (kinds []activity.Kind, data []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	made, err := http.NewRequestWithContext(ctx, http.MethodGet, s.where.ActivityURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(made)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); len(data) < n && lines.Scan(); {
		if kind, is := strings.CutPrefix(lines.Text(), "event: "); is {
			kinds = append(kinds, activity.Kind(kind))
		}
		if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
			data = append(data, text)
		}
	}
	if len(data) < n {
		t.Fatalf("only %v is streamed", kinds)
	}
	return kinds, data
}

// decoded returns a notice without what differs in each run.
func decoded[T any](t *testing.T, data string) (notice T) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), &notice); err != nil {
		t.Fatal(err)
	}
	return notice
}

// generated are the members that differ in each run.
var generated = cmp.Options{
	cmpopts.IgnoreTypes(time.Time{}), cmpopts.IgnoreFields(activity.Attempt{}, "Request"), cmpopts.IgnoreFields(activity.Part{}, "Message"),
	cmpopts.IgnoreFields(loss.DeadLetter{}, "URL", "Message"),
}

func TestTheWayOfAnEventIsStreamed(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "queued", `{"id": "1", "subject": "s-1", "type": "thing", "fail": true}`)
	kinds, data := s.happened(t, 4)
	if diff := cmp.Diff([]activity.Kind{activity.Accepted, activity.Delivered, activity.Attempted, activity.DeadLetter}, kinds); diff != "" {
		t.Fatalf("the kinds (-want +got):\n%s", diff)
	}
	accepted, delivered := decoded[activity.Arrival](t, data[0]), decoded[activity.Delivery](t, data[1])
	if accepted.ID == "" || accepted.Time.IsZero() || delivered.Event != accepted.Event {
		t.Errorf("accepted is %+v, delivered %+v", accepted, delivered)
	}
	event := loss.Event{ID: accepted.ID, Type: "thing", Subject: "s-1"}
	if diff := cmp.Diff(activity.Arrival{Bus: "Bus", Event: event, Source: "queued"}, accepted, generated); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(activity.Delivery{Rule: "Shop/ToQueue", Target: "Shop/Queue", Event: event, Attempt: 1}, delivered, generated); diff != "" {
		t.Errorf("the delivery (-want +got):\n%s", diff)
	}
	event.ID = "1" // The queue has the detail.
	attempt := activity.Attempt{
		Function: "Shop/Worker", Queue: "Shop/Queue", Attempts: 1, Reason: "it is among the batchItemFailures of the response",
		Parts: []activity.Part{{Event: event, Attempt: 1, Failed: true}},
	}
	if diff := cmp.Diff(attempt, decoded[activity.Attempt](t, data[2]), generated); diff != "" {
		t.Errorf("the attempt (-want +got):\n%s", diff)
	}
	letter := loss.DeadLetter{Queue: "DeadLetters", From: "Shop/Queue", Event: event, Reason: "it was received 1 times and not deleted"}
	if diff := cmp.Diff(letter, decoded[loss.DeadLetter](t, data[3]), generated); diff != "" {
		t.Errorf("the dead letter (-want +got):\n%s", diff)
	}
}

func TestAnEventThatIsNotDeliveredAndOneThatIsLostAreStreamed(t *testing.T) {
	s := start(t, func(r resources) { delete(r, "RulePermission") })
	s.publish(t, "inner", `{"subject": "s-1"}`)
	s.publishTo(t, "absent", "inner", `{"subject": "s-2"}`)
	kinds, data := s.happened(t, 6)
	of := map[activity.Kind]string{}
	for i, kind := range kinds {
		of[kind] += data[i]
	}
	if got := decoded[activity.Delivery](t, of[activity.Undelivered]); got.Target != "Shop/Worker" || got.Subject != "s-1" || !strings.Contains(got.Reason, "does not allow events.amazonaws.com") {
		t.Errorf("the delivery is %+v", got)
	}
	if got := decoded[loss.DeadLetter](t, of[activity.DeadLetter]); got.Queue != "Undelivered" || got.Subject != "s-1" {
		t.Errorf("the dead letter is %+v", got)
	}
	if got := decoded[loss.Loss](t, of[activity.Lost]); got.Subject != "s-2" || got.Reason != "the bus does not exist" {
		t.Errorf("the loss is %+v", got)
	}
}

func TestTheEndOfAProcessIsStreamedWithItsInvocation(t *testing.T) {
	s := startUnder(t, fault.KillAfterCall)
	s.call(t, read, "{}")
	kinds, data := s.happened(t, 2)
	if diff := cmp.Diff([]activity.Kind{activity.ProcessEnded, activity.Attempted}, kinds); diff != "" {
		t.Fatalf("the kinds (-want +got):\n%s", diff)
	}
	ended, attempt := decoded[activity.Ending](t, data[0]), decoded[activity.Attempt](t, data[1])
	if ended.Function != "Shop/Worker" || ended.PID == 0 || ended.Reason != "Runtime exited with error: signal: killed" || ended.Request == "" || ended.Request != attempt.Request {
		t.Errorf("the end is %+v, the attempt %+v", ended, attempt)
	}
}
