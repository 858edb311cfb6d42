package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/alarm"
	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/eventbus"
	"example.com/saga/infra/notification"
	"example.com/saga/infra/observability"
	"example.com/saga/pkg/contract"
)

// newSaga makes the stack of one environment: the Global bus, the four bounded
// contexts around it, and who watches them.
func newSaga(scope constructs.Construct, settings environment.Settings, built artefacts) awscdk.Stack {
	name := "saga-" + settings.Name
	stack := awscdk.NewStack(scope, &name, &awscdk.StackProps{
		Env:                   place(settings),
		Description:           new("Order fulfilment as a choreographed saga on EventBridge."),
		TerminationProtection: &settings.Protected,
		Synthesizer:           synthesizer(),
	})
	alarm.Runbooks(stack, runbooks)
	bus := eventbus.New(stack, "GlobalBus", name)
	output(stack, "GlobalBusName", bus.EventBusName())
	keepForReplay(stack, bus, settings)

	var api awslambda.IFunction
	var services []string
	for _, participant := range participants(bus, settings, built) {
		services = append(services, participant.Service)
		made := boundedcontext.New(stack, participant.id, participant.Props)
		output(stack, participant.id+"TableName", made.Table.TableName())
		if made.Queue != nil {
			output(stack, participant.id+"QueueUrl", made.Queue.QueueUrl())
		}
		if participant.Service == contract.SourceOrder {
			api = openFrontDoor(stack, made, settings, built)
			keepDeadlines(stack, made, settings, built)
		}
	}
	notification.New(stack, "Notification", notification.Props{
		Bus:      bus,
		Events:   contract.BySource(contract.OrderShipped{}, contract.OrderCancelled{}),
		Endpoint: settings.NotificationsURL,
	})
	observed := observability.New(stack, "Observability", observability.Props{
		Bus:              bus,
		LogGroupName:     "/aws/events/" + name,
		LogRetentionDays: settings.LogRetentionDays,
		Protected:        settings.Protected,
		Masked:           masked(settings),
	})
	output(stack, "ObservabilityQueueUrl", observed.Queue.QueueUrl())
	watch(stack, api, services, settings)
	return stack
}

// masked are the members of events that the event log masks.
func masked(settings environment.Settings) []string {
	if !settings.MaskEventLog {
		return nil
	}
	personal, err := contract.PersonalMembers(contract.All()...)
	if err != nil {
		panic(err)
	}
	return personal
}

// openFrontDoor lets customers place orders over HTTP.
func openFrontDoor(stack awscdk.Stack, order *boundedcontext.BoundedContext, settings environment.Settings, built artefacts) awslambda.IFunction {
	api := order.AddFunction("Api", boundedcontext.Function{
		Artefact:     built.of(contract.SourceOrder, "api"),
		MemoryMB:     settings.API.MemoryMB,
		Timeout:      settings.API.Timeout,
		TableActions: []string{"GetItem", "PutItem"},
		Variables: map[string]string{
			"DEADLINE":     settings.Deadline.String(),
			"TRACED_SHARE": strconv.FormatFloat(settings.TracedShare, 'f', -1, 64),
		},
		Publishes:           contract.BySource(contract.OrderPlaced{}, contract.CancellationRequested{}),
		ReservedConcurrency: settings.Limits.API,
	})
	authType := awslambda.FunctionUrlAuthType_AWS_IAM
	if settings.Orders == environment.OpenToEveryone {
		authType = awslambda.FunctionUrlAuthType_NONE
	}
	url := api.AddFunctionUrl(&awslambda.FunctionUrlOptions{AuthType: authType})
	output(stack, "OrdersUrl", url.Url())
	return api
}

// place is where the stack goes, and cannot go elsewhere, or nil for a stack
// that follows the credentials.
func place(settings environment.Settings) *awscdk.Environment {
	if settings.Account == "" {
		return nil
	}
	return &awscdk.Environment{Account: &settings.Account, Region: &settings.Region}
}

// synthesizer leaves the check of the bootstrap version to the CDK command
// line, which makes it before it deploys: the template need not do it again.
func synthesizer() awscdk.IStackSynthesizer {
	return awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{
		GenerateBootstrapVersionRule: new(false),
	})
}

func output(stack awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: value})
}
