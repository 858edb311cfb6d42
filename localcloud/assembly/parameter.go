package assembly

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/saga/localcloud/unsupported"
)

// parameter is a parameter of the template.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type parameter struct {
	Type           string `json:"Type"`
	Default        any    `json:"Default"`
	AllowedValues  []any  `json:"AllowedValues"`
	AllowedPattern string `json:"AllowedPattern"`
	MinLength      any    `json:"MinLength"`
	MaxLength      any    `json:"MaxLength"`
	MinValue       any    `json:"MinValue"`
	MaxValue       any    `json:"MaxValue"`
	attributes     []string
}

// bootstrapParameter is the parameter that CDK adds to every template, with the
// rule bootstrapRule: the version of the account's bootstrap stack, which a local
// cloud does not have.
const (
	bootstrapParameter = "BootstrapVersion"
	bootstrapRule      = "CheckBootstrapVersion"
)

// setParameters makes the values of the parameters known to references.
func (l *loader) setParameters() []error {
	var problems []error
	for _, id := range sortedKeys(l.options.Parameters) {
		if _, exists := l.template.Parameters[id]; !exists {
			problems = append(problems, fmt.Errorf("parameter %s: it is not in the template", id))
		}
	}
	for _, id := range sortedKeys(l.template.Parameters) {
		if id == bootstrapParameter {
			continue
		}
		value, err := l.template.Parameters[id].value(id, l.options.Parameters)
		if err != nil {
			value = unresolved{}
			for _, problem := range Problems(err) {
				problems = append(problems, fmt.Errorf("parameter %s: %w", id, problem))
			}
		}
		l.parameters[id] = value
	}
	return problems
}

// value returns the given value, or the default, as references see it: a text or a
// list of texts. CloudFormation has texts for numbers too.
func (p parameter) value(id string, given map[string]string) (any, error) {
	problems := unknownAttributes(p.attributes, "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description",
		"MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho", "Type")
	if !slices.Contains(ParameterTypes(), p.Type) {
		problems = append(problems, unsupported.Errorf("the type %q is not supported by the local cloud", p.Type))
	}
	text, isGiven := given[id]
	if !isGiven {
		var err error
		if text, err = plainText(p.Default); err != nil {
			return nil, errors.Join(append(problems, fmt.Errorf("it has no default: set it with --parameter %s=VALUE", id))...)
		}
	}
	if p.Type == "String" || p.Type == "Number" {
		return text, errors.Join(append(problems, p.check(text))...)
	}
	var values []any
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		values = append(values, item)
		problems = append(problems, p.check(item))
	}
	return values, errors.Join(problems...)
}

// ParameterTypes lists the supported types of parameters.
func ParameterTypes() []string {
	return []string{"CommaDelimitedList", "List<Number>", "Number", "String"}
}

// check refuses a value against the parameter's constraints.
func (p parameter) check(value string) error {
	var problems []error
	number, err := strconv.ParseFloat(value, 64)
	if strings.Contains(p.Type, "Number") && err != nil {
		problems = append(problems, fmt.Errorf("%q is not a number", value))
	}
	isValue := func(allowed any) bool { return fmt.Sprint(allowed) == value }
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, isValue) {
		problems = append(problems, fmt.Errorf("%q is not one of its AllowedValues %v", value, p.AllowedValues))
	}
	switch pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$"); {
	case err != nil:
		problems = append(problems, unsupported.Errorf("its AllowedPattern %s is not supported by the local cloud", p.AllowedPattern))
	case p.AllowedPattern != "" && !pattern.MatchString(value):
		problems = append(problems, fmt.Errorf("%q does not match its AllowedPattern %s", value, p.AllowedPattern))
	}
	length := float64(utf8.RuneCountInString(value))
	return errors.Join(append(problems,
		within("MinLength", p.MinLength, length, 1), within("MaxLength", p.MaxLength, length, -1),
		within("MinValue", p.MinValue, number, 1), within("MaxValue", p.MaxValue, number, -1))...)
}

// within refuses a number beyond a limit, which is a number or the text of one:
// below it with the sign 1, above it with -1.
func within(name string, limit any, number, sign float64) error {
	if limit == nil {
		return nil
	}
	bound, err := strconv.ParseFloat(fmt.Sprint(limit), 64)
	if err != nil {
		return fmt.Errorf("its %s %v is not a number", name, limit)
	}
	if (number-bound)*sign < 0 {
		return fmt.Errorf("its value is beyond its %s %v", name, limit)
	}
	return nil
}
