package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/console"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/redrive"
)

// deadLetters are the dead-letter queues of a saga.
type deadLetters struct {
	saga

	client *sqs.Client
	reader dlq.Reader
}

func (s saga) deadLetters() deadLetters {
	client := sqs.NewFromConfig(s.config)
	return deadLetters{s, client, dlq.Reader{
		Queues: client, Stack: s.in, Errors: logs.Functions{Client: cloudwatchlogs.NewFromConfig(s.config), Stack: s.in},
	}}
}

// Depths implements console.DeadLetters.
func (d deadLetters) Depths(ctx context.Context) (map[string]int, error) {
	depths := make(map[string]int)
	for _, path := range d.in.DeadLetterQueues() {
		var err error
		if depths[path], err = deadletter.Count(ctx, d.client, d.in.Queues[path]); err != nil {
			return nil, err
		}
	}
	return depths, nil
}

// Read implements console.DeadLetters.
func (d deadLetters) Read(ctx context.Context, name string) ([]dlq.DeadLetter, error) {
	queue, err := queueOf(d.client, d.in, name)
	if err != nil {
		return nil, err
	}
	return d.reader.Read(ctx, queue)
}

// Redrive implements console.DeadLetters.
func (d deadLetters) Redrive(ctx context.Context, name, id string, dryRun bool) ([]console.Outcome, error) {
	queue, err := queueOf(d.client, d.in, name)
	if err != nil {
		return nil, err
	}
	redriver, err := newRedriver(ctx, d.config, d.in)
	if err != nil {
		return nil, err
	}
	outcomes, err := redriver.Redrive(ctx, queue, redrive.Options{ID: id, DryRun: dryRun})
	return shownOutcomes(outcomes, dryRun), err
}

// shownOutcomes returns outcomes as the console shows them.
func shownOutcomes(outcomes []redrive.Outcome, dryRun bool) []console.Outcome {
	shown := make([]console.Outcome, len(outcomes))
	for i, outcome := range outcomes {
		shown[i] = console.Outcome{ID: outcome.Message.ID, Type: typeOf(outcome.Message.Content())}
		switch {
		case outcome.Err != nil:
			shown[i].Text, shown[i].Failed = "not sent: "+dlq.RootFirst(outcome.Err.Error()), true
		case dryRun:
			shown[i].Text = "would be sent to " + outcome.To
		default:
			shown[i].Text = "sent to " + outcome.To
		}
	}
	return shown
}

// Discard implements console.DeadLetters. The copy is printed, as by the command.
func (d deadLetters) Discard(ctx context.Context, name, id string) ([]console.Outcome, error) {
	queue, err := queueOf(d.client, d.in, name)
	if err != nil {
		return nil, err
	}
	var discarded []console.Outcome
	_, err = queue.Discard(ctx, id, func(m deadletter.Message) error {
		explained, err := d.reader.Explain(ctx, name, m)
		if err != nil {
			return err
		}
		discarded = append(discarded, console.Outcome{ID: m.ID, Type: typeOf(m.Content()), Text: "discarded"})
		return printJSON(d.operator, []shown{showDeadLetter(explained)})
	})
	return discarded, err
}
