package redrive_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/redrive"
)

const (
	dead = "https://sqs/000000000000/dead.fifo"
	work = "https://sqs/000000000000/work.fifo"
	body = `{"type":"order.placed",  "id":"e-1","subject":"o-1"}`
)

// desk is a Redriver with all that it calls.
type desk struct {
	*redrive.Redriver

	sqs       *deadlettertest.SQS
	buses     *buses
	functions *functions
}

func newDesk() *desk {
	fake := deadlettertest.New()
	fake.Queues[work] = nil
	d := &desk{sqs: fake, buses: &buses{}, functions: &functions{}}
	d.Redriver = &redrive.Redriver{
		Queues: fake, Buses: d.buses, Functions: d.functions,
		Sources: deadletter.Sources{{Name: "Shop/Queue", URL: work, ARN: deadlettertest.ARN(work), DeadLetterARN: deadlettertest.ARN(dead)}},
	}
	return d
}

// redrive redrives the dead letters in the queue, and returns the outcome of each.
func (d *desk) redrive(t *testing.T, o redrive.Options) []string {
	t.Helper()
	outcomes, err := d.Redrive(t.Context(), deadletter.Queue{Client: d.sqs, Name: "Shop/DeadLetters", URL: dead}, o)
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	for _, outcome := range outcomes {
		result := outcome.Message.ID + " to " + outcome.To
		if outcome.Err != nil {
			result = outcome.Message.ID + " stays: " + outcome.Err.Error()
		}
		results = append(results, result)
	}
	return results
}

func assertEqual[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// functions is a fake of Lambda.
type functions struct {
	invoked []string
	owned   map[string]string
	err     error
}

func (f *functions) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.invoked = append(f.invoked, fmt.Sprintf("%s %s %s", in.InvocationType, *in.FunctionName, in.Payload))
	return &lambda.InvokeOutput{}, nil
}

func (f *functions) GetFunctionConfiguration(
	_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options),
) (*lambda.GetFunctionConfigurationOutput, error) {
	out := &lambda.GetFunctionConfigurationOutput{}
	if queue := f.owned[*in.FunctionName]; queue != "" {
		out.DeadLetterConfig = &lambdatypes.DeadLetterConfig{TargetArn: &queue}
	}
	return out, f.err
}

func TestADeadLetterIsSentToTheQueueItCameFromAndDeleted(t *testing.T) {
	d := newDesk()
	l := d.sqs.Put(dead, body, "o-other", 0, map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "x", "tenant": "t-1"})
	l.Attributes["AWSTraceHeader"] = "Root=1"
	assertEqual(t, "the outcomes", []string{"m-1 to queue Shop/Queue"}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "dead letters that are left", 0, len(d.sqs.Queues[dead]))
	if len(d.sqs.Queues[work]) != 1 {
		t.Fatalf("%d messages were sent", len(d.sqs.Queues[work]))
	}
	sent := d.sqs.Queues[work][0]
	assertEqual(t, "the body", body, *sent.Body)
	assertEqual(t, "the group", "o-1", sent.Attributes["MessageGroupId"])
	assertEqual(t, "the trace", "Root=1", sent.Attributes["AWSTraceHeader"])
	assertEqual(t, "the de-duplication id", "redrive-m-1", sent.Deduplication)
	if len(sent.MessageAttributes) != 1 || *sent.MessageAttributes["tenant"].StringValue != "t-1" {
		t.Errorf("the attributes are %v: those of the message, without the reason, are expected", sent.MessageAttributes)
	}
}

func TestAMessageThatWasPackedIsSentWithItsOwnAttributes(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, map[string]string{
		deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "x",
		"MESSAGE_ATTRIBUTES": `{"tenant":{"DataType":"String","StringValue":"t-1"},"key":{"DataType":"Binary","BinaryValue":"AP8="}}`,
	})
	d.redrive(t, redrive.Options{})
	sent := d.sqs.Queues[work][0].MessageAttributes
	if len(sent) != 2 || *sent["tenant"].StringValue != "t-1" || string(sent["key"].BinaryValue) != "\x00\xff" {
		t.Errorf("the attributes are %v", sent)
	}

	d.sqs.Put(dead, body, "o-1", 0, map[string]string{"MESSAGE_ATTRIBUTES": "{"})
	assertEqual(t, "the outcomes", []string{"m-3 stays: the attribute MESSAGE_ATTRIBUTES cannot be read: unexpected end of JSON input"}, d.redrive(t, redrive.Options{}))
}

