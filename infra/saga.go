package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/notification"
	"example.com/saga/infra/observability"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/schemas"
	"example.com/saga/pkg/contract"
)

// newSaga makes the stack of one environment: the Global bus, the bounded
// contexts around it, the notifications, and the monitoring.
func newSaga(scope constructs.Construct, settings environment.Settings, built artefacts) awscdk.Stack {
	name := "saga-" + settings.Name
	stack := newStack(scope, name, "Order fulfilment as a choreographed saga on EventBridge.", settings)
	resource.SetRunbooks(stack, runbooks)
	if !settings.Monitoring {
		resource.DisableMonitoring(stack)
	}
	bus := resource.NewEventBus(stack, "GlobalBus", name)
	output(stack, "GlobalBusName", bus.EventBusName())
	var key awskms.IKey
	if settings.CustomerKey {
		key = resource.NewKey(stack, "DataKey", settings.Protected)
	}
	addArchive(stack, bus, key, settings)

	var api *boundedcontext.Published
	var services []string
	var contexts []*boundedcontext.BoundedContext
	for _, participant := range participants(bus, key, settings, built) {
		services = append(services, participant.Service)
		id := constructID(participant.Service)
		context := boundedcontext.New(stack, id, participant)
		contexts = append(contexts, context)
		output(stack, id+"TableName", context.Table.TableName())
		if context.Queue != nil {
			output(stack, id+"QueueUrl", context.Queue.QueueUrl())
		}
		if context.ImmediateQueue != nil {
			output(stack, id+"ImmediateQueueUrl", context.ImmediateQueue.QueueUrl())
		}
		if participant.Service == contract.SourceOrder {
			api = addOrderAPI(stack, context, key, settings, built)
			addAgeAlarms(stack, settings)
		}
	}
	rollBackOnDeadLetters(contexts)
	notification.New(stack, "Notification", notification.Props{
		Bus:      bus,
		Events:   contract.Catalogue().BySource(contract.Catalogue().ConsumedBy(contract.Notification)...),
		Endpoint: settings.NotificationsURL,
		Key:      key,
	})
	observed := observability.New(stack, "Observability", observability.Props{
		Bus:              bus,
		LogRetentionDays: settings.LogRetentionDays,
		Protected:        settings.Protected,
		Masked:           maskedMembers(settings),
		WithQueue:        settings.ObservabilityQueue,
		Key:              key,
	})
	if observed.Queue != nil {
		output(stack, "ObservabilityQueueUrl", observed.Queue.QueueUrl())
	}
	if settings.SchemaRegistry {
		schemas.New(stack, "Schemas", name)
	}
	if settings.Monitoring {
		addMonitoring(stack, api, services, settings)
	}
	return stack
}

// rollBackOnDeadLetters lets the dead letters of every context roll back a new version
// of every function: an event that a version publishes wrongly fails elsewhere.
func rollBackOnDeadLetters(contexts []*boundedcontext.BoundedContext) {
	for _, publisher := range contexts {
		for _, consumer := range contexts {
			publisher.RollBackOn(resource.NotEmptyAlarm(consumer.DeadLetters))
		}
	}
}

// maskedMembers are the members of events that the event log masks.
func maskedMembers(settings environment.Settings) []string {
	if !settings.MaskEventLog {
		return nil
	}
	language, err := contract.NewLanguage()
	if err != nil {
		panic(err)
	}
	return language.PersonalMembers(contract.Catalogue().All()...)
}

// addOrderAPI adds the function with which customers place orders over HTTP.
func addOrderAPI(stack awscdk.Stack, order *boundedcontext.BoundedContext, key awskms.IKey, settings environment.Settings, built artefacts) *boundedcontext.Published {
	authType, access := awslambda.FunctionUrlAuthType_AWS_IAM, "signed"
	if settings.Orders == environment.OpenToEveryone {
		authType, access = awslambda.FunctionUrlAuthType_NONE, "open"
	}
	api := order.AddFunction("Api", boundedcontext.Function{
		Artefact:     built.of(contract.SourceOrder, "api"),
		MemoryMB:     settings.API.MemoryMB,
		Timeout:      settings.API.Timeout,
		TableActions: []string{"GetItem", "PutItem"},
		Variables: withOpenOrders(settings, map[string]string{
			"DEADLINE":      settings.Deadline.String(),
			"ORDERS_ACCESS": access,
			"TRACED_SHARE":  strconv.FormatFloat(settings.TracedShare, 'f', -1, 64),
		}),
		Publishes:           contract.Catalogue().BySource(contract.OrderPlaced{}, contract.CancellationRequested{}),
		ReservedConcurrency: settings.Limits.API,
		Shift:               settings.Deployment.API,
	})
	addOrderKeys(order.Construct(), api, key, settings.Protected)
	url := api.Live.AddFunctionUrl(&awslambda.FunctionUrlOptions{AuthType: authType})
	output(stack, "OrdersUrl", url.Url())
	return api
}

// newStack makes a stack of an environment. It is deployed to the environment's
// account and region, by the roles of this environment alone, and every role in
// it has the environment's permissions boundary.
func newStack(scope constructs.Construct, name, description string, settings environment.Settings) awscdk.Stack {
	props := &awscdk.StackProps{
		Description:           &description,
		TerminationProtection: new(settings.Protected && !settings.Deletable),
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{
			Qualifier: &settings.Qualifier,
			// The CDK command line checks the bootstrap version before it deploys, so
			// the template does not check it again.
			GenerateBootstrapVersionRule: new(false),
		}),
	}
	// Without an account the stack is deployed to that of the credentials.
	if settings.Account != "" {
		props.Env = &awscdk.Environment{Account: &settings.Account, Region: &settings.Region}
	}
	if settings.PermissionsBoundary != "" {
		props.PermissionsBoundary = awscdk.PermissionsBoundary_FromName(&settings.PermissionsBoundary)
	}
	return awscdk.NewStack(scope, &name, props)
}

func output(stack awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: value})
}
