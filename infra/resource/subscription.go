package resource

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

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
// every event of its source, or every event of the bus. Sources and types are
// literals, because patterns and permissions compare them, and rules are named
// after their source.
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
		problems = append(problems, checkSource(source))
		for _, eventType := range e[source] {
			problems = append(problems, checkType(source, eventType))
		}
		problems = append(problems, checkDistinct(fmt.Sprintf("types of source %q", source), e[source]))
	}
	return errors.Join(append(problems, checkDistinct("sources", e.Sources()))...)
}

func checkSource(source string) error {
	switch {
	case source == "":
		return nil
	case isToken(source):
		return fmt.Errorf("the source %q is a token or has a variable", source)
	case !regexp.MustCompile(`^[A-Za-z0-9][\w.:/-]{0,255}$`).MatchString(source):
		return fmt.Errorf("the source %q is not 1 to 256 letters, digits, dots, colons, slashes, hyphens and underscores", source)
	// EventBridge accepts such events from services of AWS alone
	// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html).
	case strings.HasPrefix(strings.ToLower(source), "aws."):
		return fmt.Errorf("the source %q is reserved for services of AWS", source)
	// Beside its rules a subscription has constructs with these ids.
	case strings.EqualFold(source, "loss"), strings.EqualFold(source, "role"):
		return fmt.Errorf("the source %q would be a construct id that an alarm or a role has", source)
	}
	return nil
}

func checkType(source, eventType string) error {
	switch {
	case isToken(eventType):
		return fmt.Errorf("the type %q of source %q is a token or has a variable", eventType, source)
	// The longest type that PutEvents accepts.
	case len(eventType) > 128 || strings.TrimSpace(eventType) != eventType || strings.ContainsFunc(eventType, unicode.IsControl):
		return fmt.Errorf("the type %q of source %q is not up to 128 printable characters", eventType, source)
	}
	return nil
}

// checkDistinct returns an error if two names are the same, or differ only in case or
// in what the CDK writes for a slash: they would be one construct id, and are easily
// confused.
func checkDistinct(what string, names []string) error {
	var problems []error
	first := map[string]string{}
	for _, name := range names {
		key := strings.ToLower(strings.ReplaceAll(name, "/", "--"))
		if other, taken := first[key]; taken {
			problems = append(problems, fmt.Errorf("the %s %q and %q cannot be distinguished", what, other, name))
			continue
		}
		first[key] = name
	}
	return errors.Join(problems...)
}

// Sources returns the sources in alphabetical order.
func (e Events) Sources() []string {
	return slices.Sorted(maps.Keys(e))
}

// IsSubsetOf reports whether all of the events are among the others.
func (e Events) IsSubsetOf(others Events) bool {
	for source, types := range e {
		for _, eventType := range types {
			if !slices.Contains(others[source], eventType) {
				return false
			}
		}
	}
	return true
}

// Subscribe makes one rule per source, in alphabetical order. A rule sends the
// source's events of the own account to the target, unless their content has
// another source or type than their envelope. Its construct id is the prefix
// and the source.
//
// The target needs a dead-letter queue, and an alarm is raised when an event
// cannot be put there either. A bus that [CheckBus] refuses, events that are not
// valid, and those that do not fit into the pattern of one rule panic.
func Subscribe(scope constructs.Construct, prefix string, bus awsevents.IEventBus, events Events, target awsevents.IRuleTarget) []awsevents.Rule {
	if err := errors.Join(CheckBus(scope, bus), events.Validate(), CheckIDs(scope, prefix+"Loss")); err != nil {
		panic(fmt.Sprintf("rules %s: %v", prefix, err))
	}
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
	if err := errors.Join(checkPattern(source, types), CheckIDs(scope, strings.ReplaceAll(id, "/", "--"))); err != nil {
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
