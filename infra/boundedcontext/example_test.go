package boundedcontext_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
)

// The ledger of a bank books what is paid in and out at the desks.
func Example() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("Bank"), nil)
	bus := awsevents.NewEventBus(stack, new("Bus"), nil)

	ledger := boundedcontext.New(stack, "Ledger", boundedcontext.Props{
		Service:          "ledger",
		Bus:              bus,
		Consumes:         resource.Events{"desk": {"desk.paid-in", "desk.paid-out"}},
		Delivery:         boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		LogLevel:         "info",
		LogRetentionDays: 30,
		MetricsNamespace: "bank",
		Retention:        60 * 24 * time.Hour,
		Worker: boundedcontext.Function{
			Artefact:     "testdata/worker",
			MemoryMB:     256,
			Timeout:      30 * time.Second,
			TableActions: []string{"GetItem", "PutItem"},
			Publishes:    resource.Events{"ledger": {"ledger.booked"}},
		},
	})

	// What the props do not have is set on the constructs of the CDK, or on the
	// resources of CloudFormation below them.
	awscdk.Tags_Of(ledger.Construct()).Add(new("team"), new("accounting"), nil)
	table, _ := ledger.Table.Node().DefaultChild().(awsdynamodb.CfnTable)
	table.SetTableClass(new("STANDARD_INFREQUENT_ACCESS"))

	printResourceTypes(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	// Output:
	// 6 AWS::CloudWatch::Alarm
	// 1 AWS::DynamoDB::Table
	// 1 AWS::Events::EventBus
	// 1 AWS::Events::Rule
	// 1 AWS::IAM::Policy
	// 1 AWS::IAM::Role
	// 1 AWS::Lambda::Alias
	// 1 AWS::Lambda::EventSourceMapping
	// 1 AWS::Lambda::Function
	// 1 AWS::Lambda::Version
	// 1 AWS::Logs::LogGroup
	// 3 AWS::SQS::Queue
	// 3 AWS::SQS::QueuePolicy
}

// printResourceTypes prints how many resources of each type a template has.
func printResourceTypes(template any) {
	encoded, err := json.Marshal(template)
	if err != nil {
		panic(err)
	}
	var parsed struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(encoded, &parsed); err != nil {
		panic(err)
	}
	counts := map[string]int{}
	for _, resource := range parsed.Resources {
		counts[resource.Type]++
	}
	for _, resourceType := range slices.Sorted(maps.Keys(counts)) {
		fmt.Println(counts[resourceType], resourceType)
	}
}
