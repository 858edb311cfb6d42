package assembly

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// identity is what the rest of a template can refer to of a resource.
type identity struct {
	name, ref, arn string
	attributes     map[string]string
	// isUnknown is of a resource whose type is not supported: nothing is known of it.
	isUnknown bool

	refusals
}

func (i identity) with(attribute, value string) identity {
	i.attributes[attribute] = value
	return i
}

// resourceProperties is a struct of one CloudFormation type, filled from the
// template. Its identify names the resource, and refuses what the types of the fields
// do not.
type resourceProperties interface {
	identify(at location) identity
}

// unnamed is embedded in the structs of resources that only their logical ids name.
type unnamed struct{}

func (unnamed) identify(at location) identity {
	return identity{name: at.logicalID, ref: at.logicalID, attributes: map[string]string{"Id": at.logicalID}}
}

// location is where a resource is, from which its names follow.
type location struct {
	*loader

	logicalID string
	// refused are the properties that are refused already.
	refused map[string]bool
}

// areRefused reports whether one of the properties is refused already, so that a rule
// between them cannot be checked.
func (p location) areRefused(properties ...string) bool {
	return slices.ContainsFunc(properties, func(name string) bool { return p.refused[name] })
}

// named returns the identity of a resource with a physical name, given or made, which is
// the end of its ARN.
func (p location) named(given string, limit int, service, kind string) identity {
	name := p.physicalName(given, limit)
	return identified(name, p.arn(service, kind+name))
}

// identified returns the identity of a resource of which Ref is the name.
func identified(name, arn string) identity {
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn}}
}

// physicalName returns the given name, or one made as CloudFormation does, of
// the stack, the logical id and a suffix. The suffix is a hash, so the same
// template has the same names in every run.
func (p location) physicalName(given string, limit int) string {
	if given != "" {
		return given
	}
	suffix := "-" + p.code(12)
	stem := p.files.stack + "-" + p.logicalID
	return stem[:min(len(stem), limit-len(suffix))] + suffix
}

// code returns a short text that differs between resources and not between
// runs.
func (p location) code(length int) string {
	sum := sha256.Sum256([]byte(p.files.stack + "/" + p.logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:length]
}

func (p location) uuid() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.files.stack+"/"+p.logicalID)).String()
}

func (l *loader) arn(service, resource string) string {
	return strings.Join([]string{"arn", "aws", service, l.options.Region, l.options.AccountID, resource}, ":")
}

func resourceTypes() map[string]resourceProperties {
	return map[string]resourceProperties{
		"AWS::CDK::Metadata":                       new(CDKMetadata),
		"AWS::CloudFormation::WaitConditionHandle": new(WaitConditionHandle),
		"AWS::CloudWatch::Alarm":                   new(Alarm),
		"AWS::CloudWatch::Dashboard":               new(Dashboard),
		"AWS::DynamoDB::GlobalTable":               new(GlobalTable),
		"AWS::DynamoDB::Table":                     new(Table),
		"AWS::EventSchemas::Registry":              new(SchemaRegistry),
		"AWS::EventSchemas::Schema":                new(EventSchema),
		"AWS::Events::ApiDestination":              new(APIDestination),
		"AWS::Events::Archive":                     new(Archive),
		"AWS::Events::Connection":                  new(Connection),
		"AWS::Events::EventBus":                    new(EventBus),
		"AWS::Events::EventBusPolicy":              new(EventBusPolicy),
		"AWS::Events::Rule":                        new(Rule),
		"AWS::IAM::Policy":                         new(Policy),
		"AWS::IAM::Role":                           new(Role),
		"AWS::KMS::Key":                            new(Key),
		"AWS::Lambda::Alias":                       new(Alias),
		"AWS::Lambda::EventInvokeConfig":           new(EventInvokeConfig),
		"AWS::Lambda::EventSourceMapping":          new(EventSourceMapping),
		"AWS::Lambda::Function":                    new(Function),
		"AWS::Lambda::Permission":                  new(Permission),
		"AWS::Lambda::Url":                         new(URL),
		"AWS::Lambda::Version":                     new(Version),
		"AWS::Logs::LogGroup":                      new(LogGroup),
		"AWS::Logs::ResourcePolicy":                new(LogsPolicy),
		"AWS::SNS::Subscription":                   new(Subscription),
		"AWS::SNS::Topic":                          new(Topic),
		"AWS::SNS::TopicPolicy":                    new(TopicPolicy),
		"AWS::SQS::Queue":                          new(Queue),
		"AWS::SQS::QueueInlinePolicy":              new(QueueInlinePolicy),
		"AWS::SQS::QueuePolicy":                    new(QueuePolicy),
		"AWS::Scheduler::Schedule":                 new(Schedule),
		"AWS::SecretsManager::Secret":              new(Secret),
	}
}
