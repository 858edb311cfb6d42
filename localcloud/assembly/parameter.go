package assembly

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
		refused := l.template.unknownAttributes("Parameters", id, "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default",
			"Description", "MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho", "Type")
		value, err := l.template.Parameters[id].value(id, l.options.Parameters)
		refused = append(refused, Problems(err)...)
		if l.parameters[id] = value; len(refused) > 0 {
			l.parameters[id] = unresolved{}
		}
		for _, problem := range refused {
			problems = append(problems, fmt.Errorf("parameter %s: %w", id, problem))
		}
	}
	return problems
}

// value returns the given value, or the default, as references see it: a text or a
// list of texts. CloudFormation has texts for numbers too.
func (p parameter) value(id string, given map[string]string) (any, error) {
	var problems []error
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

func (p parameter) check(value string) error {
	isNumber := strings.Contains(p.Type, "Number")
	if _, err := strconv.ParseFloat(value, 64); isNumber && err != nil {
		return fmt.Errorf("%q is not a number", value)
	}
	lengths, numbers := limit{}, limit{Type: "number"}
	if p.AllowedPattern != "" {
		if _, err := regexp.Compile(p.AllowedPattern); err != nil {
			return unsupported.Errorf("its AllowedPattern %s is not supported by the local cloud", p.AllowedPattern)
		}
		lengths.Pattern = newTextPattern(p.AllowedPattern)
	}
	for _, allowed := range p.AllowedValues {
		lengths.Enum = append(lengths.Enum, fmt.Sprint(allowed))
	}
	err := errors.Join(
		setBound("MinLength", p.MinLength, &lengths.Min), setBound("MaxLength", p.MaxLength, &lengths.Max),
		setBound("MinValue", p.MinValue, &numbers.Min), setBound("MaxValue", p.MaxValue, &numbers.Max))
	for _, problem := range []string{lengths.problem(value), numbers.problem(value)} {
		if err == nil && problem != "" {
			err = fmt.Errorf("it %s", problem)
		}
	}
	return err
}

// setBound sets a bound that is given as a number or the text of one.
func setBound(name string, given any, bound **float64) error {
	if given == nil {
		return nil
	}
	number, err := strconv.ParseFloat(fmt.Sprint(given), 64)
	if *bound = &number; err != nil {
		return fmt.Errorf("its %s %v is not a number", name, given)
	}
	return nil
}
