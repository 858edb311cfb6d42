package sqs_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

const (
	account  = "111122223333"
	arnStart = "arn:aws:sqs:eu-west-1:" + account + ":"
)

// bench drives one queue (and its dead-letter queue) under virtual time.
type bench struct {
	*testing.T
	service *sqs.Service
	url     string
}

func url(name string) string { return "http://127.0.0.1:4566/" + account + "/" + name }

func standard(name string) sqs.Queue {
	return sqs.Queue{Name: name, ARN: arnStart + name, URL: url(name), VisibilityTimeout: 30 * time.Second}
}

func fifo(name string) sqs.Queue {
	q := standard(name + ".fifo")
	q.FIFO, q.ContentBasedDeduplication = true, true
	return q
}

// virtually runs a test of a queue under virtual time.
func virtually(t *testing.T, config sqs.Config, queues []sqs.Queue, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		config.Clock = time.Now
		b := &bench{T: t, service: sqs.New(config)}
		for _, q := range queues {
			if err := b.service.Create(q); err != nil {
				t.Fatal(err)
			}
			b.url = q.URL
		}
		test(b)
	})
}

func (b *bench) send(body, group string) *sqs.SendMessageOutput {
	b.Helper()
	out, err := b.service.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: b.url, MessageBody: body, MessageGroupId: group})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b *bench) receiveFrom(url string, limit, wait int) []sqs.Message {
	b.Helper()
	out, err := b.service.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: &limit, WaitTimeSeconds: &wait,
		MessageSystemAttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return out.Messages
}

func (b *bench) receive() []sqs.Message {
	b.Helper()
	return b.receiveFrom(b.url, 10, 0)
}

func (b *bench) delete(messages ...sqs.Message) {
	b.Helper()
	for _, m := range messages {
		if err := b.tryDelete(m.ReceiptHandle); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bench) tryDelete(handle string) error {
	_, err := b.service.DeleteMessage(b.Context(), &sqs.DeleteMessageInput{QueueUrl: b.url, ReceiptHandle: handle})
	return err
}

func (b *bench) hide(m sqs.Message, seconds int) error {
	_, err := b.service.ChangeMessageVisibility(b.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: b.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: &seconds,
	})
	return err
}

func (b *bench) expect(got []sqs.Message, want ...string) {
	b.Helper()
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		b.Fatalf("the messages differ (-want +got):\n%s", diff)
	}
}

func bodies(messages []sqs.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

func code(err error) string {
	if failure, ok := errors.AsType[*wire.Error](err); ok {
		return failure.Code
	}
	return ""
}

func (b *bench) expectCode(err error, want string) {
	b.Helper()
	if got := code(err); got != "com.amazonaws.sqs#"+want {
		b.Fatalf("the error is %v, want %s", err, want)
	}
}
