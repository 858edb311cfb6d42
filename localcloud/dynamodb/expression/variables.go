package expression

import (
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// maximumVariable and maximumVariables are the limits, in bytes, of the name of
// one substitution variable and of all variables together.
const (
	maximumVariable  = 255
	maximumVariables = 2 << 20
)

// Variables are the substitution variables of one request, #name and :value, and
// which of them its expressions have used.
type Variables struct {
	names      map[string]string
	values     map[string]attribute.Value
	usedNames  map[string]bool
	usedValues map[string]bool
}

// Parameter is one of a request's expressions. Text is nil if it is absent.
type Parameter struct {
	Name string
	Text *string
}

// NewVariables returns the variables of a request. An error is returned if one of
// them is not valid by itself, or if the request has no expression that could use
// them.
func NewVariables(names map[string]string, values map[string]attribute.Value, expressions ...Parameter) (*Variables, error) {
	if err := checkUse(names, values, expressions); err != nil {
		return nil, err
	}
	if names != nil && len(names) == 0 {
		return nil, wire.ValidationError("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, wire.ValidationError("ExpressionAttributeValues must not be empty")
	}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := checkVariable("ExpressionAttributeNames", name, '#'); err != nil {
			return nil, err
		}
		size += len(name) + len(names[name])
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := checkVariable("ExpressionAttributeValues", name, ':'); err != nil {
			return nil, err
		}
		if err := (attribute.Item{name: values[name]}).Check(); err != nil {
			return nil, wire.ValidationError("ExpressionAttributeValues contains invalid value: %s for key %s", wire.Message(err), name)
		}
		size += len(name) + values[name].Size()
	}
	if size > maximumVariables {
		return nil, wire.ValidationError("Total size of expression attribute names and values has exceeded the maximum allowed size; size: %d", size)
	}
	return &Variables{
		names: names, values: values,
		usedNames: make(map[string]bool, len(names)), usedValues: make(map[string]bool, len(values)),
	}, nil
}

func checkUse(names map[string]string, values map[string]attribute.Value, expressions []Parameter) error {
	var absent []string
	isAny, takesValues := false, false
	for _, e := range expressions {
		isAny = isAny || e.Text != nil
		if e.Name == "ProjectionExpression" { // which has no place for a value
			continue
		}
		takesValues = takesValues || e.Text != nil
		absent = append(absent, e.Name)
	}
	if names != nil && !isAny {
		return wire.ValidationError("ExpressionAttributeNames can only be specified when using expressions")
	}
	if values != nil && !takesValues {
		verb := "is"
		if len(absent) > 1 {
			verb = "are"
		}
		return wire.ValidationError("ExpressionAttributeValues can only be specified when using expressions: %s %s null", strings.Join(absent, " and "), verb)
	}
	return nil
}

func checkVariable(member, name string, mark byte) error {
	if len(name) < 2 || name[0] != mark || strings.ContainsFunc(name[1:], func(r rune) bool { return r > 'z' || !isWordPart(byte(r)) }) {
		return wire.ValidationError(`%s contains invalid key: Syntax error; key: "%s"`, member, name)
	}
	if len(name) > maximumVariable {
		return wire.ValidationError("%s contains invalid key: The name of a substitution variable exceeds %d bytes; key: %q", member, maximumVariable, name)
	}
	return nil
}

// CheckUsed returns an error if the expressions parsed so far have left a variable
// unused.
func (v *Variables) CheckUsed() error {
	if unused := unusedNames(v.names, v.usedNames); unused != "" {
		return wire.ValidationError("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", unused)
	}
	if unused := unusedNames(v.values, v.usedValues); unused != "" {
		return wire.ValidationError("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", unused)
	}
	return nil
}

func unusedNames[T any](defined map[string]T, used map[string]bool) string {
	var unused []string
	for _, name := range slices.Sorted(maps.Keys(defined)) {
		if !used[name] {
			unused = append(unused, name)
		}
	}
	return strings.Join(unused, ", ")
}
