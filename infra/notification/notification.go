// Package notification posts events to an HTTP endpoint.
package notification

import (
	"errors"
	"fmt"
	"net/url"

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
	// Bus is in the account and the region of the stack, and is not the default bus.
	Bus    awsevents.IEventBus
	Events resource.Events
	// Endpoint is the https address that each event is posted to.
	Endpoint string
	// Key encrypts the API key and the dead-letter queue. It is one of
	// [resource.NewKey]. Without one AWS uses keys of its own.
	Key awskms.IKey
}

func (p Props) validate(scope constructs.Construct) error {
	problems := []error{resource.CheckBus(scope, p.Bus), p.checkEndpoint()}
	if err := p.Events.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("in Events: %w", err))
	}
	return errors.Join(problems...)
}

// checkEndpoint accepts a token, such as a parameter of the stack: its value is
// known at deployment only.
func (p Props) checkEndpoint() error {
	if p.Endpoint == "" {
		return errors.New("no Endpoint")
	}
	if *awscdk.Token_IsUnresolved(p.Endpoint) {
		return nil
	}
	endpoint, err := url.Parse(p.Endpoint)
	if err != nil {
		return fmt.Errorf("in Endpoint: %w", err)
	}
	// What EventBridge accepts
	// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateApiDestination.html).
	if endpoint.Scheme != "https" || endpoint.Hostname() == "" || len(p.Endpoint) > 2048 {
		return fmt.Errorf("the Endpoint %q is not an https address of up to 2048 characters", p.Endpoint)
	}
	return nil
}

// New posts the events' details to the endpoint, each a CloudEvent in
// structured mode, with a generated API key in the header x-api-key. What
// cannot be delivered within a day goes to a dead-letter queue.
func New(scope constructs.Construct, id string, props Props) {
	if err := errors.Join(resource.CheckIDs(scope, id), props.validate(scope)); err != nil {
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
