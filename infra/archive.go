package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/environment"
)

// keepForReplay archives every event of the own account on the bus, for as long
// as the contexts remember what they have handled: they refuse what is older, so
// that keeping it longer would keep what cannot be replayed.
//
// EventBridge puts a rule of its own on the bus for the archive, which does not
// match what a replay brings. The other rules need no such exception: a replay
// names those that it is for. An archive can be replayed to its own bus only, so it
// goes with its stack, also where other data stays.
func keepForReplay(stack awscdk.Stack, bus awsevents.EventBus, settings environment.Settings) {
	bus.Archive(new("Archive"), &awsevents.BaseArchiveProps{
		Description:  new("Every event on the Global bus, for replays to one bounded context."),
		EventPattern: &awsevents.EventPattern{Account: &[]*string{stack.Account()}},
		Retention:    awscdk.Duration_Days(jsii.Number(int(settings.Retention / (24 * time.Hour)))),
	})
}
