// Package iam decides what IAM policies allow.
//
// It takes policy documents whose values are plain JSON. Unknown elements and
// operators are refused by name when a document is parsed, because a policy
// that is half understood allows too much or too little.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// Policy is a parsed policy document.
type Policy struct{ statements []statement }

type statement struct {
	// id is the Sid, which is unique in a policy
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html).
	id         string
	effect     Decision
	principals *principals
	actions    match
	resources  match
	conditions []condition
}

// A match is a list of patterns, or everything but what the list matches.
type match struct {
	patterns []string
	not      bool
}

type document struct {
	Version   string
	ID        string          `json:"Id"`
	Statement json.RawMessage `json:"Statement"`
}

type element struct {
	Sid         string
	Effect      string
	Principal   json.RawMessage
	Action      json.RawMessage
	NotAction   json.RawMessage
	Resource    json.RawMessage
	NotResource json.RawMessage
	Condition   map[string]map[string]json.RawMessage
}

// ParseIdentity parses the policy of an identity: it is about the identity that
// has it, so its statements name no principal.
func ParseIdentity(text []byte) (Policy, error) { return parse(text, false) }

// ParseResource reads the policy of a resource: each of its statements names
// the principals that it is about.
func ParseResource(text []byte) (Policy, error) { return parse(text, true) }

func parse(text []byte, ofResource bool) (policy Policy, err error) {
	var parsed document
	if err := strict(text, &parsed); err != nil {
		return Policy{}, fmt.Errorf("policy document: %w", err)
	}
	if !slices.Contains([]string{"", "2012-10-17", "2008-10-17"}, parsed.Version) {
		return Policy{}, fmt.Errorf("policy document: unknown Version %q", parsed.Version)
	}
	elements, err := listOf(parsed.Statement)
	if err != nil {
		return Policy{}, fmt.Errorf("policy document: Statement: %w", err)
	}
	ids := map[string]bool{}
	for i, each := range elements {
		one, err := parseStatement(each)
		switch {
		case err != nil:
		case one.id != "" && ids[one.id]:
			err = fmt.Errorf("the Sid %s is that of another statement", one.id)
		case ofResource && one.principals == nil:
			err = errors.New("a resource's policy needs a Principal")
		case !ofResource && one.principals != nil:
			err = errors.New("an identity's policy cannot have a Principal")
		}
		if err != nil {
			return Policy{}, fmt.Errorf("policy document: statement %d: %w", i+1, err)
		}
		ids[one.id] = true
		policy.statements = append(policy.statements, one)
	}
	return policy, nil
}

// Keys returns the condition keys that the policy uses, in lower case.
func (p Policy) Keys() []string {
	keys := map[string]bool{}
	for _, statement := range p.statements {
		for _, condition := range statement.conditions {
			keys[condition.key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

func parseStatement(text json.RawMessage) (statement, error) {
	var given element
	if err := strict(text, &given); err != nil {
		return statement{}, err
	}
	effect, known := map[string]Decision{"Allow": Allow, "Deny": Deny}[given.Effect]
	if !known {
		return statement{}, fmt.Errorf("the Effect must be Allow or Deny, not %q", given.Effect)
	}
	parsed := statement{id: given.Sid, effect: effect}
	var err error
	if parsed.principals, err = parsePrincipals(given.Principal); err != nil {
		return statement{}, err
	}
	if parsed.actions, err = parseMatch("Action", given.Action, given.NotAction); err != nil {
		return statement{}, err
	}
	for i, action := range parsed.actions.patterns {
		parsed.actions.patterns[i] = strings.ToLower(action)
	}
	if given.Resource == nil && given.NotResource == nil && parsed.principals != nil {
		// A role's trust policy names no resource: it is about the role itself.
		given.Resource = json.RawMessage(`"*"`)
	}
	if parsed.resources, err = parseMatch("Resource", given.Resource, given.NotResource); err != nil {
		return statement{}, err
	}
	parsed.conditions, err = parseConditions(given.Condition)
	return parsed, err
}

func parseMatch(name string, positive, negative json.RawMessage) (match, error) {
	if (positive == nil) == (negative == nil) {
		return match{}, fmt.Errorf("exactly one of %s and Not%s is needed", name, name)
	}
	patterns, err := texts(slices.Concat(positive, negative))
	if err != nil {
		return match{}, fmt.Errorf("%s: %w", name, err)
	}
	return match{patterns, positive == nil}, nil
}

// strict decodes JSON and refuses members that the type does not have.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// listOf returns the elements of a list, or one value as a list of one.
func listOf(text json.RawMessage) ([]json.RawMessage, error) {
	if len(text) == 0 {
		return nil, errors.New("the element is missing")
	}
	if text[0] != '[' {
		return []json.RawMessage{text}, nil
	}
	var list []json.RawMessage
	err := json.Unmarshal(text, &list)
	return list, err
}

// texts returns the strings of a string or a list of strings. Policy variables
// are refused.
func texts(text json.RawMessage) ([]string, error) {
	list, err := listOf(text)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("the list is empty")
	}
	found := make([]string, len(list))
	for i, each := range list {
		var value any
		if err := json.Unmarshal(each, &value); err != nil {
			return nil, err
		}
		switch value := value.(type) {
		case string:
			found[i] = value
		case bool, float64:
			found[i] = string(each) // As it is written.
		default:
			return nil, fmt.Errorf("%s is neither a string nor a list of strings", each)
		}
		if strings.Contains(found[i], "${") {
			return nil, unsupported.Errorf("policy variables as in %q are not supported", found[i])
		}
	}
	return found, nil
}
