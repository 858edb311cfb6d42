package dynamodb

import (
	"strings"
)

// maximumVariable and maximumVariables are the limits, in bytes, of the name of
// one substitution variable and of all variables together.
const (
	maximumVariable  = 255
	maximumVariables = 2 << 20
)

// placeholders are the substitution variables of one request, and which of
// them its expressions have used.
type placeholders struct {
	names      map[string]string
	values     map[string]Value
	usedNames  map[string]bool
	usedValues map[string]bool
}

// expression is one of a request's expressions; text is nil if it is absent.
type expression struct {
	parameter string
	text      *string
}

// newPlaceholders checks the variables of a request by themselves, and that it
// has an expression that could use them.
func newPlaceholders(names map[string]string, values map[string]Value, expressions ...expression) (*placeholders, error) {
	if err := checkUse(names, values, expressions); err != nil {
		return nil, err
	}
	if names != nil && len(names) == 0 {
		return nil, validation("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, validation("ExpressionAttributeValues must not be empty")
	}
	size := 0
	for _, name := range sortedNames(names) {
		if err := checkVariable("ExpressionAttributeNames", name, '#'); err != nil {
			return nil, err
		}
		size += len(name) + len(names[name])
	}
	for _, name := range sortedNames(values) {
		if err := checkVariable("ExpressionAttributeValues", name, ':'); err != nil {
			return nil, err
		}
		if err := (Item{name: values[name]}).check(); err != nil {
			return nil, validation("ExpressionAttributeValues contains invalid value: %s for key %s", message(err), name)
		}
		size += len(name) + values[name].size()
	}
	if size > maximumVariables {
		return nil, validation("Total size of expression attribute names and values has exceeded the maximum allowed size; size: %d", size)
	}
	return &placeholders{
		names: names, values: values,
		usedNames: make(map[string]bool, len(names)), usedValues: make(map[string]bool, len(values)),
	}, nil
}

func checkUse(names map[string]string, values map[string]Value, expressions []expression) error {
	var absent []string
	isAny, takesValues := false, false
	for _, e := range expressions {
		isAny = isAny || e.text != nil
		if e.parameter == "ProjectionExpression" { // which has no place for a value
			continue
		}
		takesValues = takesValues || e.text != nil
		absent = append(absent, e.parameter)
	}
	if names != nil && !isAny {
		return validation("ExpressionAttributeNames can only be specified when using expressions")
	}
	if values != nil && !takesValues {
		verb := "is"
		if len(absent) > 1 {
			verb = "are"
		}
		return validation("ExpressionAttributeValues can only be specified when using expressions: %s %s null", strings.Join(absent, " and "), verb)
	}
	return nil
}

func checkVariable(member, name string, mark byte) error {
	if len(name) < 2 || name[0] != mark || strings.ContainsFunc(name[1:], func(r rune) bool { return r > 'z' || !isWordPart(byte(r)) }) {
		return validation(`%s contains invalid key: Syntax error; key: "%s"`, member, name)
	}
	if len(name) > maximumVariable {
		return validation("%s contains invalid key: The name of a substitution variable exceeds %d bytes; key: %q", member, maximumVariable, name)
	}
	return nil
}

// finish refuses variables that no expression has used.
func (p *placeholders) finish() error {
	if unused := unusedNames(p.names, p.usedNames); unused != "" {
		return validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", unused)
	}
	if unused := unusedNames(p.values, p.usedValues); unused != "" {
		return validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", unused)
	}
	return nil
}

func unusedNames[T any](defined map[string]T, used map[string]bool) string {
	var unused []string
	for _, name := range sortedNames(defined) {
		if !used[name] {
			unused = append(unused, name)
		}
	}
	return strings.Join(unused, ", ")
}
