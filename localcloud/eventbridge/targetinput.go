package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

const (
	maximumInput    = 8192
	maximumPath     = 256
	maximumPathKeys = 100
)

func (t *target) compileInput() error {
	switch {
	case t.Input != nil:
		if len(*t.Input) > maximumInput || !json.Valid([]byte(*t.Input)) {
			return wire.ValidationError("Input of target %s must be JSON of at most %d characters", t.ID, maximumInput)
		}
	case t.InputPath != nil:
		parsed, err := parseInputPath(*t.InputPath)
		if err != nil {
			return wire.ValidationError("InputPath of target %s: %s", t.ID, err)
		}
		t.inputPath = parsed
	case t.Transformer != nil:
		return t.compileTransformer()
	}
	return nil
}

func parseInputPath(text string) (jsonPath, error) {
	if len(text) > maximumPath {
		return nil, fmt.Errorf("a path is longer than %d characters", maximumPath)
	}
	return parseJSONPath(text)
}

func (t *target) compileTransformer() error {
	if length := len(t.Transformer.Template); length == 0 || length > maximumInput {
		return wire.ValidationError("InputTemplate for target %s must have 1 to %d characters", t.ID, maximumInput)
	}
	if len(t.Transformer.Paths) > maximumPathKeys {
		return wire.ValidationError("InputPathsMap for target %s has more than %d entries", t.ID, maximumPathKeys)
	}
	t.paths = make(map[string]jsonPath)
	for name, text := range t.Transformer.Paths {
		if len(name) > maximumPath || strings.HasPrefix(strings.ToLower(name), "aws.") {
			return wire.ValidationError("InputPathsMap for target %s has the invalid name %s", t.ID, name)
		}
		parsed, err := parseInputPath(text)
		if err != nil {
			return wire.ValidationError("InputPathsMap for target %s: %s", t.ID, err)
		}
		t.paths[name] = parsed
	}
	parsed, err := parseInputTemplate(t.Transformer.Template, func(variable string) bool {
		return t.paths[variable] != nil || isReserved(variable)
	})
	if err != nil {
		return wire.ValidationError("InputTemplate for target %s %s.", t.ID, err)
	}
	t.template = parsed
	return nil
}

func isReserved(variable string) bool {
	switch variable {
	case variableRuleARN, variableRuleName, variableIngestion, variableEvent, variableEventJSON:
		return true
	default:
		return false
	}
}

// body returns the input of a target for an event. If InputPath matches
// nothing, the delivery fails: it is not documented what AWS delivers.
func (t *target) body(a arrival) ([]byte, error) {
	switch {
	case t.Input != nil:
		return []byte(*t.Input), nil
	case t.InputPath != nil:
		found, ok := t.inputPath.find(a.envelope)
		if !ok {
			return nil, &DeliveryError{Code: CodeInvalidParameter, Message: "the InputPath " + *t.InputPath + " leads nowhere in the event"}
		}
		return found, nil
	case t.Transformer != nil:
		rendered, err := t.template.render(func(variable string) (json.RawMessage, error) { return t.value(variable, a) })
		if err != nil {
			return nil, &DeliveryError{Code: CodeInvalidJSON, Message: err.Error()}
		}
		return rendered, nil
	default:
		return a.envelope, nil
	}
}

// value returns a template's variable as JSON, or nil if its path matches
// nothing.
func (t *target) value(variable string, a arrival) (json.RawMessage, error) {
	switch variable {
	case variableRuleARN:
		return encodeJSON(t.rule.ARN)
	case variableRuleName:
		return encodeJSON(t.rule.Name)
	case variableIngestion:
		return encodeJSON(a.at.UTC().Format(time.RFC3339))
	case variableEvent:
		return a.event.summary()
	case variableEventJSON:
		return a.envelope, nil
	default:
		found, _ := t.paths[variable].find(a.envelope)
		return found, nil
	}
}

// groupID returns the message group of an event. It is not documented what AWS
// does with a path without a valid group. Here the delivery fails, because any
// other group would silently change the order of messages.
func (t *target) groupID(a arrival) (string, error) {
	group, err := resolve(t.MessageGroupID, a)
	if err != nil {
		return "", fmt.Errorf("MessageGroupId: %w", err)
	}
	if t.MessageGroupID != "" && !groupPattern.MatchString(group) {
		return "", fmt.Errorf("MessageGroupId %s is %q, which is not a message group", t.MessageGroupID, group)
	}
	return group, nil
}

func (t *target) httpParameters(a arrival) (*HTTPParameters, error) {
	if t.HTTP == nil {
		return nil, nil //nolint:nilnil // No parameters were given, so there are none.
	}
	header, err := resolveAll(t.HTTP.Header, a)
	if err != nil {
		return nil, fmt.Errorf("HeaderParameters: %w", err)
	}
	query, err := resolveAll(t.HTTP.Query, a)
	if err != nil {
		return nil, fmt.Errorf("QueryStringParameters: %w", err)
	}
	resolved := &HTTPParameters{Header: header, Query: query}
	for _, given := range t.HTTP.Path {
		value, err := resolveHTTP(given, a)
		if err != nil {
			return nil, fmt.Errorf("PathParameterValues: %w", err)
		}
		resolved.Path = append(resolved.Path, value)
	}
	return resolved, nil
}

func resolveAll(given map[string]string, a arrival) (map[string]string, error) {
	resolved := make(map[string]string, len(given))
	for name, value := range given {
		followed, err := resolveHTTP(value, a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		resolved[name] = followed
	}
	return resolved, nil
}

// resolve returns a parameter's value, from the original event if it is a path.
// It is not documented what AWS does if the path does not lead to a text. Here the
// delivery fails.
func resolve(given string, a arrival) (string, error) {
	found, err := follow(given, a)
	if text, isText := found.(string); isText || err != nil {
		return text, err
	}
	return "", fmt.Errorf("the path %s leads to %v, which is not a text", given, found)
}

// resolveHTTP returns the value of a parameter of a request, in which numbers and
// truth values have a text too.
func resolveHTTP(given string, a arrival) (string, error) {
	found, err := follow(given, a)
	switch value := found.(type) {
	case json.Number:
		return value.String(), err
	case bool:
		return strconv.FormatBool(value), err
	default:
		return resolve(given, a)
	}
}

// follow returns a parameter itself or, if it is a path, what it leads to.
func follow(given string, a arrival) (any, error) {
	if !isPath(given) {
		return given, nil
	}
	parsed, err := parseJSONPath(given)
	if err != nil {
		return nil, err
	}
	found, ok := parsed.find(a.envelope)
	if !ok {
		return nil, fmt.Errorf("the path %s leads nowhere in the event", given)
	}
	decoder := json.NewDecoder(bytes.NewReader(found))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return value, nil
}

// groupPattern is the pattern of a queue's message groups.
var groupPattern = regexp.MustCompile(`^[!-~]{1,128}$`)
