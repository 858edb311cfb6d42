// Package subscription subscribes a target to events on a bus.
package subscription

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/alarm"
	"example.com/saga/infra/metric"
)

// Events are event types (an event's "detail-type"), grouped by the source
// that publishes them.
type Events map[string][]string

// Validate reports an empty group: in a pattern it would match every event of
// its source, or every event at all.
func (e Events) Validate() error {
	var problems []error
	if len(e) == 0 {
		problems = append(problems, errors.New("no events"))
	}
	for _, source := range e.Sources() {
		if source == "" {
			problems = append(problems, errors.New("events without a source"))
		}
		if len(e[source]) == 0 || slices.Contains(e[source], "") {
			problems = append(problems, fmt.Errorf("events of source %q without a type", source))
		}
	}
	return errors.Join(problems...)
}

// Sources lists the sources in alphabetical order.
func (e Events) Sources() []string {
	return slices.Sorted(maps.Keys(e))
}

// New makes one rule per source, which sends that source's events of the own
// account to the target, unless their content has another source or type than
// their envelope. A rule's construct id is the prefix and its source. The rules
// are in the order of their sources. The target needs a dead-letter queue: an
// alarm calls a person when what cannot be delivered cannot be kept there
// either. Events that do not fit into the pattern of one rule panic.
func New(scope constructs.Construct, prefix string, bus awsevents.IEventBus, events Events, target awsevents.IRuleTarget) []awsevents.Rule {
	var rules []awsevents.Rule
	var arns []*string
	for _, source := range events.Sources() {
		id := prefix + strings.ToUpper(source[:1]) + source[1:]
		rule := newRule(scope, id, bus, source, events[source], target)
		rules = append(rules, rule)
		arns = append(arns, rule.RuleArn())
	}
	WatchLoss(scope, prefix, bus, arns...)
	return rules
}

func newRule(scope constructs.Construct, id string, bus awsevents.IEventBus, source string, types []string, target awsevents.IRuleTarget) awsevents.Rule {
	if err := checkPattern(source, types); err != nil {
		panic(fmt.Sprintf("rule %s: %v", id, err))
	}
	rule := awsevents.NewRule(scope, &id, &awsevents.RuleProps{
		EventBus:     bus,
		EventPattern: &awsevents.EventPattern{Source: jsii.Strings(source)},
		Targets:      &[]awsevents.IRuleTarget{target},
	})
	resource, ok := rule.Node().DefaultChild().(awsevents.CfnRule)
	if !ok {
		panic(fmt.Sprintf("rule %s has no resource of CloudFormation", id))
	}
	// CDK's patterns have no $or, CloudFormation's do.
	resource.SetEventPattern(pattern(awscdk.Stack_Of(scope).Account(), source, types))
	return rule
}

// WatchLoss raises an alarm for the one way in which an event is lost: a rule
// cannot deliver it, and its dead-letter queue does not take it. The rules are
// on one bus, and given by their ARNs.
func WatchLoss(scope constructs.Construct, prefix string, bus awsevents.IEventBus, rules ...*string) {
	var lost []awscloudwatch.IMetric
	for _, rule := range rules {
		lost = append(lost, metric.OfRule(bus.EventBusName(), rule, "InvocationsFailedToBeSentToDlq", metric.Sum, ""))
	}
	alarm.New(scope, prefix+"Loss", alarm.Props{
		Metric: metric.Total("lost", lost...),
		Advice: "The rules " + *scope.Node().Path() + "/" + prefix + "* could neither deliver an event nor put it into their dead-letter queue: it is lost. " +
			"Look at what was published in the log group of the bus.",
		Runbook: "lost-events.md",
	})
}
