package eventbridge

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/saga/localcloud/eventbridge/pattern"
	"example.com/saga/localcloud/wire"
)

// The kinds of target, which are the keys of Config.Deliverers.
const (
	KindQueue       = "sqs"
	KindFunction    = "lambda"
	KindLogGroup    = "logs"
	KindBus         = "events:event-bus"
	KindDestination = "events:api-destination"
)

// maximumRules is AWS's default quota of the rules of a bus.
const maximumRules = 300

// rule is a Rule ready to match.
type rule struct {
	Rule

	// pattern is nil if only a schedule triggers the rule.
	pattern *pattern.Pattern
	targets []*target
	mu      sync.Mutex
	counts  Counts
}

// target is a Target ready to deliver.
type target struct {
	Target

	rule      *rule
	deliverer Deliverer
	worker    *worker
	input     input
}

func (r *rule) count(change func(*Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.counts)
}

// deliver delivers an event to the rule's targets if the rule matches it.
func (r *rule) deliver(a arrival, prepared pattern.Event) {
	if r.Enabled && r.pattern != nil && r.pattern.Match(prepared) {
		r.trigger(a)
	}
}

// trigger delivers an event to the rule's targets.
func (r *rule) trigger(a arrival) {
	r.count(func(c *Counts) { c.Matched++ })
	for _, target := range r.targets {
		target.worker.enqueue(a)
	}
}

// compileRule checks a rule and its targets, so that what the local cloud does
// not support is refused when the rule is created.
func compileRule(given Rule, deliverers map[string]Deliverer) (*rule, error) {
	parsed, err := parsePattern(given.Pattern)
	if err != nil {
		return nil, err
	}
	compiled := &rule{Rule: given, pattern: parsed}
	ids := make(map[string]bool)
	for _, each := range given.Targets {
		if ids[each.ID] {
			return nil, wire.ValidationError("rule %s has two targets with the id %s", given.Name, each.ID)
		}
		ids[each.ID] = true
		ready, err := compileTarget(each, deliverers)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", given.Name, err)
		}
		ready.rule = compiled
		compiled.targets = append(compiled.targets, ready)
	}
	return compiled, nil
}

func compileTarget(given Target, deliverers map[string]Deliverer) (*target, error) {
	kind := kindOf(given.ARN)
	deliverer := deliverers[kind]
	if deliverer == nil {
		return nil, wire.ValidationError("the local cloud cannot deliver to target %s, %s: it does not support the kind %q", given.ID, given.ARN, kind)
	}
	given.Retry = cmp.Or(given.Retry, DefaultRetry())
	if err := given.check(kind); err != nil {
		return nil, err
	}
	compiled := &target{Target: given, deliverer: deliverer}
	var err error
	compiled.input, err = compiled.compileInput()
	return compiled, err
}

// kindOf returns the service of an ARN. For EventBridge, which has several
// kinds of target, it also has the type of the resource.
func kindOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	if parts[2] != "events" {
		return parts[2]
	}
	resource, _, _ := strings.Cut(parts[5], "/")
	return parts[2] + ":" + resource
}

// check returns all that is wrong with a target of this kind, whose values are each valid
// by itself.
func (t Target) check(kind string) error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, wire.ValidationError(format, append([]any{t.ID}, args...)...))
		}
	}
	inputs := t.inputs()
	refuse(t.RoleARN == "" && (kind == KindBus || kind == KindDestination), "RoleArn is required for target %s.")
	// https://github.com/hashicorp/terraform/issues/20263
	refuse(t.MessageGroupID == "" && kind == KindQueue && strings.HasSuffix(t.ARN, ".fifo"), "Parameter(s) SqsParameters must be specified for target: %s.")
	refuse(t.MessageGroupID != "" && kind != KindQueue, "target %s is not a queue and cannot have SqsParameters")
	refuse(t.HTTP != nil && kind != KindDestination, "target %s is not an API destination and cannot have HttpParameters")
	for _, value := range t.parameters() {
		if isPath(value) {
			_, err := parseJSONPath(value)
			refuse(err != nil, "target %s: %s", err)
		}
	}
	refuse(inputs > 1, "Only one of Input, InputPath, or InputTransformer must be provided for target %s.")
	refuse(inputs == 1 && kind == KindBus, "Modifying the input for target %s is not supported")
	refuse(t.Transformer != nil && kind == KindLogGroup, "the local cloud does not support an InputTransformer for the log group target %s")
	refuse(t.DeadLetterARN != "" && !isStandardQueue(t.DeadLetterARN),
		"the dead-letter queue of target %s must be a standard queue, not %s", t.DeadLetterARN)
	return errors.Join(problems...)
}

func isStandardQueue(arn string) bool {
	return kindOf(arn) == KindQueue && !strings.HasSuffix(arn, ".fifo")
}

// inputs returns how many of the ways to change the input the target has.
func (t Target) inputs() int {
	ways := []bool{t.Input != nil, t.InputPath != nil, t.Transformer != nil}
	return len(slices.DeleteFunc(ways, func(present bool) bool { return !present }))
}

// parameters returns the values that may be paths.
func (t Target) parameters() []string {
	values := []string{t.MessageGroupID}
	if t.HTTP == nil {
		return values
	}
	return slices.Concat(values, t.HTTP.Path, slices.Collect(maps.Values(t.HTTP.Header)), slices.Collect(maps.Values(t.HTTP.Query)))
}
