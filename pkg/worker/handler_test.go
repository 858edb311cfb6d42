package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/worker"
)

func TestTheErrorNamesEverythingThatIsMissing(t *testing.T) {
	handle := func(context.Context, event.Event) error { return nil }
	logger := slog.New(slog.DiscardHandler)
	f := newFixture(t, failing())
	made := func(_ any, err error) error { return err }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a handler without anything":      {made(worker.New(worker.Config{})), "worker.Config: no DeadLetters, no Handle, no Logger"},
		"a handler without dead letters":  {made(worker.New(worker.Config{Handle: handle, Logger: logger})), "worker.Config: no DeadLetters"},
		"a handler without a log":         {made(worker.New(worker.Config{Handle: handle, DeadLetters: f})), "worker.Config: no Logger"},
		"a parallelism below zero":        {made(worker.New(worker.Config{Handle: handle, DeadLetters: f, Logger: logger, Parallelism: -1})), "worker.Config: no valid Parallelism"},
		"a handler with what is required": {made(worker.New(worker.Config{Handle: handle, DeadLetters: f, Logger: logger})), ""},
		"dead letters without a queue":    {made(worker.NewDeadLetterQueue(nil, "")), "worker.DeadLetterQueue: no client, no queue URL"},
		"dead letters without a URL":      {made(worker.NewDeadLetterQueue(&sender{}, "")), "worker.DeadLetterQueue: no queue URL"},
		"a backoff without a queue":       {made(worker.NewVisibilityBackoff(nil, nil, nil)), "worker.VisibilityBackoff: no client, no queue URL"},
		"a backoff without a URL":         {made(worker.NewVisibilityBackoff(&fakeSQS{}, []string{paymentURL, ""}, nil)), "worker.VisibilityBackoff: no queue URL"},
		"a backoff without a client":      {made(worker.NewVisibilityBackoff(nil, []string{paymentURL}, nil)), "worker.VisibilityBackoff: no client"},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
		}
		assertEqual(t, name, c.want, got)
	}
}

// Without defaults no group would be started, and reading the clock would panic.
func TestOptionalFieldsHaveADefault(t *testing.T) {
	f := newFixture(t, failing("2"), func(c *worker.Config) { c.Tracer, c.Clock, c.Backoff, c.Parallelism = nil, nil, nil, 0 })
	again := f.batch(t, message(t, standard, "", "1"), message(t, standard, "", "2"))
	assertEqual(t, "delivered again", []string{"2"}, again)

	client := &fakeSQS{hidden: make(map[string]int32)}
	backoff, err := worker.NewVisibilityBackoff(client, []string{paymentURL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := backoff.Delay(t.Context(), [][]events.SQSMessage{{received(t, standard, "", "m", "5")}}); err != nil {
		t.Fatal(err)
	}
	if delay := client.hidden["receipt-m"]; delay < 8 || delay > 16 {
		t.Errorf("hidden for %d seconds after the fifth delivery, want from 8 to 16", delay)
	}
}

// What a call has started, and does not wait for, can end with its context.
func TestTheContextOfACallEndsWithTheInvocation(t *testing.T) {
	var contexts []context.Context
	keep := func(ctx context.Context) error {
		contexts = append(contexts, ctx)
		return errBroken
	}
	f := newFixture(t, func(ctx context.Context, _ string) error { return keep(ctx) }, delaying(delays(keep)))
	f.batch(t, message(t, standard, "", "1"))
	if err := f.invoke(t, body(t, "1")); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	assertEqual(t, "contexts of two events and a backoff", 3, len(contexts))
	for i, ctx := range contexts {
		if ctx.Err() == nil {
			t.Errorf("context %d has not ended", i)
		}
	}
}
