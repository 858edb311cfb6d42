package lambda

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"

	"example.com/saga/localcloud/wire"
)

// Alias is a name for one version of a function, or for two.
type Alias struct {
	Name string
	// Version gets the invocations that Weights leave.
	Version string
	// Weights has at most one other version, with its share of the invocations.
	Weights map[string]float64
}

// versions lists the versions that the alias leads to.
func (a Alias) versions() []string {
	return append(slices.Collect(maps.Keys(a.Weights)), a.Version)
}

// choose returns the version of an invocation.
func (a Alias) choose(random *rand.Rand) string {
	for version, weight := range a.Weights {
		if random.Float64() < weight {
			return version
		}
	}
	return a.Version
}

var (
	aliasPattern   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
	numberPattern  = regexp.MustCompile(`^[0-9]+$`)
	versionPattern = regexp.MustCompile(`^(\$LATEST|[0-9]+)$`)
)

// setAlias creates or changes an alias, if Lambda would accept it. The rules are
// those of https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
// and of the API's model; the texts were observed on AWS, in
// https://github.com/localstack/localstack (services/lambda_/provider.py).
func (f *function) setAlias(given Alias) error {
	if err := given.validate(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, version := range given.versions() {
		if f.version(version) == nil {
			return functionNotFound(target{f, version}.arn())
		}
	}
	f.aliases[given.Name] = given
	return nil
}

func (a Alias) validate() error {
	switch {
	case !aliasPattern.MatchString(a.Name), numberPattern.MatchString(a.Name):
		return constraint(a.Name, "name", `Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)`)
	case !versionPattern.MatchString(a.Version):
		return constraint(a.Version, "functionVersion", `Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)`)
	case len(a.Weights) > 1:
		return invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for version, weight := range a.Weights {
		switch {
		case !(weight >= 0 && weight <= 1):
			return constraint(version, "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]")
		case version == latest, a.Version == latest:
			return invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version")
		case !numberPattern.MatchString(version):
			return constraint(version, "routingConfig.additionalVersionWeights", "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]+]")
		case version == a.Version:
			return invalidParameter("Invalid function version %[1]s. Function version %[1]s is already included in routing configuration.", version)
		}
	}
	return nil
}

func constraint(value, member, rule string) error {
	return wire.ValidationError("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

func invalidParameter(format string, args ...any) error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

func (f *function) alias(name string) (Alias, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a, exists := f.aliases[name]; exists {
		return a, nil
	}
	return Alias{}, notFound("Cannot find alias arn: " + target{f, name}.arn())
}

// CreateAlias adds an alias to a function.
func (s *Service) CreateAlias(arn string, given Alias) error {
	f := s.function(arn)
	if f == nil {
		return functionNotFound(arn)
	}
	if _, err := f.alias(given.Name); err == nil {
		return &wire.Error{Code: "ResourceConflictException", Message: "Alias already exists: " + target{f, given.Name}.arn(), Status: http.StatusConflict}
	}
	return f.setAlias(given)
}
