package assembly

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// noValue is the value of Ref AWS::NoValue: the property that has it is absent.
type noValue struct{}

// unresolved is the value of an expression that could not be evaluated. That is
// reported once, and nothing that follows from it.
type unresolved struct{}

// MarshalJSON returns what is valid in most places of an event pattern and of a policy.
func (unresolved) MarshalJSON() ([]byte, error) { return []byte(`"*"`), nil }

// errUnresolved makes the value of an intrinsic function unresolved, because an argument
// is.
var errUnresolved = errors.New("an argument is unresolved")

// resolve evaluates every intrinsic function in a template value. It reports
// all problems it finds, joined.
func (l *loader) resolve(value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(value); ok {
			return l.callFunction(name, argument)
		}
		return l.object(value)
	case []any:
		return l.list(value)
	case string:
		return l.dynamic(value)
	default:
		return value, nil
	}
}

func (l *loader) object(value map[string]any) (any, error) {
	result := make(map[string]any, len(value))
	var problems []error
	for _, key := range sortedKeys(value) {
		resolved := l.part(value[key], &problems)
		if _, absent := resolved.(noValue); !absent {
			result[key] = resolved
		}
	}
	return result, errors.Join(problems...)
}

// part resolves a part of a value, and adds its problems to those of the whole.
func (l *loader) part(value any, problems *[]error) any {
	resolved, err := l.resolve(value)
	if err != nil {
		*problems = append(*problems, err)
		return unresolved{}
	}
	return resolved
}

func (l *loader) list(value []any) (any, error) {
	result := make([]any, 0, len(value))
	var problems []error
	for _, item := range value {
		resolved := l.part(item, &problems)
		if _, absent := resolved.(noValue); !absent {
			result = append(result, resolved)
		}
	}
	return result, errors.Join(problems...)
}

// intrinsic returns the function and the argument of an object whose only key
// is Ref or Fn::….
func intrinsic(value map[string]any) (name string, argument any, ok bool) {
	if len(value) != 1 {
		return "", nil, false
	}
	for key, item := range value {
		name, argument = key, item
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (l *loader) callFunction(name string, argument any) (any, error) {
	function, known := l.intrinsics()[name]
	if !known {
		return nil, unsupported.Errorf("the intrinsic function %s is not supported by the local cloud", name)
	}
	value, err := function(argument)
	if errors.Is(err, errUnresolved) {
		return unresolved{}, nil
	}
	return value, err
}

func (l *loader) intrinsics() map[string]func(argument any) (any, error) {
	return map[string]func(any) (any, error){
		"Ref":        l.reference,
		"Fn::GetAtt": l.reference,
		"Fn::If":     l.choose,
		"Fn::Join":   l.join,
		"Fn::Select": l.selectElement,
		"Fn::Split":  l.split,
		"Fn::Sub":    l.substitute,
	}
}

// reference evaluates Ref "X", Fn::GetAtt ["X", "Arn"] and "X.Arn".
func (l *loader) reference(argument any) (any, error) {
	id, attribute, err := attributeName(argument)
	if err != nil {
		return nil, err
	}
	value, isParameter := l.parameters[id]
	identified, known := l.identities[id]
	switch {
	case isParameter && attribute == "":
		return value, nil
	case strings.HasPrefix(id, "AWS::"):
		return nil, unsupported.Errorf("the pseudo parameter %s is not supported by the local cloud", id)
	case !known && l.template.Resources[id].Type != "":
		return nil, fmt.Errorf("the referenced resource %s does not exist under its condition", id)
	case !known:
		return nil, fmt.Errorf("the referenced resource or parameter %s is not in the template", id)
	case identified.isUnknown:
		return unresolved{}, nil
	case attribute == "":
		return identified.ref, nil
	}
	if value, known = identified.attributes[attribute]; !known {
		return nil, unsupported.Errorf("the attribute %s of %s (%s) is not supported by the local cloud",
			attribute, id, l.template.Resources[id].Type)
	}
	return value, nil
}

func attributeName(argument any) (id, attribute string, err error) {
	switch argument := argument.(type) {
	case string:
		if strings.HasPrefix(argument, "AWS::") {
			return argument, "", nil
		}
		id, attribute, _ = strings.Cut(argument, ".")
		return id, attribute, nil
	case []any:
		if len(argument) == 2 {
			id, isText := argument[0].(string)
			attribute, isTextToo := argument[1].(string)
			if isText && isTextToo {
				return id, attribute, nil
			}
		}
	}
	return "", "", fmt.Errorf("%v is not a reference that the local cloud supports", argument)
}

func (l *loader) pseudoParameters() map[string]any {
	return map[string]any{
		"AWS::AccountId": l.options.AccountID,
		"AWS::NoValue":   noValue{},
		"AWS::Partition": "aws",
		"AWS::Region":    l.options.Region,
		"AWS::StackId":   l.stackID(),
		"AWS::StackName": l.files.stack,
		"AWS::URLSuffix": "amazonaws.com",
	}
}

func (l *loader) stackID() string {
	return l.arn("cloudformation", "stack/"+l.files.stack+"/local")
}

func (l *loader) join(argument any) (any, error) {
	delimiter, value, err := l.pair("Fn::Join", argument)
	if err != nil {
		return nil, err
	}
	list, isList := value.([]any)
	if !isList {
		return nil, fmt.Errorf("Fn::Join: %v is not a list", value)
	}
	parts := make([]string, len(list))
	for i, item := range list {
		if parts[i], err = plainText(item); err != nil {
			return nil, fmt.Errorf("Fn::Join: %w", err)
		}
	}
	return l.dynamic(strings.Join(parts, delimiter))
}

func (l *loader) split(argument any) (any, error) {
	delimiter, value, err := l.pair("Fn::Split", argument)
	if err != nil {
		return nil, err
	}
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("Fn::Split: %v is not a string", value)
	}
	var parts []any
	for part := range strings.SplitSeq(text, delimiter) {
		parts = append(parts, part)
	}
	return parts, nil
}

func (l *loader) selectElement(argument any) (any, error) {
	at, value, err := l.pair("Fn::Select", argument)
	if err != nil {
		return nil, err
	}
	list, isList := value.([]any)
	index, err := strconv.Atoi(at)
	if err != nil || !isList || index < 0 || index >= len(list) {
		return nil, fmt.Errorf("Fn::Select: %v has no item %s", value, at)
	}
	return list[index], nil
}
