package deadletter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
)

const url = "https://sqs/000000000000/dead"

func queue(client deadletter.Client) deadletter.Queue {
	return deadletter.Queue{Client: client, Name: "Shop/DeadLetters", URL: url}
}

func TestLookingReturnsEveryDeadLetterAndHidesNone(t *testing.T) {
	fake := deadlettertest.New()
	for n := range 23 {
		fake.Put(url, fmt.Sprint(n), "", int64(n), map[string]string{deadletter.ErrorCode: "X"})
	}
	messages, err := queue(fake).Look(t.Context(), deadletter.Maximum)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != 23 || len(fake.Visible(url)) != 23 {
		t.Errorf("%d dead letters were shown, and %d are visible then", len(messages), len(fake.Visible(url)))
	}
	if m := messages[7]; m.Body != "7" || m.Attribute(deadletter.ErrorCode) != "X" || !m.Sent.Equal(time.UnixMilli(7)) {
		t.Errorf("a dead letter is %+v", m)
	}
}

func TestNoMoreDeadLettersAreTakenThanTheMaximum(t *testing.T) {
	fake := deadlettertest.New()
	for range 23 {
		fake.Put(url, "x", "", 0, nil)
	}
	messages, err := queue(fake).Take(t.Context(), 12)
	if err != nil || len(messages) != 12 || len(fake.Visible(url)) != 11 {
		t.Errorf("%d dead letters were taken, %d are left, %v", len(messages), len(fake.Visible(url)), err)
	}
}

// A FIFO queue returns the eleventh of a group only when the first ten are gone.
func TestDeadLettersBehindOthersOfTheirGroupAreNotReturnedButCounted(t *testing.T) {
	fake := deadlettertest.New()
	for range 11 {
		fake.Put(url, "x", "o-1", 0, nil)
	}
	messages, err := queue(fake).Look(t.Context(), deadletter.Maximum)
	if err != nil {
		t.Fatal(err)
	}
	count, err := queue(fake).Count(t.Context())
	if err != nil || len(messages) != 10 || count != 11 {
		t.Errorf("%d dead letters are seen, %d counted, %v", len(messages), count, err)
	}
}

func TestDeadLettersArePutBackAlthoughTheContextHasEnded(t *testing.T) {
	fake := deadlettertest.New()
	fake.Put(url, "x", "", 0, nil)
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := queue(fake).Take(ctx, deadletter.Maximum)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := queue(fake).PutBack(ctx, messages); err != nil || len(fake.Visible(url)) != 1 {
		t.Errorf("%d dead letters are visible, %v", len(fake.Visible(url)), err)
	}
}

// brokenLater fails to receive after the first time.
type brokenLater struct {
	*deadlettertest.SQS

	received int
}

func (b *brokenLater) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, options ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if b.received++; b.received > 1 {
		return nil, deadlettertest.ErrBroken
	}
	return b.SQS.ReceiveMessage(ctx, in, options...)
}

func TestDeadLettersThatWereTakenBeforeAnErrorArePutBack(t *testing.T) {
	fake := &brokenLater{SQS: deadlettertest.New()}
	for range 12 {
		fake.Put(url, "x", "", 0, nil)
	}
	if _, err := queue(fake).Take(t.Context(), deadletter.Maximum); !errors.Is(err, deadlettertest.ErrBroken) {
		t.Errorf("the error is %v", err)
	}
	if visible := len(fake.Visible(url)); visible != 12 {
		t.Errorf("%d dead letters are visible", visible)
	}
}

func TestDeadLettersThatCannotBePutBackAreAnError(t *testing.T) {
	fake := deadlettertest.New()
	fake.Put(url, "x", "", 0, nil)
	fake.Broken["ChangeMessageVisibilityBatch"] = true
	if _, err := queue(fake).Look(t.Context(), deadletter.Maximum); err == nil || !strings.Contains(err.Error(), "appear by themselves in 5 minutes") {
		t.Errorf("the error is %v", err)
	}
	fake = deadlettertest.New()
	if err := queue(fake).PutBack(t.Context(), taken(t)); err == nil || !strings.Contains(err.Error(), "1 of them") {
		t.Errorf("the error is %v", err)
	}
}

