package assembly

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"example.com/saga/localcloud/eventbridge/pattern"
)

// EventBus is an AWS::Events::EventBus.
type EventBus struct {
	Name             string   `cfn:"Name,required"`
	Description      Harmless `cfn:"Description" why:"only a reader sees it"`
	KMSKeyIdentifier Harmless `cfn:"KmsKeyIdentifier" why:"nothing is stored, so nothing is encrypted"`
	DeadLetterConfig Harmless `cfn:"DeadLetterConfig" why:"a bus's own dead-letter queue is for encryption that fails"`
	Tags             Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (b *EventBus) identify(at location) identity {
	made := at.named(b.Name, 256, "events", "event-bus/")
	// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
	made.when(b.Name == "default" || strings.HasPrefix(b.Name, "aws."), "property Name: %s is reserved for EventBridge", b.Name)
	return made.with("Name", made.name)
}

// EventBusPolicy is an AWS::Events::EventBusPolicy: one statement of a bus's
// policy.
type EventBusPolicy struct {
	EventBusName string `cfn:"EventBusName"`
	StatementID  string `cfn:"StatementId,required"`
	Statement    any    `cfn:"Statement"`
	// Action and Principal, an account or *, are an older form of the statement.
	Action    string `cfn:"Action" values:"events:PutEvents"`
	Principal string `cfn:"Principal"`

	// BusARN is that of the bus.
	BusARN string
}

func (p *EventBusPolicy) identify(at location) identity {
	p.EventBusName = cmp.Or(p.EventBusName, "default")
	p.BusARN = at.arn("events", "event-bus/"+p.EventBusName)
	made := identity{name: p.StatementID, ref: at.logicalID}
	isOld := p.Action != "" && p.Principal != ""
	made.when(isOld == (p.Statement != nil), "property Statement, or Action and Principal, are required")
	if isOld {
		p.Statement = map[string]any{
			"Effect": "Allow", "Action": p.Action, "Principal": map[string]any{"AWS": p.Principal}, "Resource": p.BusARN,
		}
	}
	return made
}

// Archive is an AWS::Events::Archive.
type Archive struct {
	ArchiveName      string          `cfn:"ArchiveName"`
	Description      Harmless        `cfn:"Description" why:"only a reader sees it"`
	SourceARN        string          `cfn:"SourceArn,required"`
	EventPattern     json.RawMessage `cfn:"EventPattern"`
	RetentionDays    int             `cfn:"RetentionDays"`
	KMSKeyIdentifier Harmless        `cfn:"KmsKeyIdentifier" why:"nothing outlives the process, so nothing is encrypted"`
}

func (a *Archive) identify(at location) identity {
	made := at.named(a.ArchiveName, 48, "events", "archive/").with("ArchiveName", at.physicalName(a.ArchiveName, 48))
	made.add(at.inAccount("SourceArn", a.SourceARN, "events"), checkPattern(a.EventPattern))
	return made
}

// Rule is an AWS::Events::Rule with an event pattern, a schedule or both.
type Rule struct {
	Name        string   `cfn:"Name"`
	Description Harmless `cfn:"Description" why:"only a reader sees it"`
	Tags        Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
	// EventBusName is the bus's name, also where the template has its ARN.
	EventBusName string          `cfn:"EventBusName"`
	EventPattern json.RawMessage `cfn:"EventPattern"`
	// ScheduleExpression is a rate.
	ScheduleExpression string   `cfn:"ScheduleExpression"`
	State              string   `cfn:"State" values:"ENABLED,DISABLED"`
	Targets            []Target `cfn:"Targets"`
}

// Target is where a rule delivers.
type Target struct {
	ARN              string            `cfn:"Arn,required"`
	ID               string            `cfn:"Id,required"`
	RoleARN          string            `cfn:"RoleArn"`
	Input            string            `cfn:"Input"`
	InputPath        string            `cfn:"InputPath"`
	InputTransformer *InputTransformer `cfn:"InputTransformer"`
	SQSParameters    struct {
		MessageGroupID string `cfn:"MessageGroupId,required"`
	} `cfn:"SqsParameters"`
	HTTPParameters   *HTTPParameters  `cfn:"HttpParameters"`
	RetryPolicy      RetryPolicy      `cfn:"RetryPolicy"`
	DeadLetterConfig DeadLetterConfig `cfn:"DeadLetterConfig"`
}

// RetryPolicy bounds a rule's attempts to deliver.
type RetryPolicy struct {
	MaximumEventAgeInSeconds *int `cfn:"MaximumEventAgeInSeconds"`
	MaximumRetryAttempts     *int `cfn:"MaximumRetryAttempts"`
}

// InputTransformer makes a target's input from parts of the event.
type InputTransformer struct {
	Paths    map[string]string `cfn:"InputPathsMap"`
	Template string            `cfn:"InputTemplate,required"`
}

// HTTPParameters is how a rule calls an API destination.
type HTTPParameters struct {
	Header map[string]string `cfn:"HeaderParameters"`
	Path   []string          `cfn:"PathParameterValues"`
	Query  map[string]string `cfn:"QueryStringParameters"`
}

// DeadLetterConfig names the queue for what cannot be delivered.
type DeadLetterConfig struct {
	ARN string `cfn:"Arn"`
}

func (r *Rule) identify(at location) identity {
	var refused refusals
	if _, name, isARN := strings.Cut(r.EventBusName, ":event-bus/"); isARN {
		refused.add(at.inAccount("EventBusName", r.EventBusName, "events"))
		r.EventBusName = name
	}
	made := at.named(r.Name, 64, "events", "rule/")
	isDefault := cmp.Or(r.EventBusName, "default") == "default"
	if !isDefault {
		made = at.named(r.Name, 64, "events", "rule/"+r.EventBusName+"/")
		made.ref = r.EventBusName + "|" + made.name
	}
	made.refusals = refused
	// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
	made.when(r.EventPattern == nil && r.ScheduleExpression == "" && !at.areRefused("EventPattern", "ScheduleExpression"),
		"property EventPattern or ScheduleExpression is required")
	made.when(r.ScheduleExpression != "" && !isDefault, "property ScheduleExpression is supported only on the default event bus")
	made.add(checkPattern(r.EventPattern))
	for i, target := range r.Targets {
		// Only a bus may be in another Region.
		// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
		made.add(at.inRegion(fmt.Sprintf("Targets[%d].Arn", i), target.ARN, "lambda", "logs", "sqs"))
		made.add(at.inAccount(fmt.Sprintf("Targets[%d].DeadLetterConfig.Arn", i), target.DeadLetterConfig.ARN, "sqs"))
	}
	return made
}

// maximumPattern is EventBridge's default quota for the characters of an event pattern.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maximumPattern = 2048

func checkPattern(text json.RawMessage) error {
	if text == nil {
		return nil
	}
	if length := utf8.RuneCount(text); length > maximumPattern {
		return fmt.Errorf("property EventPattern must have at most %d characters, and has %d", maximumPattern, length)
	}
	if _, err := pattern.Parse(text); err != nil {
		return fmt.Errorf("property EventPattern: %w", err)
	}
	return nil
}

// Connection is an AWS::Events::Connection that authorizes by an API key, or by a
// name and a password.
type Connection struct {
	Name              string         `cfn:"Name"`
	Description       Harmless       `cfn:"Description" why:"only a reader sees it"`
	AuthorizationType string         `cfn:"AuthorizationType,required" values:"API_KEY,BASIC"`
	AuthParameters    AuthParameters `cfn:"AuthParameters,required"`
}

// AuthParameters is what a connection adds to every request.
type AuthParameters struct {
	APIKey         *APIKey                   `cfn:"ApiKeyAuthParameters"`
	Basic          *BasicAuth                `cfn:"BasicAuthParameters"`
	HTTPParameters *ConnectionHTTPParameters `cfn:"InvocationHttpParameters"`
}

// APIKey is the header that authorizes, and its value.
type APIKey struct {
	Name  string `cfn:"ApiKeyName,required"`
	Value string `cfn:"ApiKeyValue,required"`
}

// BasicAuth is the name and the password that authorize.
type BasicAuth struct {
	Username string `cfn:"Username,required"`
	Password string `cfn:"Password,required"`
}

// ConnectionHTTPParameters is what a connection adds besides the authorization.
type ConnectionHTTPParameters struct {
	HeaderParameters      []ConnectionParameter `cfn:"HeaderParameters"`
	QueryStringParameters []ConnectionParameter `cfn:"QueryStringParameters"`
	BodyParameters        []ConnectionParameter `cfn:"BodyParameters"`
}

// ConnectionParameter is one header of a connection, one parameter of its query
// or one member of its body.
type ConnectionParameter struct {
	Key           string `cfn:"Key,required"`
	Value         string `cfn:"Value,required"`
	IsValueSecret bool   `cfn:"IsValueSecret"`
}

func (c *Connection) identify(at location) identity {
	made := at.identifiedByUUID(c.Name, "connection/")
	// Only the parameters of the type that is given may be there.
	// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnectionAuthRequestParameters.html
	check := func(kind, parameters string, given bool) {
		required := c.AuthorizationType == kind
		made.when(required && !given, "property AuthParameters.%s is required", parameters)
		made.when(!required && given, "property AuthParameters.%s is for the AuthorizationType %s only", parameters, kind)
	}
	if !at.areRefused("AuthorizationType", "AuthParameters") {
		check("API_KEY", "ApiKeyAuthParameters", c.AuthParameters.APIKey != nil)
		check("BASIC", "BasicAuthParameters", c.AuthParameters.Basic != nil)
	}
	return made.with("SecretArn", at.arn("secretsmanager", "secret:events!connection/"+made.name+"/"+at.uuid()+"-"+at.code(6)))
}

// APIDestination is an AWS::Events::ApiDestination.
type APIDestination struct {
	Name               string   `cfn:"Name"`
	Description        Harmless `cfn:"Description" why:"only a reader sees it"`
	ConnectionARN      string   `cfn:"ConnectionArn,required"`
	HTTPMethod         string   `cfn:"HttpMethod,required"`
	InvocationEndpoint string   `cfn:"InvocationEndpoint,required"`
	RateLimitPerSecond *int     `cfn:"InvocationRateLimitPerSecond"`
}

func (d *APIDestination) identify(at location) identity {
	made := at.identifiedByUUID(d.Name, "api-destination/")
	made.when(d.InvocationEndpoint != "" && !strings.HasPrefix(d.InvocationEndpoint, "https://"),
		"property InvocationEndpoint must begin with https://, as EventBridge requires")
	return made
}

// identifiedByUUID returns the identity of a resource whose ARN ends with its name and a
// UUID, which policies leave out.
func (p location) identifiedByUUID(given, kind string) identity {
	named := p.named(given, 64, "events", kind)
	return identified(named.name, named.arn+"/"+p.uuid()).with("ArnForPolicy", named.arn)
}
