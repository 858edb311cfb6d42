package boundedcontext

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/resource"
)

// BoundedContext has a context's resources. Change there what the props do not
// have, down to CloudFormation: see the package's documentation.
type BoundedContext struct {
	// Worker is the function that handles the events.
	Worker *Published
	// Sweeper is nil without one in the props.
	Sweeper *Published
	// Rules deliver to the worker or its queue: one for each source.
	Rules []awsevents.Rule
	// Table is the dedup table: it records which events the context has handled.
	Table awsdynamodb.ITable
	// Queue is where events arrive, nil for a context with its own bus.
	Queue awssqs.IQueue
	// ImmediateQueue is where the Immediate events of a [Queue] arrive, nil without
	// them.
	ImmediateQueue awssqs.IQueue
	// DeadLetters has the events that the worker could not handle.
	DeadLetters awssqs.IQueue
	// Undelivered has the events that a rule could not deliver.
	Undelivered awssqs.IQueue
	// Bus is where the context publishes.
	Bus awsevents.IEventBus

	scope constructs.Construct
	props Props
	// invocationDeadLetters is set where events invoke the worker directly.
	invocationDeadLetters awssqs.IQueue
	// published are all functions of the context.
	published []*Published
	// shifter is nil while every function is shifted all at once.
	shifter *shifter
}

// New makes a bounded context. Props that are not valid panic, as everywhere in
// the CDK.
func New(scope constructs.Construct, id string, props Props) *BoundedContext {
	props = props.withDefaults()
	if err := errors.Join(resource.CheckIDs(scope, id), props.validate(scope)); err != nil {
		panic(fmt.Sprintf("bounded context %s: %v", id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	context := &BoundedContext{
		Table:       newTable(this, props),
		Undelivered: resource.NewDeadLetterQueue(this, "Undelivered", props.Key),
		Bus:         props.Bus,
		scope:       this,
		props:       props,
	}
	props.Delivery.prepare(context)
	context.newWorker()
	context.newSweeper()
	return context
}

// Construct is the parent of all resources of the context.
func (c *BoundedContext) Construct() constructs.Construct { return c.scope }

// AddFunction adds a function that shares the context's table, such as an HTTP
// API. Nothing invokes it asynchronously, so it has no dead-letter queue.
func (c *BoundedContext) AddFunction(id string, function Function) *Published {
	if err := c.validateAddition(id, function); err != nil {
		panic(fmt.Sprintf("function %s of bounded context %s: %v", id, *c.scope.Node().Id(), err))
	}
	return c.function(id, function, c.role(id+"Role", function), nil)
}

func (c *BoundedContext) validateAddition(id string, function Function) error {
	problems := []error{resource.CheckIDs(c.scope, id, id+"Role", id+"Logs"), function.validate()}
	if c.Bus != c.props.Bus && !function.Publishes.IsSubsetOf(c.props.Worker.Publishes) {
		problems = append(problems, errors.New("from the context's own bus only what is in the worker's Publishes is forwarded, so no function may publish anything else there"))
	}
	if function.QueriesDue && !c.props.DueIndex {
		problems = append(problems, errors.New("it QueriesDue, but the context has no DueIndex"))
	}
	return errors.Join(problems...)
}

func (c *BoundedContext) newWorker() {
	role := c.role("WorkerRole", c.props.Worker)
	// The worker itself sends an event that it can never handle to the dead-letter
	// queue, at once.
	resource.Allow(role, c.DeadLetters.QueueArn(), "sqs:SendMessage")
	// It also receives from the queue, for which Lambda uses this role.
	resource.AllowKeyToSend(role, c.props.Key)
	worker := c.function("Worker", c.props.Worker, role, c.invocationDeadLetters)
	worker.Function.AddEnvironment(new("DEAD_LETTER_QUEUE_URL"), c.DeadLetters.QueueUrl(), nil)
	c.Worker = worker
	c.props.Delivery.connect(c, worker)
}
