// Command importedbus is the CDK app of a team that adds a context to the bus of its
// company, which another app owns: the function, its queue, its table and its alarms are
// made, and the bus is not.
package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	newStack(app, "dist/feedback")
	app.Synth(nil)
}

// newStack makes the stack, with the program in a folder: that of the example consumer,
// built for Lambda.
func newStack(app awscdk.App, program string) awscdk.Stack {
	stack := awscdk.NewStack(app, new("feedback"), nil)
	// By its name it is in the account and the region of the stack, as its rules must be.
	bus := awsevents.EventBus_FromEventBusName(stack, new("Bus"), new("company"))
	feedback := boundedcontext.New(stack, "Feedback", boundedcontext.Props{
		Service:          "feedback",
		Bus:              bus,
		Consumes:         resource.Events{"parcel": {"parcel.delivered"}},
		Delivery:         boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10},
		LogLevel:         "INFO",
		LogRetentionDays: 30,
		MetricsNamespace: "parcels",
		Retention:        60 * 24 * time.Hour,
		Worker: boundedcontext.Function{
			Artefact:     program,
			MemoryMB:     256,
			Timeout:      30 * time.Second,
			TableActions: []string{"BatchGetItem", "GetItem", "PutItem"},
			Publishes:    resource.Events{"feedback": {"feedback.requested"}},
		},
	})
	awscdk.Tags_Of(feedback.Construct()).Add(new("team"), new("parcels"), nil)
	return stack
}
