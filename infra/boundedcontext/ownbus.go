package boundedcontext

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/resource"
)

// OwnBus delivers through a bus of the context's own, whose rules invoke the
// worker directly and asynchronously. What the worker publishes goes to its
// own bus and is forwarded from there.
//
// EventBridge forwards an event from bus to bus only once. That is enough,
// because the worker publishes new events, and it prevents loops.
type OwnBus struct {
	// Name of the bus: no other in the account and region has it.
	Name string
}

func (b OwnBus) validate(scope constructs.Construct, _ resource.Events) error {
	if err := resource.CheckBusName(scope, b.Name); err != nil {
		return fmt.Errorf("in Name: %w", err)
	}
	return nil
}

func (b OwnBus) prepare(context *BoundedContext) {
	context.Bus = resource.NewEventBus(context.scope, "Bus", b.Name)
	context.DeadLetters = resource.NewDeadLetterQueue(context.scope, "DeadLetters", context.props.Key)
	context.invocationDeadLetters = context.DeadLetters
}

func (b OwnBus) connect(context *BoundedContext, worker *Published) {
	outer, own := context.props.Bus, context.Bus
	context.forward("ForwardIn", outer, own, context.props.Consumes)
	if publishes := context.props.Worker.Publishes; len(publishes) > 0 {
		context.forward("ForwardOut", own, outer, publishes)
	}
	target := awseventstargets.NewLambdaFunction(worker.Live, &awseventstargets.LambdaFunctionProps{
		Event:           detail(),
		DeadLetterQueue: context.Undelivered,
	})
	context.Rules = resource.Subscribe(context.scope, "Consume", own, context.props.Consumes, target)
	newInvocationAlarms(worker.Function)
}

// forward sends events from one bus to another, with a role that may do only
// that. EventBridge cannot transform events that it sends to a bus.
func (c *BoundedContext) forward(id string, from, to awsevents.IEventBus, events resource.Events) {
	role := awsiam.NewRole(c.scope, new(id+"Role"), &awsiam.RoleProps{
		AssumedBy: resource.ServicePrincipal(c.scope, "events.amazonaws.com"),
	})
	target := awseventstargets.NewEventBus(to, &awseventstargets.EventBusProps{
		Role:            role,
		DeadLetterQueue: c.Undelivered,
	})
	resource.Subscribe(c.scope, id, from, events, target)
}
