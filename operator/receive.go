package main

import (
	"context"
	"fmt"
	"math"

	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"example.com/saga/operator/receipt"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/eventbridge"
)

// receive publishes that stock was received.
func (o operator) receive(ctx context.Context, given []string) error {
	flags := o.newFlags("receive", "SKU=QUANTITY…")
	if err := flags.parse(given, math.MaxInt, o.stdout); err != nil {
		return err
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return err
	}
	received, err := receipt.Events(language, flags.Args(), o.clock())
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	if found.Buses[globalBus] == "" {
		return fmt.Errorf("the stack has no %s", globalBus)
	}
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(config), Bus: found.Buses[globalBus]})
	if err != nil {
		return err
	}
	return publisher.Publish(ctx, received...)
}
