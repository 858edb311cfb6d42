// Package notification posts events to an HTTP endpoint.
package notification

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
)

// Props describes which events are posted to which endpoint.
type Props struct {
	Bus    awsevents.IEventBus
	Events resource.Events
	// Endpoint is the https address that each event is posted to.
	Endpoint string
	// Key encrypts the API key and the dead-letter queue. It is one of
	// [resource.NewKey]. Without one AWS uses keys of its own.
	Key awskms.IKey
}

func (p Props) validate() error {
	var problems []error
	if p.Bus == nil {
		problems = append(problems, errors.New("no Bus"))
	}
	if err := p.Events.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Events: %w", err))
	}
	if p.Endpoint == "" {
		problems = append(problems, errors.New("no Endpoint"))
	}
	return errors.Join(problems...)
}

// New posts the events' details to the endpoint, each a CloudEvent in
// structured mode, with a generated API key in the header x-api-key. What
// cannot be delivered within a day goes to a dead-letter queue.
func New(scope constructs.Construct, id string, props Props) {
	if err := props.validate(); err != nil {
		panic(fmt.Sprintf("notification %s: %v", id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	destination := awsevents.NewApiDestination(this, new("Destination"), &awsevents.ApiDestinationProps{
		Connection: connection(this, props.Key),
		Endpoint:   &props.Endpoint,
		HttpMethod: awsevents.HttpMethod_POST,
	})
	// The CDK's target would make a role of this id that any account's events can
	// use.
	role := awsiam.NewRole(destination, new("EventsRole"), &awsiam.RoleProps{
		AssumedBy: resource.ServicePrincipal(this, "events.amazonaws.com"),
	})
	target := awseventstargets.NewApiDestination(destination, &awseventstargets.ApiDestinationProps{
		Event:           awsevents.RuleTargetInput_FromEventPath(new("$.detail")),
		DeadLetterQueue: resource.NewDeadLetterQueue(this, "Undelivered", props.Key),
		EventRole:       role,
	})
	newRefusedAlarm(this, props.Bus, resource.Subscribe(this, "Notify", props.Bus, props.Events, target))
}

// newRefusedAlarm makes an alarm that is raised when the endpoint does not accept
// events: a day before the first of them is a dead letter. EventBridge waits
// longer from one attempt to the next, hence the long periods.
func newRefusedAlarm(scope constructs.Construct, bus awsevents.IEventBus, rules []awsevents.Rule) {
	var retries []awscloudwatch.IMetric
	for _, rule := range rules {
		retries = append(retries, resource.RuleMetric(bus.EventBusName(), rule.RuleArn(), "RetryInvocationAttempts", resource.Sum, ""))
	}
	resource.NewAlarm(scope, "Refused", resource.AlarmProps{
		Metric: resource.Total("retries", retries...).With(&awscloudwatch.MathExpressionOptions{
			Period: awscdk.Duration_Minutes(new(15.0)),
		}),
		Periods: 2,
		Advice:  "The notification endpoint has failed or not answered for half an hour. EventBridge repeats a notification for a day: then it is a dead letter.",
		Runbook: "notifications.md",
	})
}

// connection makes the connection and the secret with its key. An operator
// rotates the key without a deployment. Do not change how it is generated:
// CloudFormation would generate another key, which the endpoint does not have.
func connection(scope constructs.Construct, key awskms.IKey) awsevents.Connection {
	apiKey := awssecretsmanager.NewSecret(scope, new("ApiKey"), &awssecretsmanager.SecretProps{
		EncryptionKey: key,
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			ExcludePunctuation: new(true),
			PasswordLength:     jsii.Number(40),
		},
	})
	cdknag.NagSuppressions_AddResourceSuppressions(apiKey, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-SMG4"),
		Reason: new("The owner of the endpoint has the same key, so an operator and the owner rotate it together: after a rotation by schedule the endpoint would refuse every notification."),
	}}, nil)
	// The connection's parameters take precedence over those of a rule's target, so
	// every request that uses the connection has this content type.
	connection := awsevents.NewConnection(scope, new("Connection"), &awsevents.ConnectionProps{
		Authorization: awsevents.Authorization_ApiKey(new("x-api-key"), apiKey.SecretValue()),
		HeaderParameters: &map[string]awsevents.HttpParameter{
			"Content-Type": awsevents.HttpParameter_FromString(new("application/cloudevents+json; charset=UTF-8")),
		},
	})
	if key != nil {
		cfnConnection, ok := connection.Node().FindChild(new("Connection")).(awsevents.CfnConnection)
		if !ok {
			panic("the connection has no resource of CloudFormation")
		}
		cfnConnection.SetKmsKeyIdentifier(key.KeyArn())
	}
	return connection
}
