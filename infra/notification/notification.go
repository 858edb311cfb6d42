// Package notification tells an HTTP endpoint of events.
package notification

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
)

// Props describes who is told of what.
type Props struct {
	Bus    awsevents.IEventBus
	Events resource.Events
	// Endpoint is the https address that each event is posted to.
	Endpoint string
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
		Connection: connection(this),
		Endpoint:   &props.Endpoint,
		HttpMethod: awsevents.HttpMethod_POST,
	})
	// CDK's target would make a role of this name that acts for any account.
	role := awsiam.NewRole(destination, new("EventsRole"), &awsiam.RoleProps{
		AssumedBy: resource.ServicePrincipal(this, "events.amazonaws.com"),
	})
	target := awseventstargets.NewApiDestination(destination, &awseventstargets.ApiDestinationProps{
		Event:           awsevents.RuleTargetInput_FromEventPath(new("$.detail")),
		DeadLetterQueue: resource.NewDeadLetterQueue(this, "Undelivered"),
		EventRole:       role,
	})
	watchEndpoint(this, props.Bus, resource.Subscribe(this, "Notify", props.Bus, props.Events, target))
}

// watchEndpoint raises an alarm when the endpoint does not take what it is told:
// a day before the first event is a dead letter. EventBridge waits longer from
// one attempt to the next, hence the long periods.
func watchEndpoint(scope constructs.Construct, bus awsevents.IEventBus, rules []awsevents.Rule) {
	var retries []awscloudwatch.IMetric
	for _, rule := range rules {
		retries = append(retries, resource.RuleMetric(bus.EventBusName(), rule.RuleArn(), "RetryInvocationAttempts", resource.Sum, ""))
	}
	resource.NewAlarm(scope, "Refused", resource.AlarmProps{
		Metric: resource.Total("retries", retries...).With(&awscloudwatch.MathExpressionOptions{
			Period: awscdk.Duration_Minutes(new(15.0)),
		}),
		Periods: 2,
		Advice:  "The notification endpoint fails or does not answer, for half an hour already. Nothing is lost for a day: then it is a dead letter.",
		Runbook: "notifications.md",
	})
}

// connection makes the connection and the secret with its key. An operator
// rotates the key without a deployment; a change to how it is generated would
// make CloudFormation generate another one, without asking the endpoint's owner.
func connection(scope constructs.Construct) awsevents.Connection {
	key := awssecretsmanager.NewSecret(scope, new("ApiKey"), &awssecretsmanager.SecretProps{
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			ExcludePunctuation: new(true),
			PasswordLength:     jsii.Number(40),
		},
	})
	cdknag.NagSuppressions_AddResourceSuppressions(key, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-SMG4"),
		Reason: new("The endpoint's owner holds the same key, so an operator rotates it with the owner: a schedule would cut the connection."),
	}}, nil)
	// The connection's parameters win over those of a rule's target, so every
	// request that uses the connection has this content type.
	return awsevents.NewConnection(scope, new("Connection"), &awsevents.ConnectionProps{
		Authorization: awsevents.Authorization_ApiKey(new("x-api-key"), key.SecretValue()),
		HeaderParameters: &map[string]awsevents.HttpParameter{
			"Content-Type": awsevents.HttpParameter_FromString(new("application/cloudevents+json; charset=UTF-8")),
		},
	})
}
