package conformance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAScheduleSendsItsInputAtItsRate(t *testing.T) {
	t.Parallel()
	rule(t, "SC-3", "SC-4", "SC-10")
	if body := *cloud.mailbox.one(t, `"scheduled"`).Body; body != `{"case": "scheduled"}` {
		t.Errorf("the schedule sends %s", body)
	}
	// The other schedule has the same rate, and would have fired by now.
	if found := cloud.mailbox.all(t, "disabled schedule"); len(found) != 0 {
		t.Errorf("the disabled schedule sends %s", *found[0].Body)
	}
}

func TestAScheduleThatItsRoleDoesNotPermitIsADeadLetter(t *testing.T) {
	t.Parallel()
	rule(t, "SC-6", "SC-7")
	dead := cloud.undelivered.one(t, "forbidden schedule")
	var request struct{ MessageBody, QueueUrl string }
	if err := json.Unmarshal([]byte(*dead.Body), &request); err != nil {
		t.Fatal(err)
	}
	if request.MessageBody != `{"case": "forbidden schedule"}` || !strings.HasSuffix(request.QueueUrl, resourceName(cloud.output("Forbidden"))) {
		t.Errorf("the dead letter is %+v, want the request to the queue", request)
	}
	got := map[string]string{}
	for _, name := range []string{"SCHEDULE_ARN", "TARGET_ARN", "RETRY_ATTEMPTS", "IS_PAYLOAD_TRUNCATED"} {
		got[name] = attribute(dead, name)
	}
	want := map[string]string{
		"SCHEDULE_ARN": cloud.output("ScheduledForbiddenArn"), "TARGET_ARN": cloud.output("ForbiddenArn"),
		// A permanent error is not tried again.
		"RETRY_ATTEMPTS": "0", "IS_PAYLOAD_TRUNCATED": "false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"ERROR_CODE", "ERROR_MESSAGE", "EXECUTION_ID"} {
		if attribute(dead, name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if _, err := time.Parse(time.RFC3339, attribute(dead, "SCHEDULED_TIME")); err != nil {
		t.Error(err)
	}
}

func TestARuleWithAScheduleSendsAnEventOfItsOwn(t *testing.T) {
	t.Parallel()
	rule(t, "RT-2", "RT-4")
	arn := cloud.output("ScheduledRuleArn")
	got := cloud.mailbox.event(t, arn)
	region, account := regionAndAccount(t)
	want := envelope{
		Version: "0", ID: got.ID, DetailType: "Scheduled Event", Source: "aws.events", Account: account, Region: region,
		Time: got.Time, Resources: []string{arn}, Detail: []byte("{}"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Count(arn, "/") != 1 {
		t.Errorf("the ARN of a rule of the default bus is %s", arn)
	}
}
