package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A condition compares one key of the request with the policy's values.
type condition struct {
	// key is in lower case.
	key      string
	values   []string
	operator operator
}

func parseConditions(given map[string]map[string]json.RawMessage) ([]condition, error) {
	var conditions []condition
	for _, name := range slices.Sorted(maps.Keys(given)) {
		parsed, err := parseOperator(name)
		if err != nil {
			return nil, err
		}
		keys := map[string]bool{}
		for _, key := range slices.Sorted(maps.Keys(given[name])) {
			one, err := parseCondition(parsed, key, given[name][key])
			if err == nil && keys[one.key] {
				err = errors.New("the key is there twice, in different cases")
			}
			if err != nil {
				return nil, fmt.Errorf("condition %s %s: %w", name, key, err)
			}
			keys[one.key] = true
			conditions = append(conditions, one)
		}
	}
	return conditions, nil
}

func parseCondition(parsed operator, key string, given json.RawMessage) (condition, error) {
	values, err := texts(given)
	if err != nil {
		return condition{}, err
	}
	return condition{strings.ToLower(key), values, parsed}, parsed.check(key, values)
}

// holds reports whether the condition is met.
//
// Without a value of its key a negated operator holds, and one with IfExists. A
// set operator looks at the values first: without one ForAllValues holds and
// ForAnyValue does not, negated or with IfExists or not.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
//   - https://iam.cloudcopilot.io/resources/operators/ForAnyValue:BoolIfExists: the
//     two pages leave open which of ForAnyValue and IfExists decides
func (c condition) holds(request map[string][]string) bool {
	values := c.valuesOf(request)
	switch {
	case c.operator.null:
		return (len(values) == 0) == strings.EqualFold(c.values[0], "true")
	case c.operator.set == forAll:
		return !slices.ContainsFunc(values, func(value string) bool { return !c.accepts(value) })
	case c.operator.set == forAny:
		return slices.ContainsFunc(values, c.accepts)
	case len(values) == 0:
		return c.operator.negated || c.operator.ifExists
	default:
		return c.accepts(values[0])
	}
}

// accepts reports whether one value of the request satisfies the operator.
func (c condition) accepts(value string) bool {
	found := slices.ContainsFunc(c.values, func(wanted string) bool { return c.operator.matches(wanted, value) })
	return found != c.operator.negated
}

// valuesOf returns the values that a request has of the key, whose case does not
// matter. An empty string is no value of a multivalued key.
func (c condition) valuesOf(request map[string][]string) []string {
	for name, values := range request {
		if !strings.EqualFold(name, c.key) {
			continue
		}
		if isMultivalued(name) {
			return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
		}
		return values
	}
	return nil
}

// MultivaluedKeys returns the condition keys that can have several values in one
// request. They are global, or keys of the services that are supported and of
// STS, which assumes their roles. Every other key has at most one value.
//
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html:
//     the value type is Multivalued
//   - https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html:
//     the type begins with ArrayOf. Of EventBridge's keys these are events:source,
//     events:detail-type, events:TargetArn and events:EventBusArn
//     (list_amazoneventbridge.html#amazoneventbridge-policy-keys).
func MultivaluedKeys() []string {
	return []string{
		"aws:CalledVia", "aws:PrincipalOrgPaths", "aws:PrincipalServiceNamesList", "aws:ResourceOrgPaths",
		"aws:SourceOrgPaths", "aws:TagKeys", "aws:VpceOrgPaths",
		"cloudwatch:AlarmActions", "cloudwatch:requestInsightRuleLogGroups", "cloudwatch:requestManagedResourceARNs",
		"dynamodb:Attributes", "dynamodb:FirstPartitionKeyValues", "dynamodb:FisTargetArns",
		"dynamodb:FourthPartitionKeyValues", "dynamodb:LeadingKeys", "dynamodb:SecondPartitionKeyValues",
		"dynamodb:ThirdPartitionKeyValues",
		"events:EventBusArn", "events:TargetArn", "events:detail-type", "events:source",
		"iam:AccountPropertyNamespaces",
		"kms:EncryptionContextKeys", "kms:GrantOperations", "kms:ResourceAliases",
		"lambda:Layer", "lambda:SecurityGroupIds", "lambda:SubnetIds",
		"logs:LogGeneratingResourceArns",
		"secretsmanager:AddReplicaRegions",
		"sts:IdentityTokenAudience", "sts:RequestContextProviders", "sts:TransitiveTagKeys",
	}
}

// isMultivalued reports whether a key, in any case, can have several values.
func isMultivalued(key string) bool {
	return slices.ContainsFunc(MultivaluedKeys(), func(known string) bool { return strings.EqualFold(known, key) })
}
