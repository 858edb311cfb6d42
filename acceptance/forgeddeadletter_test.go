package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/rule"
	"example.com/saga/pkg/event"
)

// redriveProgram runs operator redrive, and returns its exit code and its output.
func (c *cloud) redriveProgram(t *testing.T, queue string) (int, string) {
	t.Helper()
	program := exec.CommandContext(t.Context(), "../dist/local/operator", "redrive", "-ready-file", c.readyFile, queue)
	out, err := program.CombinedOutput()
	if ended, is := errors.AsType[*exec.ExitError](err); is {
		return ended.ExitCode(), string(out)
	}
	if err != nil {
		t.Fatalf("operator redrive %s: %v (make host builds it)", queue, err)
	}
	return 0, string(out)
}

// rules returns the rules of the stack, by their construct paths.
func (c *cloud) rules(t *testing.T) map[string]rule.Rule {
	t.Helper()
	all, err := rule.DescribeAll(t.Context(), eventbridge.NewFromConfig(c.aws(t)), c.stack(t).Rules)
	if err != nil {
		t.Fatal(err)
	}
	byPath := make(map[string]rule.Rule)
	for _, r := range all {
		byPath[r.Path] = r
	}
	return byPath
}

// inEnvelope returns an event as EventBridge writes it into a dead letter.
func (c *cloud) inEnvelope(t *testing.T, source, eventType string, e event.Event) string {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{
		"version": "0", "id": "forged", "account": "000000000000", "region": c.Region, "resources": []string{},
		"time": e.Time.Format(time.RFC3339), "source": source, "detail-type": eventType, "detail": e,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// forgeDeadLetter sends a dead letter that looks like one of a rule.
func (c *cloud) forgeDeadLetter(t *testing.T, config aws.Config, queue, ruleARN, targetARN, body string) {
	t.Helper()
	text := func(value string) sqstypes.MessageAttributeValue {
		return sqstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	in := &sqs.SendMessageInput{
		QueueUrl: aws.String(c.Queues[queue]), MessageBody: &body,
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{
			deadletter.RuleARN: text(ruleARN), deadletter.TargetARN: text(targetARN),
			deadletter.ErrorCode: text("NO_PERMISSIONS"), deadletter.ErrorMessage: text("not allowed"),
		},
	}
	if strings.HasSuffix(*in.QueueUrl, ".fifo") {
		// Each has a group of its own: of one group, SQS returns at most ten.
		id := event.DeriveID(ruleARN, targetARN, body)
		in.MessageGroupId, in.MessageDeduplicationId = &id, &id
	}
	if _, err := sqs.NewFromConfig(config).SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// removeDeadLetters removes all messages of a dead-letter queue.
func (c *cloud) removeDeadLetters(t *testing.T, name string) {
	t.Helper()
	queue := c.deadLetters(t, name)
	taken, err := queue.Take(t.Context(), deadletter.Maximum)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range taken {
		if err := queue.Remove(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

// A worker may send to its own dead-letter queue, and an operator may publish every event.
func TestADeadLetterThatAWorkerForgesIsNotRedriven(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	c.settled(t)
	before := c.evidence(t)
	events, rules := forgedEvents(t), c.rules(t)
	global := "arn:aws:events:" + c.Region + ":000000000000:event-bus/" + c.Outputs["GlobalBusName"]
	received := events["warehouse.stock-received"]
	body := c.inEnvelope(t, received.Source, received.Type, received)
	ruleARNs := []string{}
	for _, r := range rules {
		ruleARNs = append(ruleARNs, r.ARN)
	}
	if target := aws.ToString(rules["Loyalty/ForwardOutLoyalty"].Targets[0].Arn); target != global {
		t.Fatalf("the rule forwards to %[2]s, not to %[1]s", global, target)
	}
	for _, context := range contextIDs() {
		t.Run(context, func(t *testing.T) {
			worker, queue := c.as(t, context+"/Worker"), context+"/DeadLetters"
			forged := 0
			for _, ruleARN := range append(ruleARNs, "arn:aws:events:"+c.Region+":000000000000:rule/invented") {
				c.forgeDeadLetter(t, worker, queue, ruleARN, global, body)
				forged++
			}
			for _, r := range rules {
				if target := aws.ToString(r.Targets[0].Arn); target != global {
					c.forgeDeadLetter(t, worker, queue, r.ARN, target, body)
					forged++
				}
			}
			code, out := c.redriveProgram(t, queue)
			if stay := fmt.Sprintf("%d of %d dead letters stay in the queue", forged, forged); code != 1 || !strings.Contains(out, stay) {
				t.Errorf("the exit code is %d, want 1 and %q:\n%s", code, stay, out)
			}
			awaitDeadLetters(t, c.deadLetters(t, queue), forged)
		})
	}
	c.settled(t)
	if diff := cmp.Diff(effectsOf(before), effectsOf(c.evidence(t))); diff != "" {
		t.Errorf("forged dead letters have changed (-) to (+):\n%s", diff)
	}
}

// Only rules may send to the queues of rules, so here an operator forges.
func TestADeadLetterOfARuleIsRedrivenOnlyIfTheRuleMatchesIt(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	c.settled(t)
	events, rules := forgedEvents(t), c.rules(t)
	received := events["warehouse.stock-received"]
	for path, eventType := range map[string]string{
		"Payment/ConsumeWarehouse": "warehouse.stock-reserved",
		"Warehouse/ConsumeOrder":   "order.placed",
		"Loyalty/ForwardInPayment": "payment.taken",
		"Loyalty/ConsumeWarehouse": "warehouse.shipment-failed",
		"Notification/NotifyOrder": "order.cancelled",
	} {
		t.Run(path, func(t *testing.T) {
			context, _, _ := strings.Cut(path, "/")
			queue, e := context+"/Undelivered", events[eventType]
			own := c.inEnvelope(t, e.Source, e.Type, e)
			forged := []string{
				c.inEnvelope(t, received.Source, received.Type, received),
				c.inEnvelope(t, e.Source, e.Type, received),
				strings.Replace(own, "000000000000", "111111111111", 1),
			}
			for _, body := range append(forged, own) {
				c.forgeDeadLetter(t, c.aws(t), queue, rules[path].ARN, aws.ToString(rules[path].Targets[0].Arn), body)
			}
			code, out := c.redriveProgram(t, queue)
			if rejected := strings.Count(out, "stays: rule "+path+" does not match the event"); code != 1 || rejected != len(forged) {
				t.Errorf("the exit code is %d, and %d dead letters are rejected, want %d:\n%s", code, rejected, len(forged), out)
			}
			if !strings.Contains(out, eventType+" ") || strings.Count(out, "sent to ") != 1 {
				t.Errorf("the dead letter of the rule is not sent:\n%s", out)
			}
			c.settled(t)
			awaitDeadLetters(t, c.deadLetters(t, queue), len(forged))
			c.removeDeadLetters(t, queue)
		})
	}
	for sku, counters := range c.evidence(t).Tables["warehouse"].Counters {
		if got := counters["received"]; got != 1_000_000 {
			t.Errorf("%s: %d pieces were received", sku, got)
		}
	}
}
