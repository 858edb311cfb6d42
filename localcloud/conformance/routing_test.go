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
	rule(t, "TSQ-4", "TSQ-5", "TSQ-7")
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
	rule(t, "TSQ-11", "TSQ-13")
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
	rule(t, "TSQ-9")
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
	rule(t, "RD-3", "RD-6", "RD-7", "RD-9", "TSQ-3")
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
	rule(t, "BB-1", "BB-3")
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
	rule(t, "PE-24")
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
	rule(t, "BB-5", "BB-6", "BB-8", "BB-9", "RT-7")
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
	rule(t, "RT-7")
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
	rule(t, "RT-7", "PE-17")
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

func TestATargetThatDoesNotPermitARuleIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, rule, detailType, output string
		codes                        []string
	}{
		{"TL-3", "a function", "forbidden-function", "ToForbiddenFunctionArn", []string{"NO_PERMISSIONS"}},
		{"CWL-1", "a log group", "forbidden-logs", "ToForbiddenLogsArn", []string{"NO_PERMISSIONS"}},
		{"BB-1", "a bus, whose rule has a role without permission", "forbidden-bus", "ToForbiddenBusArn", []string{"NO_PERMISSIONS"}},
		// A queue does not reveal whether it exists.
		{"RD-3", "a queue that does not exist", "nowhere", "ToNowhereArn", []string{"NO_PERMISSIONS", "NO_RESOURCE"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			rule(t, c.id, "RD-3", "RT-12")
			test := unique()
			id := publish(t, c.detailType, fmt.Sprintf(`{"test":%q}`, test))
			got := cloud.undelivered.deadLetter(t, cloud.output(c.output), test)
			if body := decode[envelope](t, *got.Body); body.ID != id {
				t.Errorf("the dead letter has the event %s, want %s", body.ID, id)
			}
			if code := attribute(got, "ERROR_CODE"); !slices.Contains(c.codes, code) {
				t.Errorf("ERROR_CODE is %q: %s", code, attribute(got, "ERROR_MESSAGE"))
			}
			if condition := attribute(got, "EXHAUSTED_RETRY_CONDITION"); condition != "" {
				t.Errorf("the delivery was tried again until %s", condition)
			}
		})
	}
}

func TestAnEventIsDroppedIfNoDeadLetterQueueAcceptsIt(t *testing.T) {
	t.Parallel()
	rule(t, "PE-18", "RD-4", "RD-10")
	test := unique()
	publish(t, "forbidden-without-dead", fmt.Sprintf(`{"test":%q,"number":1}`, test))
	publish(t, "forbidden-twice", fmt.Sprintf(`{"test":%q,"number":2}`, test))
	// Other rules deliver both events, and by then these rules have given up.
	cloud.mailbox.one(t, test, `"number":1`)
	cloud.mailbox.one(t, test, `"number":2`)
	later := unique()
	publish(t, "forbidden", fmt.Sprintf(`{"test":%q}`, later))
	cloud.undelivered.deadLetter(t, cloud.output("ToForbiddenArn"), later)
	if found := cloud.undelivered.all(t, test); len(found) != 0 {
		t.Errorf("there are dead letters: %s", *found[0].Body)
	}
	for _, output := range []string{"Forbidden", "ForbiddenDead"} {
		if got := queueOf(output).receive(t, 1, 0); len(got) != 0 {
			t.Errorf("the queue %s has the message %s", output, *got[0].Body)
		}
	}
}

func TestADisabledRuleMatchesNothing(t *testing.T) {
	t.Parallel()
	rule(t, "RT-3")
	test := unique()
	publish(t, "disabled", fmt.Sprintf(`{"test":%q}`, test))
	publish(t, "mark", fmt.Sprintf(`{"test":%q,"mark":true}`, test))
	cloud.mailbox.one(t, test, "mark")
	cloud.mailbox.one(t, test, `"disabled"`)
	if found := cloud.mailbox.all(t, test); len(found) != 2 {
		t.Errorf("%d messages arrive, want those of the other rule only", len(found))
	}
}

func TestAnEventWithoutABusIsOnTheDefaultBus(t *testing.T) {
	t.Parallel()
	rule(t, "PE-12", "RT-1", "RT-2")
	test := unique()
	given := entry("on-default-bus", fmt.Sprintf(`{"test":%q}`, test))
	given.EventBusName = nil
	id := published(t, given)[0]
	if got := cloud.mailbox.event(t, test); got.ID != id {
		t.Errorf("the event is %s, want %s", got.ID, id)
	}
	if arn := cloud.output("ToMailboxOfDefaultBusArn"); strings.Count(arn, "/") != 1 {
		t.Errorf("the ARN of the rule is %s, want it without a bus", arn)
	}
}

func TestAPathInsideATextIsNone(t *testing.T) {
	t.Parallel()
	rule(t, "TSQ-6")
	test := unique()
	publish(t, "grouped-literally", fmt.Sprintf(`{"test":%q,"subject":"order"}`, test))
	if group := cloud.grouped.one(t, test).Attributes["MessageGroupId"]; group != "order-$.detail.subject" {
		t.Errorf("the event is in the group %s", group)
	}
}

func TestAStandardQueueMayHaveAMessageGroup(t *testing.T) {
	t.Parallel()
	rule(t, "TSQ-4", "SQ-54")
	test := unique()
	publish(t, "by-tenant", fmt.Sprintf(`{"test":%q,"subject":"tenant"}`, test))
	eventually(t, "the message of the tenant", func() error {
		for _, got := range cloud.mailbox.all(t, test) {
			if got.Attributes["MessageGroupId"] == "tenant" {
				return nil
			}
		}
		return errors.New("it has not arrived")
	})
}

func TestAnEventThatAConsumerPublishesMayBeForwarded(t *testing.T) {
	t.Parallel()
	rule(t, "BB-7")
	o := instruction{
		Test: unique(), Do: "publish", Bus: cloud.output("Outer"),
		Events: []publication{{"conformance", "permitted-forward"}},
	}
	// From the outer bus to the inner one, to the probe, and the same way again.
	publish(t, "forward-to-probe", o.String())
	inner := decode[innerEvent](t, *cloud.mailbox.one(t, o.Test, `"inner"`, `"detail-type":"permitted-forward"`).Body)
	if inner.Event.DetailType != "permitted-forward" {
		t.Errorf("the inner bus has %+v", inner.Event)
	}
}
