package resource

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
)

// Events are event types (an event's "detail-type"), grouped by the source
// that publishes them.
type Events map[string][]string

// Validate returns an error if a group is empty: in a pattern it would match
// every event of its source, or every event of the bus.
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

// Sources returns the sources in alphabetical order.
func (e Events) Sources() []string {
	return slices.Sorted(maps.Keys(e))
}

// Subscribe makes one rule per source, in alphabetical order. A rule sends the
// source's events of the own account to the target, unless their content has
// another source or type than their envelope. Its construct id is the prefix
// and the source.
//
// The target needs a dead-letter queue, and an alarm is raised when an event
// cannot be put there either. Events that do not fit into the pattern of one
// rule panic.
func Subscribe(scope constructs.Construct, prefix string, bus awsevents.IEventBus, events Events, target awsevents.IRuleTarget) []awsevents.Rule {
	var rules []awsevents.Rule
	var arns []*string
	for _, source := range events.Sources() {
		id := prefix + strings.ToUpper(source[:1]) + source[1:]
		rule := newRule(scope, id, bus, source, events[source], target)
		rules = append(rules, rule)
		arns = append(arns, rule.RuleArn())
	}
	NewLossAlarm(scope, prefix, bus, arns...)
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
	cfnRule, ok := rule.Node().DefaultChild().(awsevents.CfnRule)
	if !ok {
		panic(fmt.Sprintf("rule %s has no resource of CloudFormation", id))
	}
	// The CDK's patterns have no $or, CloudFormation's do.
	cfnRule.SetEventPattern(pattern(awscdk.Stack_Of(scope).Account(), source, types))
	return rule
}

// NewLossAlarm makes an alarm for the one way in which a rule loses an event: it
// cannot deliver it, and cannot put it into the dead-letter queue either. The
// rules are on one bus, and are named by their ARNs.
func NewLossAlarm(scope constructs.Construct, prefix string, bus awsevents.IEventBus, ruleARNs ...*string) {
	var lost []awscloudwatch.IMetric
	for _, arn := range ruleARNs {
		lost = append(lost, RuleMetric(bus.EventBusName(), arn, "InvocationsFailedToBeSentToDlq", Sum, ""))
	}
	NewAlarm(scope, prefix+"Loss", AlarmProps{
		Metric: Total("lost", lost...),
		Advice: "The rules " + *scope.Node().Path() + "/" + prefix + "* could neither deliver an event nor put it into their dead-letter queue: it is lost. " +
			"Look at what was published in the log group of the bus.",
		Runbook: "lost-events.md",
	})
}
