package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/environment"
)

// addArchive archives every event of the own account on the bus, for replays. It
// keeps them for as long as the contexts remember what they have handled: they
// refuse older events, so keeping those would be of no use.
//
// EventBridge adds a rule of its own to the bus for the archive, which does not
// match replayed events. The other rules need no such exception: a replay names
// the rules that it is for. An archive can be replayed to its own bus only, so it
// is deleted with its stack, also where other data is retained.
func addArchive(stack awscdk.Stack, bus awsevents.EventBus, key awskms.IKey, settings environment.Settings) {
	awsevents.NewArchive(bus, new("Archive"), &awsevents.ArchiveProps{
		SourceEventBus: bus,
		Description:    new("Every event on the Global bus, for replays to one bounded context."),
		EventPattern:   &awsevents.EventPattern{Account: &[]*string{stack.Account()}},
		KmsKey:         key,
		Retention:      awscdk.Duration_Days(jsii.Number(int(settings.Retention / (24 * time.Hour)))),
	})
}
