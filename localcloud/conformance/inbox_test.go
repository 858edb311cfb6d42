package conformance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// inbox takes all messages out of a queue that many tests watch, so that each
// finds its own.
type inbox struct {
	client *sqs.Client
	url    string

	mu       sync.Mutex
	messages []types.Message
	err      error
}

// collect begins to empty the inboxes; the function that it returns ends that.
func (s *stack) collect(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for _, box := range []*inbox{s.mailbox, s.grouped, s.undelivered, s.functionDead} {
		group.Go(func() { box.empty(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

func (b *inbox) empty(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.receive(ctx); err != nil && ctx.Err() == nil {
			b.mu.Lock()
			b.err = err
			b.mu.Unlock()
			return
		}
	}
}

func (b *inbox) receive(ctx context.Context) error {
	out, err := b.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &b.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 20,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.messages = append(b.messages, out.Messages...)
	b.mu.Unlock()
	for _, message := range out.Messages {
		if _, err := b.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: message.ReceiptHandle}); err != nil {
			return err
		}
	}
	return nil
}

// all returns the messages so far whose body has the text.
func (b *inbox) all(t *testing.T, text string) []types.Message {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		t.Fatal(b.err)
	}
	var found []types.Message
	for _, message := range b.messages {
		if strings.Contains(*message.Body, text) {
			found = append(found, message)
		}
	}
	return found
}

// one waits for a message whose body has all the texts.
func (b *inbox) one(t *testing.T, texts ...string) types.Message {
	t.Helper()
	var found types.Message
	eventually(t, "a message with "+strings.Join(texts, " and "), func() error {
		for _, message := range b.all(t, texts[0]) {
			if containsAll(*message.Body, texts[1:]) {
				found = message
				return nil
			}
		}
		return errors.New("it has not arrived")
	})
	return found
}

// event waits for a whole event whose detail has the text.
func (b *inbox) event(t *testing.T, text string) envelope {
	t.Helper()
	var found envelope
	eventually(t, "the event with "+text, func() error {
		for _, message := range b.all(t, text) {
			if strings.HasPrefix(*message.Body, `{"version"`) {
				found = decode[envelope](t, *message.Body)
				return nil
			}
		}
		return errors.New("it has not arrived")
	})
	return found
}

// errorCodes are those that a dead letter of a rule can have.
func errorCodes() []string {
	return []string{
		"CONNECTION_FAILURE", "CROSS_ACCOUNT_INGESTION_FAILED", "CROSS_REGION_INGESTION_FAILED", "ERROR_FROM_TARGET",
		"EVENTS_IN_BATCH_REQUEST_REJECTED", "FAILED_TO_ASSUME_ROLE", "INTERNAL_ERROR", "INVALID_JSON", "INVALID_PARAMETER",
		"NO_PERMISSIONS", "NO_RESOURCE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_LIMIT_EXCEEDED", "RESOURCE_MODIFICATION_COLLISION",
		"SDK_CLIENT_ERROR", "THIRD_ACCOUNT_HOP_DETECTED", "THIRD_REGION_HOP_DETECTED", "THROTTLING", "TIMEOUT",
		"TRANSIENT_ASSUME_ROLE", "UNKNOWN",
	}
}

// deadLetter waits for the dead letter of a rule that could not deliver.
func (b *inbox) deadLetter(t *testing.T, ruleARN, text string) types.Message {
	t.Helper()
	var found types.Message
	eventually(t, "a dead letter of "+ruleARN+" with "+text, func() error {
		for _, message := range b.all(t, text) {
			if attribute(message, "RULE_ARN") == ruleARN {
				found = message
				return nil
			}
		}
		return errors.New("it has not arrived")
	})
	rule(t, "RD-8")
	if code := attribute(found, "ERROR_CODE"); !slices.Contains(errorCodes(), code) {
		t.Errorf("ERROR_CODE is %q", code)
	}
	return found
}

func containsAll(body string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(body, text) {
			return false
		}
	}
	return true
}

// attribute is a message attribute's text, or nothing.
func attribute(message types.Message, name string) string {
	return aws.ToString(message.MessageAttributes[name].StringValue)
}

// unique returns a name that nothing else has, in this run or any other.
func unique() string { return "t" + rand.Text() }

// entry returns an event for the outer bus.
func entry(detailType, detail string) eventtypes.PutEventsRequestEntry {
	return eventtypes.PutEventsRequestEntry{
		EventBusName: aws.String(cloud.output("Outer")), Source: aws.String("conformance"),
		DetailType: &detailType, Detail: &detail,
	}
}

// publish publishes an event to the outer bus and returns its id.
func publish(t *testing.T, detailType, detail string) string {
	t.Helper()
	return published(t, entry(detailType, detail))[0]
}

// published publishes events and returns their ids.
func published(t *testing.T, entries ...eventtypes.PutEventsRequestEntry) []string {
	t.Helper()
	out, err := cloud.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(out.Entries))
	for i, result := range out.Entries {
		if result.EventId == nil {
			t.Fatalf("entry %d fails: %s: %s", i, aws.ToString(result.ErrorCode), aws.ToString(result.ErrorMessage))
		}
		ids[i] = *result.EventId
	}
	return ids
}
