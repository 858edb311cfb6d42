package eventbridge

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// The limits of an input transformer's variables: their number, and the characters of
// a name.
const (
	maximumPathKeys = 100
	maximumPathName = 256
)

// An input returns what a target gets for an event.
type input func(a arrival) ([]byte, error)

// compileInput returns the target's input. If InputPath matches nothing, the delivery
// fails: it is not documented what AWS delivers.
func (t *target) compileInput() (input, error) {
	switch {
	case t.Input != nil:
		if !json.Valid([]byte(*t.Input)) {
			return nil, wire.ValidationError("Input of target %s must be JSON", t.ID)
		}
		return func(arrival) ([]byte, error) { return []byte(*t.Input), nil }, nil
	case t.InputPath != nil:
		path, err := parseJSONPath(*t.InputPath)
		if err != nil {
			return nil, wire.ValidationError("InputPath of target %s: %s", t.ID, err)
		}
		return func(a arrival) ([]byte, error) {
			found, ok := path.find(a.envelope)
			if !ok {
				return nil, &DeliveryError{Code: CodeInvalidParameter, Message: "the InputPath " + *t.InputPath + " leads nowhere in the event"}
			}
			return found, nil
		}, nil
	case t.Transformer != nil:
		return t.compileTransformer()
	default:
		return func(a arrival) ([]byte, error) { return a.envelope, nil }, nil
	}
}

func (t *target) compileTransformer() (input, error) {
	paths, err := t.compilePaths()
	if err != nil {
		return nil, err
	}
	reserved := t.reserved(arrival{})
	template, err := parseInputTemplate(t.Transformer.Template, func(variable string) bool {
		return paths[variable] != nil || reserved[variable] != nil
	})
	if err != nil {
		return nil, wire.ValidationError("InputTemplate for target %s %s.", t.ID, err)
	}
	return func(a arrival) ([]byte, error) {
		rendered, err := template.render(func(variable string) (json.RawMessage, error) {
			if value := t.reserved(a)[variable]; value != nil {
				return value()
			}
			found, _ := paths[variable].find(a.envelope)
			return found, nil
		})
		if err != nil {
			return nil, &DeliveryError{Code: CodeInvalidJSON, Message: err.Error()}
		}
		return rendered, nil
	}, nil
}

func (t *target) compilePaths() (map[string]jsonPath, error) {
	if len(t.Transformer.Paths) > maximumPathKeys {
		return nil, wire.ValidationError("InputPathsMap for target %s has more than %d entries", t.ID, maximumPathKeys)
	}
	paths := map[string]jsonPath{}
	for name, text := range t.Transformer.Paths {
		if len(name) > maximumPathName || strings.HasPrefix(strings.ToLower(name), "aws.") {
			return nil, wire.ValidationError("InputPathsMap for target %s has the invalid name %s", t.ID, name)
		}
		var err error
		if paths[name], err = parseJSONPath(text); err != nil {
			return nil, wire.ValidationError("InputPathsMap for target %s: %s", t.ID, err)
		}
	}
	return paths, nil
}

// reserved are the variables that need no entry in the map of paths.
func (t *target) reserved(a arrival) map[string]func() ([]byte, error) {
	return map[string]func() ([]byte, error){
		"aws.events.rule-arn":             func() ([]byte, error) { return wire.EncodeJSON(t.rule.ARN) },
		"aws.events.rule-name":            func() ([]byte, error) { return wire.EncodeJSON(t.rule.Name) },
		"aws.events.event.ingestion-time": func() ([]byte, error) { return wire.EncodeJSON(a.at.UTC().Format(time.RFC3339)) },
		variableEvent:                     a.event.summary,
		variableEventJSON:                 func() ([]byte, error) { return a.envelope, nil },
	}
}

// groupID returns the message group of an event. It is not documented what AWS
// does with a path without a valid group. Here the delivery fails, because any
// other group would silently change the order of messages.
func (t *target) groupID(a arrival) (string, error) {
	group, err := resolve(t.MessageGroupID, a, false)
	if err != nil {
		return "", fmt.Errorf("MessageGroupId: %w", err)
	}
	if t.MessageGroupID != "" && !groupPattern.MatchString(group) {
		return "", fmt.Errorf("MessageGroupId %s is %q, which is not a message group", t.MessageGroupID, group)
	}
	return group, nil
}

// groupPattern is the pattern of a queue's message groups.
var groupPattern = regexp.MustCompile(`^[!-~]{1,128}$`)

func (t *target) httpParameters(a arrival) (_ *HTTPParameters, problem error) {
	if t.HTTP == nil {
		return nil, nil //nolint:nilnil // No parameters were given, so there are none.
	}
	value := func(name, given string) string {
		resolved, err := resolve(given, a, true)
		if err != nil {
			problem = fmt.Errorf("%s: %w", name, err)
		}
		return resolved
	}
	resolved := &HTTPParameters{Header: map[string]string{}, Query: map[string]string{}}
	for name, given := range t.HTTP.Header {
		resolved.Header[name] = value("HeaderParameters: "+name, given)
	}
	for name, given := range t.HTTP.Query {
		resolved.Query[name] = value("QueryStringParameters: "+name, given)
	}
	for _, given := range t.HTTP.Path {
		resolved.Path = append(resolved.Path, value("PathParameterValues", given))
	}
	return resolved, problem
}

// resolve returns a parameter's value, from the original event if it is a path. Numbers
// and truth values are texts in requests only. It is not documented what AWS does if
// the path does not lead to a text. Here the delivery fails.
func resolve(given string, a arrival, scalars bool) (string, error) {
	if !isPath(given) {
		return given, nil
	}
	parsed, err := parseJSONPath(given)
	if err != nil {
		return "", err
	}
	found, ok := parsed.find(a.envelope)
	switch {
	case !ok:
		return "", fmt.Errorf("the path %s leads nowhere in the event", given)
	case found[0] == '"':
		var text string
		err := json.Unmarshal(found, &text)
		return text, err
	case scalars && !strings.ContainsRune("{[n", rune(found[0])):
		return string(found), nil
	default:
		return "", fmt.Errorf("the path %s leads to %s, which is not a text", given, found)
	}
}
