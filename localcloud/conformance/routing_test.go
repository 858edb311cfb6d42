package conformance_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

// resourceName is what stands after the last slash of an ARN.
func resourceName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func TestTheMessageGroupMayBeAPath(t *testing.T) {
	t.Parallel()
	test := unique()
	// That the group may be a path is documented since November 2025. In older
	// sources, AWS's own among them, it is a fixed text only; then all events
	// would be in the group $.detail.subject.
	for _, subject := range []string{"order-1", "order-2"} {
		publish(t, "grouped", fmt.Sprintf(`{"test":%q,"subject":%q}`, test, subject))
	}
	for _, subject := range []string{"order-1", "order-2"} {
		got := cloud.grouped.one(t, test, `"`+subject+`"`)
		if group := got.Attributes["MessageGroupId"]; group != subject {
			t.Errorf("the event of %s is in the group %s", subject, group)
		}
	}
}

func TestAnEventPublishedTwiceIsOneMessageIfOnlyItsDetailIsSent(t *testing.T) {
	t.Parallel()
	test := unique()
	twice := fmt.Sprintf(`{"test":%q,"subject":"order","number":1}`, test)
	first, second := publish(t, "grouped", twice), publish(t, "grouped", twice)
	if first == second {
		t.Errorf("two calls return the same event id %s", first)
	}
	publish(t, "grouped", fmt.Sprintf(`{"test":%q,"subject":"order","number":2}`, test))
	cloud.grouped.one(t, test, `"number":2`)
	cloud.grouped.one(t, test, `"number":1`)
	if found := cloud.grouped.all(t, test); len(found) != 2 {
		t.Errorf("%d messages arrive, want 2: the queue recognises the detail, without EventBridge's id and time", len(found))
	}
}

func TestAnEventWithoutTheGroupsPathIsADeadLetter(t *testing.T) {
	t.Parallel()
	test := unique()
	// It is not documented what happens if the path matches nothing. The event
	// must not be lost without a trace, and not be in a group that was not chosen.
	publish(t, "grouped", fmt.Sprintf(`{"test":%q}`, test))
	got := decode[envelope](t, *cloud.undelivered.deadLetter(t, cloud.output("ToGroupedArn"), test).Body)
	if got.DetailType != "grouped" {
		t.Errorf("the dead letter is %+v", got)
	}
	if found := cloud.grouped.all(t, test); len(found) != 0 {
		t.Errorf("the event arrives in the group %s", found[0].Attributes["MessageGroupId"])
	}
}

func TestWithoutPermissionForAQueueTheEventIsADeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	test := unique()
	id := publish(t, "forbidden", fmt.Sprintf(`{"test":%q}`, test))
	got := cloud.undelivered.deadLetter(t, cloud.output("ToForbiddenArn"), test)
	if body := decode[envelope](t, *got.Body); body.ID != id {
		t.Errorf("the dead letter has the event %s, want the original, %s", body.ID, id)
	}
	if target := attribute(got, "TARGET_ARN"); target != cloud.output("ForbiddenArn") {
		t.Errorf("TARGET_ARN is %s", target)
	}
	// The code NO_PERMISSIONS is documented; NO_RESOURCE was observed, because a
	// queue does not reveal that it exists to a caller without access.
	if code := attribute(got, "ERROR_CODE"); !slices.Contains([]string{"NO_PERMISSIONS", "NO_RESOURCE"}, code) {
		t.Errorf("ERROR_CODE is %q", code)
	}
	if attribute(got, "ERROR_MESSAGE") == "" {
		t.Error("ERROR_MESSAGE is missing")
	}
	for _, name := range []string{"EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"} {
		if value := attribute(got, name); value != "" && value != "0" {
			t.Errorf("%s is %s, but nothing was tried again", name, value)
		}
	}
}

// innerEvent is what the rule on the inner bus sends.
type innerEvent struct {
	Case  string   `json:"case"`
	Event envelope `json:"event"`
}

func TestAForwardedEventIsTheSameOnTheNextBus(t *testing.T) {
	t.Parallel()
	test := unique()
	publish(t, "forward", fmt.Sprintf(`{"test":%q}`, test))
	outer := cloud.mailbox.event(t, test)
	inner := decode[innerEvent](t, *cloud.mailbox.one(t, test, `"inner"`).Body)
	if diff := cmp.Diff(outer, inner.Event); diff != "" {
		t.Error(diff)
	}
}

func TestTheTraceOfAnEventIsAnAttributeOfItsMessageAndNotInIt(t *testing.T) {
	t.Parallel()
	test := unique()
	const root = "Root=1-67891233-abcdef012345678912345678"
	given := entry("forward", fmt.Sprintf(`{"test":%q}`, test))
	given.TraceHeader = aws.String(root + ";Parent=53995c3f42cd8ad8;Sampled=0")
	published(t, given)
	cloud.mailbox.event(t, test)          // From the outer bus
	cloud.mailbox.one(t, test, `"inner"`) // and from the inner one.
	for _, got := range cloud.mailbox.all(t, test) {
		// Services on the way may add to the header.
		if header := got.Attributes["AWSTraceHeader"]; !strings.Contains(header, root) || strings.Contains(*got.Body, root) {
			t.Errorf("the trace header %q comes with %s", header, *got.Body)
		}
	}
}

func TestAnEventIsForwardedOnlyOnce(t *testing.T) {
	t.Parallel()
	test := unique()
	id := publish(t, "forward-and-back", fmt.Sprintf(`{"test":%q}`, test))
	got := cloud.undelivered.deadLetter(t, cloud.output("BackToOuterArn"), test)
	if code := attribute(got, "ERROR_CODE"); code != "THIRD_ACCOUNT_HOP_DETECTED" {
		t.Errorf("ERROR_CODE is %q: %s", code, attribute(got, "ERROR_MESSAGE"))
	}
	if want := "an event can be sent to an event bus target only once"; !strings.Contains(attribute(got, "ERROR_MESSAGE"), want) {
		t.Errorf("ERROR_MESSAGE is %q", attribute(got, "ERROR_MESSAGE"))
	}
	if target := attribute(got, "TARGET_ARN"); target != cloud.output("OuterArn") {
		t.Errorf("TARGET_ARN is %s", target)
	}
	// The other target of the inner bus gets it.
	if inner := decode[innerEvent](t, *cloud.mailbox.one(t, test, `"inner"`).Body); inner.Event.ID != id {
		t.Errorf("the inner bus has the event %s, want %s", inner.Event.ID, id)
	}
}

func TestAnEventOfTheInnerBusStaysThere(t *testing.T) {
	t.Parallel()
	test := unique()
	given := entry("forward", fmt.Sprintf(`{"test":%q}`, test))
	inner := cloud.output("Inner")
	given.EventBusName = &inner
	published(t, given)
	cloud.mailbox.one(t, test, `"inner"`)
	if found := cloud.mailbox.all(t, test); len(found) != 1 {
		t.Errorf("%d rules have sent the event, want only the inner bus's", len(found))
	}
}

func TestEveryMatchingRuleDeliversTheSameEvent(t *testing.T) {
	t.Parallel()
	test := unique()
	id := publish(t, "rendered", fmt.Sprintf(`{"test":%q,"numbers":[1,2]}`, test))
	if whole := cloud.mailbox.event(t, test); whole.ID != id {
		t.Errorf("the event is %s, want %s", whole.ID, id)
	}
	eventually(t, "the rules have delivered the event and its parts", func() error {
		if found := cloud.mailbox.all(t, test); len(found) != 3 {
			return errors.New("not all have arrived")
		}
		return nil
	})
}
