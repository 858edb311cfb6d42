package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// Topology is how events travel: the buses of a template, and its rules.
type Topology struct {
	Buses []Bus
	Rules []Rule
}

// Bus is an event bus.
type Bus struct {
	// ID is the logical id without its hash, Name that in AWS.
	ID, Name string
}

// Rule sends the events of a bus to one target.
type Rule struct {
	// ID, Bus and Target are logical ids without their hashes.
	ID, Bus, Target string
	// TargetType is the type of the target in CloudFormation.
	TargetType string
	// IsFIFO reports whether the target is a queue that keeps the order of each order's
	// events.
	IsFIFO bool
	// Types are the types of events that the rule matches, sorted. All is set if it matches
	// whatever is on the bus.
	Types []string
	All   bool
}

// Forwards reports whether the target is another bus.
func (r Rule) Forwards() bool { return r.TargetType == "AWS::Events::EventBus" }

// Queues reports whether the target is a queue.
func (r Rule) Queues() bool { return r.TargetType == "AWS::SQS::Queue" }

// resource is a resource of a template.
type resource struct {
	Type       string
	Properties json.RawMessage
	Metadata   struct {
		Path string `json:"aws:cdk:path"`
	}
}

type resources map[string]resource

func readResources(template []byte) (resources, error) {
	var parsed struct{ Resources resources }
	if err := json.Unmarshal(template, &parsed); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return parsed.Resources, nil
}

// topology returns the buses and the rules.
func (r resources) topology() (Topology, error) {
	var t Topology
	for _, id := range slices.Sorted(maps.Keys(r)) {
		var err error
		switch r[id].Type {
		case "AWS::Events::EventBus":
			var bus Bus
			bus, err = r.bus(id)
			t.Buses = append(t.Buses, bus)
		case "AWS::Events::Rule":
			var rules []Rule
			rules, err = r.rules(id)
			t.Rules = append(t.Rules, rules...)
		}
		if err != nil {
			return Topology{}, fmt.Errorf("read %s of the template: %w", id, err)
		}
	}
	if len(t.Rules) == 0 {
		return Topology{}, errors.New("the template has no rules")
	}
	return t, nil
}

func (r resources) bus(id string) (Bus, error) {
	var bus struct{ Name string }
	err := json.Unmarshal(r[id].Properties, &bus)
	return Bus{short(id), bus.Name}, err
}

// rules returns a rule for each target of one.
func (r resources) rules(id string) ([]Rule, error) {
	var rule struct {
		EventBusName, EventPattern json.RawMessage
		Targets                    []struct{ Arn json.RawMessage }
	}
	if err := json.Unmarshal(r[id].Properties, &rule); err != nil {
		return nil, err
	}
	types, err := typesOf(rule.EventPattern)
	if err != nil {
		return nil, err
	}
	var all []Rule
	for _, target := range rule.Targets {
		to := r.referred(target.Arn)
		each := Rule{
			ID: short(id), Bus: short(r.referred(rule.EventBusName)), Target: short(to), TargetType: r[to].Type,
			Types: types, All: len(types) == 0,
		}
		if each.Queues() {
			var queue struct{ FifoQueue bool }
			if err := json.Unmarshal(r[to].Properties, &queue); err != nil {
				return nil, err
			}
			each.IsFIFO = queue.FifoQueue
		}
		all = append(all, each)
	}
	return all, nil
}

// typesOf returns the types of events that a pattern names, sorted.
func typesOf(encoded json.RawMessage) ([]string, error) {
	var pattern struct {
		DetailType []string `json:"detail-type"`
		Or         []struct {
			DetailType []string `json:"detail-type"`
		} `json:"$or"`
	}
	if err := json.Unmarshal(encoded, &pattern); err != nil {
		return nil, err
	}
	types := pattern.DetailType
	for _, alternative := range pattern.Or {
		types = append(types, alternative.DetailType...)
	}
	slices.Sort(types)
	return types, nil
}

var reference = regexp.MustCompile(`"(?:Ref|Fn::GetAtt)":\s*\[?\s*"([A-Za-z0-9]+)"`)

// referred returns the logical id of the resource that an expression refers to, or "".
func (r resources) referred(expression json.RawMessage) string {
	for _, found := range reference.FindAllSubmatch(expression, -1) {
		if id := string(found[1]); r[id].Type != "" {
			return id
		}
	}
	return ""
}

// hash matches what the CDK appends to a path to make it a logical id.
var hash = regexp.MustCompile(`[0-9A-F]{8}$`)

func short(logicalID string) string { return hash.ReplaceAllString(logicalID, "") }

// Origin returns the bus that an event is published to: one with a rule for it that no rule
// forwards it to.
func (t Topology) Origin(eventType string) string {
	for _, rule := range t.Rules {
		if slices.Contains(rule.Types, eventType) && !t.isForwarded(eventType, rule.Bus) {
			return rule.Bus
		}
	}
	return ""
}

// isForwarded reports whether a rule forwards an event to a bus.
func (t Topology) isForwarded(eventType, bus string) bool {
	return slices.ContainsFunc(t.Rules, func(r Rule) bool {
		return r.Forwards() && r.Target == bus && slices.Contains(r.Types, eventType)
	})
}

// On returns the types of events that are on a bus, sorted.
func (t Topology) On(bus string) []string {
	return slices.DeleteFunc(event.Types(contract.Catalogue().All()...), func(eventType string) bool {
		return t.Origin(eventType) != bus && !t.isForwarded(eventType, bus)
	})
}

// Matched returns the types of events that reach the target of a rule, sorted.
func (t Topology) Matched(r Rule) []string {
	if r.All {
		return t.On(r.Bus)
	}
	return r.Types
}

// From returns the rules of a bus.
func (t Topology) From(bus string) []Rule {
	return slices.DeleteFunc(slices.Clone(t.Rules), func(r Rule) bool { return r.Bus != bus })
}
