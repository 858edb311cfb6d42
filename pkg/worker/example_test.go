package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

// printedDeadLetters prints dead letters.
type printedDeadLetters struct{}

func (printedDeadLetters) Send(_ context.Context, deadLetter worker.DeadLetter) error {
	fmt.Println("to the dead-letter queue:", deadLetter.ID)
	return nil
}

// printedBackoff prints what is delayed.
type printedBackoff struct{}

func (printedBackoff) Delay(_ context.Context, groups [][]events.SQSMessage) error {
	fmt.Println("to be delayed:", groups[0][0].MessageId)
	return nil
}

// A batch of a standard queue has three messages. The first is handled. The second
// is not an event and is put into the dead-letter queue. The third fails: it alone
// is delivered again, after a delay. In a Lambda function DeadLetters is a
// DeadLetterQueue, Backoff a VisibilityBackoff, and handler.Batch the argument of
// lambda.Start.
func ExampleHandler_Batch() {
	handler, err := worker.New(worker.Config{
		Handle: func(_ context.Context, e event.Event) error {
			if e.Subject == "order-3" {
				return fmt.Errorf("the database is unavailable")
			}
			fmt.Println("handled:", e.Type, "of", e.Subject)
			return nil
		},
		DeadLetters: printedDeadLetters{},
		Backoff:     printedBackoff{},
		Logger:      slog.New(slog.DiscardHandler),
		Parallelism: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	envelope := `{"specversion": "1.0", "id": "e-1", "source": "order", "type": "order.placed", "subject": %q,
		"time": "2026-03-04T05:06:07Z", "datacontenttype": "application/json", "dataschema": "https://example.com/schema/1",
		"correlationid": "saga-1", "data": {}}`
	payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "m-1", EventSource: "aws:sqs", Body: fmt.Sprintf(envelope, "order-1")},
		{MessageId: "m-2", EventSource: "aws:sqs", Body: "hello"},
		{MessageId: "m-3", EventSource: "aws:sqs", Body: fmt.Sprintf(envelope, "order-3")},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := handler.Batch(context.Background(), payload)
	if err != nil {
		fmt.Println(err)
		return
	}
	encoded, err := json.Marshal(answer)
	fmt.Println(string(encoded), err)
	// Output:
	// handled: order.placed of order-1
	// to the dead-letter queue: m-2
	// to be delayed: m-3
	// {"batchItemFailures":[{"itemIdentifier":"m-3"}]} <nil>
}
