package capacity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Stack is what the model reads from a synthesized template.
type Stack struct {
	rules     []rule
	mappings  []mapping
	functions map[string]functionProperties
	// api is the function with a URL.
	api string
	// archived is the bus whose events are archived.
	archived string
	Deadline time.Duration
}

// rule sends events of some types, or all, from a bus to a target.
type rule struct {
	bus, target string
	kind        string // The resource type of the target.
	types       []string
}

type mapping struct {
	queue, function string
	fifo            bool
	batch           int
	window          time.Duration
	concurrency     float64
}

type functionProperties struct {
	service  string
	memory   float64
	reserved int
}

type resource struct {
	Type       string
	Properties json.RawMessage
}

// Read reads a template of CloudFormation.
func Read(template []byte) (Stack, error) {
	var all struct{ Resources map[string]resource }
	if err := json.Unmarshal(template, &all); err != nil {
		return Stack{}, fmt.Errorf("the template: %w", err)
	}
	stack, problems := Stack{functions: make(map[string]functionProperties)}, []error{}
	for _, id := range slices.Sorted(maps.Keys(all.Resources)) {
		if read := readers()[all.Resources[id].Type]; read != nil {
			if err := read(&stack, all.Resources, id); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", id, err))
			}
		}
	}
	if stack.api == "" || stack.Deadline == 0 || len(stack.rules) == 0 || len(stack.mappings) == 0 {
		problems = append(problems, errors.New("the template has no function with a URL, no DEADLINE, no rules or no queue that is read"))
	}
	return stack, errors.Join(problems...)
}

// readers returns how a resource is read, by its type. Others are not in the model.
func readers() map[string]func(*Stack, map[string]resource, string) error {
	return map[string]func(*Stack, map[string]resource, string) error{
		"AWS::Events::Rule":               readRule,
		"AWS::Lambda::EventSourceMapping": readMapping,
		"AWS::Lambda::Function":           readFunction,
		"AWS::Lambda::Url": func(s *Stack, all map[string]resource, id string) error {
			var url struct{ TargetFunctionArn json.RawMessage }
			err := json.Unmarshal(all[id].Properties, &url)
			s.api = target(all, url.TargetFunctionArn)
			return err
		},
		"AWS::Events::Archive": func(s *Stack, all map[string]resource, id string) error {
			var archive struct{ SourceArn json.RawMessage }
			err := json.Unmarshal(all[id].Properties, &archive)
			s.archived = target(all, archive.SourceArn)
			return err
		},
	}
}

func readRule(s *Stack, all map[string]resource, id string) error {
	var properties struct {
		EventBusName json.RawMessage
		EventPattern any
		Targets      []struct{ Arn json.RawMessage }
	}
	if err := json.Unmarshal(all[id].Properties, &properties); err != nil {
		return err
	}
	for _, t := range properties.Targets {
		to := target(all, t.Arn)
		s.rules = append(s.rules, rule{
			bus: target(all, properties.EventBusName), target: to, kind: all[to].Type, types: detailTypes(properties.EventPattern),
		})
	}
	return nil
}

// detailTypes returns the event types that a pattern has at any depth: none if it matches
// all.
func detailTypes(pattern any) []string {
	var found []string
	switch p := pattern.(type) {
	case map[string]any:
		for name, value := range p {
			if list, isList := value.([]any); name == "detail-type" && isList {
				for _, each := range list {
					found = append(found, fmt.Sprint(each))
				}
				continue
			}
			found = append(found, detailTypes(value)...)
		}
	case []any:
		for _, each := range p {
			found = append(found, detailTypes(each)...)
		}
	}
	return found
}

func readMapping(s *Stack, all map[string]resource, id string) error {
	var properties struct {
		EventSourceArn, FunctionName   json.RawMessage
		BatchSize                      int
		MaximumBatchingWindowInSeconds int
		ScalingConfig                  struct{ MaximumConcurrency float64 }
	}
	if err := json.Unmarshal(all[id].Properties, &properties); err != nil {
		return err
	}
	var queue struct{ FifoQueue bool }
	name := target(all, properties.EventSourceArn)
	if err := json.Unmarshal(all[name].Properties, &queue); err != nil {
		return err
	}
	s.mappings = append(s.mappings, mapping{
		queue: name, function: target(all, properties.FunctionName), fifo: queue.FifoQueue, batch: properties.BatchSize,
		window: time.Duration(properties.MaximumBatchingWindowInSeconds) * time.Second, concurrency: properties.ScalingConfig.MaximumConcurrency,
	})
	return nil
}

func readFunction(s *Stack, all map[string]resource, id string) error {
	var properties struct {
		MemorySize                   float64
		ReservedConcurrentExecutions int
		Environment                  struct{ Variables map[string]any }
	}
	if err := json.Unmarshal(all[id].Properties, &properties); err != nil {
		return err
	}
	variables := properties.Environment.Variables
	s.functions[id] = functionProperties{fmt.Sprint(variables["SERVICE_NAME"]), properties.MemorySize, properties.ReservedConcurrentExecutions}
	if deadline, has := variables["DEADLINE"]; has {
		var err error
		s.Deadline, err = time.ParseDuration(fmt.Sprint(deadline))
		return err
	}
	return nil
}

// reference is the first reference to a resource in an expression.
var reference = regexp.MustCompile(`"(?:Ref|Fn::GetAtt)": *\[?\s*"([^"]+)"`)

// target returns the id of the first resource that an expression refers to, or an empty
// one. An alias stands for its function.
func target(all map[string]resource, expression json.RawMessage) string {
	found := reference.FindSubmatch(expression)
	if found == nil {
		return ""
	}
	id := string(found[1])
	if all[id].Type == "AWS::Lambda::Alias" {
		var alias struct{ FunctionName json.RawMessage }
		if json.Unmarshal(all[id].Properties, &alias) == nil {
			return target(all, alias.FunctionName)
		}
	}
	return id
}

// matching returns the rules of a bus that match a type.
func (s Stack) matching(bus, eventType string) []rule {
	return slices.DeleteFunc(slices.Clone(s.rules), func(r rule) bool {
		return r.bus != bus || r.types != nil && !slices.Contains(r.types, eventType)
	})
}

// worker returns the function of a context that handles events, and its mappings.
func (s Stack) worker(service string) (string, []mapping) {
	var mapped []mapping
	for _, m := range s.mappings {
		if s.functions[m.function].service == service {
			mapped = append(mapped, m)
		}
	}
	if mapped != nil {
		return mapped[0].function, mapped
	}
	for _, r := range s.rules {
		if s.functions[r.target].service == service {
			return r.target, nil
		}
	}
	return "", nil
}

// publishes returns the bus that a context publishes on: the one whose rules are for its
// function, if it is invoked directly, and else the archived one.
func (s Stack) publishes(service string) string {
	function, mapped := s.worker(service)
	for _, r := range s.rules {
		if mapped == nil && r.target == function {
			return r.bus
		}
	}
	return s.archived
}

// short returns the words of a logical id, without the hash of the CDK.
func short(id string) string {
	return strings.TrimRight(id, "0123456789ABCDEF")
}
