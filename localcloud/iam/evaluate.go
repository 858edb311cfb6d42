package iam

import (
	"slices"
	"strings"
)

// Request is one action on one resource by one principal.
type Request struct {
	// Principal is an ARN, or a service such as events.amazonaws.com.
	Principal string
	// Action is IAM's name of the action, such as sqs:SendMessage.
	Action   string
	Resource string
	// Conditions are the values of the condition keys that the request has.
	Conditions map[string][]string
}

// Decision is the result of evaluating policies for a request.
type Decision int

// The decisions. None means that no statement applies, which denies the request
// unless another policy allows it.
const (
	None Decision = iota
	Allow
	Deny
)

// String names the decision.
func (d Decision) String() string { return [...]string{"None", "Allow", "Deny"}[d] }

// Evaluate decides on a request. An explicit Deny wins over every Allow.
func (p Policy) Evaluate(request Request) Decision {
	decision := None
	for _, each := range p.statements {
		if each.applies(request) {
			decision = max(decision, each.effect)
		}
	}
	return decision
}

// Evaluate decides on a request by several policies together: an explicit Deny
// in any of them wins, else an Allow in any of them.
func Evaluate(request Request, policies ...Policy) Decision {
	decision := None
	for _, policy := range policies {
		decision = max(decision, policy.Evaluate(request))
	}
	return decision
}

func (s statement) applies(request Request) bool {
	return (s.principals == nil || s.principals.include(request.Principal, s.effect == Allow)) &&
		s.actions.matches(strings.ToLower(request.Action)) &&
		s.resources.matches(request.Resource) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(request.Conditions) })
}

func (m match) matches(value string) bool {
	found := slices.ContainsFunc(m.patterns, func(pattern string) bool { return like(pattern, value) })
	return found != m.not
}

// like matches a pattern in which * stands for any characters and ? for one.
func like(pattern, value string) bool {
	// Where a * was seen last, and up to where it has been made to match.
	star, matched := -1, 0
	p, v := 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, matched = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			matched++
			p, v = star+1, matched
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