func TestAMessageThatIsNotAnEventStaysInItsGroupOrIsOneOfItsOwn(t *testing.T) {
	for _, c := range []struct{ body, group, want string }{{"not JSON", "o-9", "o-9"}, {"{}", "o-9", "o-9"}, {"not JSON", "", "m-1"}} {
		d := newDesk()
		d.sqs.Put(dead, c.body, c.group, 0, nil)
		d.redrive(t, redrive.Options{})
		assertEqual(t, "the group", c.want, d.sqs.Queues[work][0].Attributes["MessageGroupId"])
	}
}

func TestADeadLetterStaysAndIsVisibleIfItCouldNotBeSent(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	d.sqs.Broken["SendMessage"] = true
	assertEqual(t, "the outcomes", []string{"m-1 stays: send to queue Shop/Queue: SendMessage: the queue is broken"}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
}

func TestADeadLetterThatCouldNotBeDeletedIsAcceptedOnce(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	d.sqs.Broken["DeleteMessage"] = true
	for range 2 {
		results := d.redrive(t, redrive.Options{})
		if len(results) != 1 || !strings.HasPrefix(results[0], "m-1 stays: sent to queue Shop/Queue, but it is still here") {
			t.Errorf("the outcomes are %v", results)
		}
	}
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
	assertEqual(t, "messages that were sent", 1, len(d.sqs.Queues[work]))
}

func TestADryRunReturnsTheOutcomesAndSendsNothing(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	assertEqual(t, "the outcomes", []string{"m-1 to queue Shop/Queue"}, d.redrive(t, redrive.Options{DryRun: true}))
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
	assertEqual(t, "messages that were sent", 0, len(d.sqs.Queues[work]))
}

func TestWhatCanNeverBeHandledIsNamedBeforeAnythingIsSentAndStays(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	d.sqs.Put(dead, "poison", "o-2", 0, nil)
	var checked []string
	d.Check = func(path string, payload []byte) error {
		checked = append(checked, path+" "+string(payload))
		if string(payload) == "poison" {
			return errors.New("not JSON")
		}
		return nil
	}
	planned, sent := 0, 0
	outcomes := d.redrive(t, redrive.Options{Planned: func(outcomes []redrive.Outcome) {
		for _, outcome := range outcomes {
			if errors.Is(outcome.Err, redrive.ErrNeverHandled) {
				planned++
			}
		}
		sent = len(d.sqs.Queues[work])
	}})
	assertEqual(t, "the outcomes", []string{"m-1 to queue Shop/Queue", "m-2 stays: it can never be handled: not JSON"}, outcomes)
	assertEqual(t, "what was checked", []string{"Shop/DeadLetters " + body, "Shop/DeadLetters poison"}, checked)
	assertEqual(t, "what is named before", []int{1, 0}, []int{planned, sent})
	assertEqual(t, "visible dead letters", []string{"m-2"}, d.sqs.Visible(dead))

	d.Check = nil
	assertEqual(t, "the outcomes without a check", []string{"m-2 to queue Shop/Queue"}, d.redrive(t, redrive.Options{}))
}

func TestOnlyTheSelectedDeadLettersAreRedriven(t *testing.T) {
	for name, c := range map[string]struct {
		options redrive.Options
		left    []string
	}{
		"one by its id": {redrive.Options{ID: "m-2"}, []string{"m-1", "m-3"}},
		"so many":       {redrive.Options{Most: 2}, []string{"m-3"}},
		"all":           {redrive.Options{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			for n := range 3 {
				d.sqs.Put(dead, body, fmt.Sprint("o-", n), 0, nil)
			}
			d.redrive(t, c.options)
			assertEqual(t, "visible dead letters", c.left, d.sqs.Visible(dead))
		})
	}
}

func TestADeadLetterThatIsNotThereIsAnError(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	_, err := d.Redrive(t.Context(), deadletter.Queue{Client: d.sqs, Name: "Shop/DeadLetters", URL: dead}, redrive.Options{ID: "m-9"})
	if !errors.Is(err, deadletter.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
}

// A dead letter that fails again at once must not be sent again and again.
func TestADeadLetterThatComesBackMeanwhileIsNotSentAgain(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, body, "o-1", 0, nil)
	d.Queues = returning{d.sqs}
	d.redrive(t, redrive.Options{})
	assertEqual(t, "dead letters that came back", 1, len(d.sqs.Queues[dead]))
	assertEqual(t, "messages that were sent", 1, len(d.sqs.Queues[work]))
}

func TestRedrivingEndsWhenItIsStoppedAndPutsTheRestBack(t *testing.T) {
	d := newDesk()
	for n := range 3 {
		d.sqs.Put(dead, body, fmt.Sprint("o-", n), 0, nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.Queues = stopping{d.sqs, cancel}
	outcomes, err := d.Redrive(ctx, deadletter.Queue{Client: d.sqs, Name: "Shop/DeadLetters", URL: dead}, redrive.Options{})
	if !errors.Is(err, context.Canceled) || len(outcomes) != 1 {
		t.Errorf("%d outcomes, %v", len(outcomes), err)
	}
	assertEqual(t, "visible dead letters", []string{"m-2", "m-3"}, d.sqs.Visible(dead))
}

func TestADeadLetterOfAFunctionIsSentToItsAlias(t *testing.T) {
	d := newDesk()
	d.Sources = nil
	d.functions.owned = map[string]string{"worker": deadlettertest.ARN(dead)}
	owners, err := redrive.FindOwners(t.Context(), d.functions, map[string]string{"Shop/Worker": "worker", "Shop/Api": "api"})
	if err != nil {
		t.Fatal(err)
	}
	d.Owners = owners
	d.sqs.Put(dead, body, "", 0, map[string]string{"RequestID": "r-1", "ErrorCode": "200", "ErrorMessage": "boom"})
	assertEqual(t, "the outcomes", []string{"m-1 to function worker:live"}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "the invocations", []string{"Event worker:live " + body}, d.functions.invoked)

	d.functions.err = errors.New("throttled")
	d.sqs.Put(dead, body, "", 0, nil)
	assertEqual(t, "the outcomes", []string{"m-2 stays: invoke function worker:live: throttled"}, d.redrive(t, redrive.Options{}))
	if _, err := redrive.FindOwners(t.Context(), d.functions, map[string]string{"Shop/Worker": "worker"}); !errors.Is(err, d.functions.err) {
		t.Errorf("the error is %v", err)
	}
}

// escaped puts a dead letter whose body is escaped into the queue.
func (d *desk) escaped(body, encoding string) {
	d.sqs.Put(dead, body, "", 0, map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "x", "BODY_ENCODING": encoding})
}

func TestAFunctionIsInvokedWithTheBodyFromBeforeItWasEscaped(t *testing.T) {
	for name, c := range map[string]struct {
		sent, encoding string
		want           string
		stays          bool
	}{
		"JSON with U+FFFF":       {`{"a":"100%25 %EF%BF%BF"}`, "percent", `Event worker {"a":"100% ` + "\uFFFF" + `"}`, false},
		"what is not UTF-8":      {`{"a":"%FF"}`, "percent", "function worker cannot be invoked with it: it is not JSON in UTF-8", true},
		"nothing":                {"(empty)", "empty", "function worker cannot be invoked with it: it is not JSON in UTF-8", true},
		"what cannot be decoded": {"%zz", "percent", `the body is not percent-encoded: invalid URL escape "%zz"`, true},
		"an unknown encoding":    {"{}", "base64", `the body has the unknown encoding "base64"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.Sources, d.Owners = nil, map[string][]string{deadlettertest.ARN(dead): {"worker"}}
			d.escaped(c.sent, c.encoding)
			want, invoked, left := []string{"m-1 to function worker"}, []string{c.want}, []string(nil)
			if c.stays {
				want, invoked, left = []string{"m-1 stays: " + c.want}, nil, []string{"m-1"}
			}
			assertEqual(t, "the outcomes of a dry run", want, d.redrive(t, redrive.Options{DryRun: true}))
			assertEqual(t, "the outcomes", want, d.redrive(t, redrive.Options{}))
			assertEqual(t, "the invocations", invoked, d.functions.invoked)
			assertEqual(t, "visible dead letters", left, d.sqs.Visible(dead))
		})
	}
}

func TestAQueueGetsTheBodyFromBeforeItWasEscapedOrTheDeadLetterStays(t *testing.T) {
	for name, c := range map[string]struct {
		sent, encoding, want string
		stays                bool
	}{
		"what SQS accepts": {"100%25", "percent", "100%", false},
		"U+FFFF":           {`{"a":"%EF%BF%BF"}`, "percent", "queue Shop/Queue cannot carry it: SQS rejects U+FFFF at byte 6 of the body", true},
		"not UTF-8":        {"%FF", "percent", "queue Shop/Queue cannot carry it: SQS rejects byte 0xFF, which is not UTF-8, at byte 0 of the body", true},
		"nothing":          {"(empty)", "empty", "queue Shop/Queue cannot carry it: SQS rejects an empty body", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.escaped(c.sent, c.encoding)
			if c.stays {
				for _, dryRun := range []bool{true, false} {
					assertEqual(t, "the outcomes", []string{"m-1 stays: " + c.want}, d.redrive(t, redrive.Options{DryRun: dryRun}))
				}
				assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
				assertEqual(t, "messages that were sent", 0, len(d.sqs.Queues[work]))
				return
			}
			assertEqual(t, "the outcomes", []string{"m-1 to queue Shop/Queue"}, d.redrive(t, redrive.Options{}))
			sent := d.sqs.Queues[work][0]
			assertEqual(t, "the body", c.want, *sent.Body)
			assertEqual(t, "the attributes", 0, len(sent.MessageAttributes))
		})
	}
}

func TestADeadLetterOfUnknownSourceStays(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*desk)
		want   string
	}{
		"nothing has the dead-letter queue": {func(d *desk) { d.Sources = nil }, "no queue or function has this dead-letter queue"},
		"queues of two constructs have it": {func(d *desk) {
			d.Sources = append(d.Sources, deadletter.Source{Name: "Bank/Other", ARN: "arn:other", DeadLetterARN: deadlettertest.ARN(dead)})
		}, "its source is unknown"},
		"two queues have it, and none is the main one": {func(d *desk) {
			d.Sources[0].Name = "Shop/First"
			d.Sources = append(d.Sources, deadletter.Source{Name: "Shop/Second", ARN: "arn:other", DeadLetterARN: deadlettertest.ARN(dead)})
		}, "its source is unknown"},
		"a queue and a function have it": {func(d *desk) {
			d.Owners = map[string][]string{deadlettertest.ARN(dead): {"worker"}}
		}, "its source is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			c.change(d)
			d.sqs.Put(dead, body, "", 0, nil)
			results := d.redrive(t, redrive.Options{})
			if len(results) != 1 || !strings.HasPrefix(results[0], "m-1 stays: "+c.want) {
				t.Errorf("the outcomes are %v", results)
			}
			assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
		})
	}
}

func TestADeadLetterOfAScheduleStays(t *testing.T) {
	d := newDesk()
	d.sqs.Put(dead, "{}", "", 0, map[string]string{deadletter.ScheduleARN: "arn:schedule", deadletter.TargetARN: function})
	assertEqual(t, "the outcomes", []string{"m-1 stays: it is of a schedule, which runs again by itself"}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "visible dead letters", []string{"m-1"}, d.sqs.Visible(dead))
}

func TestADeadLetterThatNamesItsSourceIsSentThere(t *testing.T) {
	d := newDesk()
	d.Sources = append(d.Sources, deadletter.Source{Name: "Shop/Other", ARN: "arn:other", DeadLetterARN: deadlettertest.ARN(dead)})
	d.sqs.Put(dead, body, "", 0, nil).Attributes["DeadLetterQueueSourceArn"] = deadlettertest.ARN(work)
	assertEqual(t, "the outcomes", []string{"m-1 to queue Shop/Queue"}, d.redrive(t, redrive.Options{}))
	assertEqual(t, "messages that were sent", 1, len(d.sqs.Queues[work]))
}

func TestADeadLetterOfAContextWithTwoQueuesIsSentToTheOneThatItNamesOrElseToTheMainOne(t *testing.T) {
	const second = "https://sqs/000000000000/second.fifo"
	for name, c := range map[string]struct{ from, want string }{
		"it names the main queue":        {deadlettertest.ARN(work), "m-1 to queue Shop/Queue"},
		"it names the other queue":       {deadlettertest.ARN(second), "m-1 to queue Shop/ImmediateQueue"},
		"it names none":                  {"", "m-1 to queue Shop/Queue"},
		"it names a queue that has none": {"arn:forged", "m-1 stays: no queue or function has this dead-letter queue, and there is no attribute RULE_ARN"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.sqs.Queues[second] = nil
			other := deadletter.Source{Name: "Shop/ImmediateQueue", URL: second, ARN: deadlettertest.ARN(second), DeadLetterARN: deadlettertest.ARN(dead)}
			d.Sources = append(deadletter.Sources{other}, d.Sources...)
			l := d.sqs.Put(dead, body, "", 0, nil)
			if c.from != "" {
				l.Attributes["DeadLetterQueueSourceArn"] = c.from
			}
			assertEqual(t, "the outcomes", []string{c.want}, d.redrive(t, redrive.Options{}))
		})
	}
}

func TestAnErrorOfTheQueueIsReturned(t *testing.T) {
	for _, operation := range []string{"GetQueueAttributes", "ReceiveMessage"} {
		d := newDesk()
		d.sqs.Broken[operation] = true
		if _, err := d.Redrive(t.Context(), deadletter.Queue{Client: d.sqs, URL: dead}, redrive.Options{}); !errors.Is(err, deadlettertest.ErrBroken) {
			t.Errorf("%s: the error is %v", operation, err)
		}
	}
}
