// Command cdk is the CDK app of the hotel. Its context has settings: programs is the folder
// of the functions' programs, republishAfter and deadline are those of a booking.
package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"

	"example.org/hotel"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("hotel"), nil)
	bus := resource.NewEventBus(stack, "Bus", "hotel")
	published := hotel.Catalogue()

	props := context(app, bus, hotel.Booking)
	props.Delivery = boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10}
	requests := published.BySource(hotel.Requested{}, hotel.Withdrawn{})
	props.Worker.Publishes = nil
	props.Sweeper = &boundedcontext.Sweeper{Function: function(app, "booking-sweeper"), Longest: 2 * time.Hour}
	props.Sweeper.Publishes = requests
	props.Sweeper.Variables = map[string]string{
		"REPUBLISH_AFTER": setting(app, "republishAfter", "1m"), "DEADLINE": setting(app, "deadline", "1h"),
	}
	booking := boundedcontext.New(stack, "Booking", props)
	api := function(app, "booking-api")
	api.TableActions = []string{"GetItem", "PutItem"}
	api.Publishes = requests
	url := booking.AddFunction("Api", api).Live.AddFunctionUrl(&awslambda.FunctionUrlOptions{AuthType: awslambda.FunctionUrlAuthType_NONE})
	awscdk.NewCfnOutput(stack, new("BookingsUrl"), &awscdk.CfnOutputProps{Value: url.Url()})

	props = context(app, bus, hotel.Room)
	props.Delivery = boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.subject"}
	props.Worker.TableActions = append(props.Worker.TableActions, "UpdateItem")
	boundedcontext.New(stack, "Room", props)

	props = context(app, bus, hotel.Payment)
	props.Delivery = boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10}
	boundedcontext.New(stack, "Payment", props)
	app.Synth(nil)
}

// context returns what the props of all contexts have in common. The rules and the
// permissions follow from the catalogue.
func context(app constructs.Construct, bus awsevents.IEventBus, name string) boundedcontext.Props {
	catalogue := hotel.Catalogue()
	worker := function(app, name+"-worker")
	worker.TableActions = []string{"BatchGetItem", "GetItem", "PutItem"}
	worker.Publishes = catalogue.BySource(catalogue.PublishedBy(name)...)
	return boundedcontext.Props{
		Service:          name,
		Bus:              bus,
		Consumes:         catalogue.BySource(catalogue.ConsumedBy(name)...),
		Worker:           worker,
		LogLevel:         "INFO",
		LogRetentionDays: 30,
		MetricsNamespace: "hotel",
		Retention:        60 * 24 * time.Hour,
	}
}

// function describes a function with a program.
func function(app constructs.Construct, program string) boundedcontext.Function {
	return boundedcontext.Function{
		Artefact: filepath.Join(setting(app, "programs", "dist/lambda"), program),
		MemoryMB: 256,
		Timeout:  30 * time.Second,
	}
}

// setting returns a value of the context, or the default.
func setting(app constructs.Construct, name, usual string) string {
	if value := app.Node().TryGetContext(&name); value != nil {
		return fmt.Sprint(value)
	}
	return usual
}