// taken returns a dead letter of another queue.
func taken(t *testing.T) []deadletter.Message {
	t.Helper()
	fake := deadlettertest.New()
	fake.Put(url, "x", "", 0, nil)
	messages, err := queue(fake).Take(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestTheReasonOfADeadLetter(t *testing.T) {
	const from = "arn:aws:sqs:eu-west-1:000000000000:work"
	sources := deadletter.Sources{{Name: "Shop/Queue", ARN: from, MaximumReceives: 5}}
	for name, c := range map[string]struct {
		attributes map[string]string
		from       string
		want       string
	}{
		"a rule could not deliver": {
			map[string]string{
				deadletter.ErrorCode: "NO_PERMISSIONS", deadletter.ErrorMessage: "not allowed",
				deadletter.RuleARN: "arn:rule", deadletter.TargetARN: "arn:target",
			}, "", "NO_PERMISSIONS: not allowed (rule arn:rule, target arn:target)",
		},
		"the worker refused it": {
			map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "no JSON"}, "", "INVALID_EVENT: no JSON",
		},
		"the function failed": {
			map[string]string{"RequestID": "r-1", "ErrorCode": "200", "ErrorMessage": "boom"}, "", "the function failed: boom (200)",
		},
		"it failed too often":               {nil, from, "failed 5 times in Shop/Queue"},
		"it failed too often elsewhere":     {nil, "arn:other", "failed too often in arn:other"},
		"it was put there by hand":          {nil, "", "unknown reason"},
		"it was refused after it came back": {map[string]string{deadletter.ErrorCode: "INVALID_EVENT"}, from, "INVALID_EVENT: "},
	} {
		t.Run(name, func(t *testing.T) {
			fake := deadlettertest.New()
			m := fake.Put(url, "x", "", 0, c.attributes)
			if c.from != "" {
				m.Attributes["DeadLetterQueueSourceArn"] = c.from
			}
			messages, err := queue(fake).Look(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := messages[0].Reason(sources); got != c.want {
				t.Errorf("the reason is %q, not %q", got, c.want)
			}
		})
	}
}

func TestADeadLetterHasTheBodyFromBeforeItWasEscaped(t *testing.T) {
	for name, c := range map[string]struct{ sent, encoding, body, undecoded string }{
		"as it was":              {"100%25", "", "100%25", ""},
		"percent-encoded":        {`{"id":"e-1%EF%BF%BF","note":"100%25"}`, "percent", `{"id":"e-1` + "\uFFFF" + `","note":"100%"}`, ""},
		"with bytes, not UTF-8":  {"%FF%00", "percent", "\xff\x00", ""},
		"empty":                  {"(empty)", "empty", "", ""},
		"in an unknown encoding": {"H4sI", "gzip", "H4sI", `the body has the unknown encoding "gzip"`},
		"badly encoded":          {"100%", "percent", "100%", "the body is not percent-encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := deadlettertest.New()
			attributes := map[string]string{deadletter.ErrorCode: "INVALID_EVENT"}
			if c.encoding != "" {
				attributes["BODY_ENCODING"] = c.encoding
			}
			fake.Put(url, c.sent, "", 0, attributes)
			messages, err := queue(fake).Look(t.Context(), 1)
			if err != nil || len(messages) != 1 {
				t.Fatalf("%d dead letters, %v", len(messages), err)
			}
			got := messages[0]
			if got.Body != c.body || (got.Undecoded == nil) != (c.undecoded == "") ||
				(got.Undecoded != nil && !strings.Contains(got.Undecoded.Error(), c.undecoded)) {
				t.Errorf("the body is %q, %v", got.Body, got.Undecoded)
			}
		})
	}
}

func TestTheContentOfADeadLetter(t *testing.T) {
	for body, want := range map[string]deadletter.Content{
		`{"type":"order.placed","id":"e-1","subject":"o-1"}`:                                                                          {Type: "order.placed", ID: "e-1", Order: "o-1"},
		`{"id":"envelope","detail-type":"order.placed","source":"order","detail":{"type":"order.placed","id":"e-1","subject":"o-1"}}`: {Type: "order.placed", ID: "e-1", Order: "o-1"},
		`{"id":"envelope","detail-type":"stranger.came","detail":{}}`:                                                                 {Type: "stranger.came"},
		`not JSON`: {}, `42`: {}, `{"type": 7}`: {}, `null`: {},
	} {
		if diff := cmp.Diff(want, deadletter.Message{Body: body}.Content()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestSourcesAreTheQueuesWithARedrivePolicy(t *testing.T) {
	fake := deadlettertest.New()
	fake.Policies["https://sqs/1/b"] = `{"deadLetterTargetArn":"arn:dead","maxReceiveCount":5}`
	fake.Policies["https://sqs/1/a"] = `{"deadLetterTargetArn":"arn:dead","maxReceiveCount":"3"}`
	sources, err := deadletter.FindSources(t.Context(), fake, map[string]string{
		"B": "https://sqs/1/b", "A": "https://sqs/1/a", "C": "https://sqs/1/c",
	})
	want := deadletter.Sources{
		{Name: "A", URL: "https://sqs/1/a", ARN: deadlettertest.ARN("https://sqs/1/a"), DeadLetterARN: "arn:dead", MaximumReceives: 3},
		{Name: "B", URL: "https://sqs/1/b", ARN: deadlettertest.ARN("https://sqs/1/b"), DeadLetterARN: "arn:dead", MaximumReceives: 5},
	}
	if err != nil || !slices.Equal(sources, want) {
		t.Errorf("the sources are %+v, %v", sources, err)
	}
	fake.Policies["https://sqs/1/c"] = `{"deadLetterTargetArn":"arn:dead"}`
	if _, err := deadletter.FindSources(t.Context(), fake, map[string]string{"C": "https://sqs/1/c"}); err == nil {
		t.Error("a policy that is not complete is no error")
	}
}

func TestDiscardingCopiesEachDeadLetterAndThenRemovesIt(t *testing.T) {
	for name, c := range map[string]struct {
		id           string
		copied, left []string
	}{
		"all":           {"", []string{"m-1", "m-2", "m-3"}, nil},
		"one by its id": {"m-2", []string{"m-2"}, []string{"m-1", "m-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := deadlettertest.New()
			for range 3 {
				fake.Put(url, "x", "", 0, nil)
			}
			var copied []string
			removed, err := queue(fake).Discard(t.Context(), c.id, func(m deadletter.Message) error {
				if !slices.ContainsFunc(fake.Queues[url], func(in *deadlettertest.Message) bool { return *in.MessageId == m.ID }) {
					t.Errorf("%s is removed before it is copied", m.ID)
				}
				copied = append(copied, m.ID)
				return nil
			})
			if err != nil || removed != len(c.copied) {
				t.Errorf("%d are removed, %v", removed, err)
			}
			if diff := cmp.Diff(c.copied, copied); diff != "" {
				t.Errorf("what is copied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.left, fake.Visible(url)); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADeadLetterThatCannotBeCopiedOrRemovedStaysWithAllBehindIt(t *testing.T) {
	errFull := errors.New("the disk is full")
	for name, c := range map[string]struct {
		broken string
		id     string
		want   error
		left   []string
	}{
		"not copied":  {"", "", errFull, []string{"m-2", "m-3"}},
		"not removed": {"DeleteMessage", "", deadlettertest.ErrBroken, []string{"m-1", "m-2", "m-3"}},
		"not there":   {"", "m-9", deadletter.ErrNotFound, []string{"m-1", "m-2", "m-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := deadlettertest.New()
			for range 3 {
				fake.Put(url, "x", "", 0, nil)
			}
			fake.Broken[c.broken] = true
			_, err := queue(fake).Discard(t.Context(), c.id, func(m deadletter.Message) error {
				if m.ID == "m-2" {
					return errFull
				}
				return nil
			})
			if !errors.Is(err, c.want) {
				t.Errorf("the error is %v", err)
			}
			if diff := cmp.Diff(c.left, fake.Visible(url)); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
		})
	}
}
