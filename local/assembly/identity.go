package assembly

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/google/uuid"
)

// identity is what the rest of a template can learn about a resource.
type identity struct {
	name, ref, arn string
	attributes     map[string]string
	// anything makes every attribute known: the resource is refused anyway.
	anything bool
}

// properties is a struct of one CloudFormation type, filled from the template.
// Its identify checks what the field types cannot say, and names the resource;
// it gives a usable identity even when it reports problems.
type properties interface {
	identify(at place) (identity, error)
}

// place is where a resource stands, from which its names follow.
type place struct {
	options   Options
	stack     string
	logicalID string
	files     manifest
}

// named gives the physical name: the one given, or one made as CloudFormation
// does, of the stack, the logical id and a suffix. The suffix is a hash, so the
// same template has the same names in every run.
func (p place) named(given string, limit int) string {
	if given != "" {
		return given
	}
	suffix := "-" + p.code(12)
	stem := p.stack + "-" + p.logicalID
	return stem[:min(len(stem), limit-len(suffix))] + suffix
}

// code is a short text that differs between resources and not between runs.
func (p place) code(length int) string {
	sum := sha256.Sum256([]byte(p.stack + "/" + p.logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:length]
}

func (p place) uuid() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.stack+"/"+p.logicalID)).String()
}

func (p place) arn(service, resource string) string {
	return strings.Join([]string{"arn", "aws", service, p.options.Region, p.options.AccountID, resource}, ":")
}

// newProperties makes an empty struct for a resource type.
func newProperties(resourceType string) (properties, bool) {
	switch resourceType {
	case "AWS::DynamoDB::Table":
		return new(Table), true
	case "AWS::Events::ApiDestination":
		return new(APIDestination), true
	case "AWS::Events::Connection":
		return new(Connection), true
	case "AWS::Events::EventBus":
		return new(EventBus), true
	case "AWS::Events::Rule":
		return new(Rule), true
	case "AWS::IAM::Policy":
		return new(Policy), true
	case "AWS::IAM::Role":
		return new(Role), true
	case "AWS::Lambda::EventInvokeConfig":
		return new(EventInvokeConfig), true
	case "AWS::Lambda::EventSourceMapping":
		return new(EventSourceMapping), true
	case "AWS::Lambda::Function":
		return new(Function), true
	case "AWS::Lambda::Permission":
		return new(Permission), true
	case "AWS::Lambda::Url":
		return new(URL), true
	case "AWS::Logs::LogGroup":
		return new(LogGroup), true
	case "AWS::Logs::ResourcePolicy":
		return new(LogsPolicy), true
	case "AWS::SQS::Queue":
		return new(Queue), true
	case "AWS::SQS::QueuePolicy":
		return new(QueuePolicy), true
	case "AWS::SecretsManager::Secret":
		return new(Secret), true
	default:
		return nil, false
	}
}
