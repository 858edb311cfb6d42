package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/contexts"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/erase"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/eventbridge"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

// globalBus is the construct path of the Global bus.
const globalBus = "GlobalBus"

// patience is how long orders are waited for that have not ended. A rollback takes
// seconds, and two minutes more if the sweeper has to publish something again.
const patience = 5 * time.Minute

// erase erases a customer.
func (o operator) erase(ctx context.Context, given []string) error {
	flags := o.newFlags("erase", "CUSTOMER")
	dryRun := flags.Bool("dry-run", false, "only print what would be done")
	asJSON := flags.Bool("json", false, "print one JSON object, and no tables")
	wait := flags.Duration("wait", patience, "wait so `long` at most for orders to end that are cancelled")
	customer, err := flags.parseOne(given, "customer", o.stdout)
	if err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	settings, err := erase.ReadSettings(ctx, found, awseventbridge.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config), sqs.NewFromConfig(config))
	if err != nil {
		return err
	}
	eraser, err := o.newEraser(config, found, settings)
	if err != nil {
		return err
	}
	eraser.Patience = *wait
	do := eraser.Erase
	if *dryRun {
		do = eraser.Plan
	}
	outcome, err := do(ctx, customer)
	if err != nil {
		return err
	}
	report := newReport(outcome, settings.Remains(), *dryRun, o.clock())
	if *asJSON {
		err = printJSON(o, []erasureReport{report})
	} else {
		err = o.printErasure(report)
	}
	return errors.Join(err, errors.Join(outcome.Problems()...))
}

// newEraser makes an eraser of the contexts and queues of a stack.
func (o operator) newEraser(config aws.Config, in stack.Stack, settings erase.Settings) (*erase.Eraser, error) {
	tables := make(map[string]string)
	for _, name := range contract.Catalogue().Contexts() {
		var err error
		if tables[name], err = in.Table(name); err != nil {
			return nil, err
		}
	}
	if in.Buses[globalBus] == "" {
		return nil, fmt.Errorf("the stack has no %s", globalBus)
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		return nil, err
	}
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(config), Bus: in.Buses[globalBus]})
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(config)
	known, err := erase.Open(contexts.Deployed{
		Store:     func(source string) participant.Store { return dynamo.NewStore(client, tables[source], vocabulary) },
		Publisher: publisher,
		Language:  language,
		Retention: settings.Archive,
		Clock:     o.clock,
	})
	if err != nil {
		return nil, err
	}
	eraser := &erase.Eraser{
		Contexts: known,
		Scan: func(ctx context.Context, each func(participant.Record)) error {
			return dynamo.ScanRecords(ctx, client, tables[contract.SourceOrder], vocabulary, each)
		},
		Awards: func(ctx context.Context, customer string) ([]string, error) {
			// Expired ones too: DynamoDB removes them some days later.
			entries, err := dynamo.NewStore(client, tables[contract.SourceLoyalty], vocabulary).Entries(ctx, loyalty.CustomerAccount(customer), time.Time{})
			return slices.Collect(maps.Keys(entries)), err
		},
		Clock: o.clock,
		Sleep: sleep,
	}
	queues, deadLetters := sqs.NewFromConfig(config), in.DeadLetterQueues()
	for _, path := range slices.Sorted(maps.Keys(in.Queues)) {
		queue := deadletter.Queue{Client: queues, Name: path, URL: in.Queues[path]}
		if slices.Contains(deadLetters, path) {
			eraser.DeadLetters = append(eraser.DeadLetters, queue)
		} else {
			eraser.Queues = append(eraser.Queues, queue)
		}
	}
	return eraser, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
