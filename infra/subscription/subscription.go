// Package subscription subscribes a target to events on a bus.
package subscription

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
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

// New makes one rule per source, which matches that source's events of the
// own account and sends them to the target. A rule's construct id is the
// prefix and its source. The rules are in the order of their sources.
func New(scope constructs.Construct, prefix string, bus awsevents.IEventBus, events Events, target awsevents.IRuleTarget) []awsevents.Rule {
	account := awscdk.Stack_Of(scope).Account()
	var rules []awsevents.Rule
	for _, source := range events.Sources() {
		id := prefix + strings.ToUpper(source[:1]) + source[1:]
		rules = append(rules, awsevents.NewRule(scope, &id, &awsevents.RuleProps{
			EventBus: bus,
			EventPattern: &awsevents.EventPattern{
				Account:    &[]*string{account},
				Source:     jsii.Strings(source),
				DetailType: jsii.Strings(events[source]...),
			},
			Targets: &[]awsevents.IRuleTarget{target},
		}))
	}
	return rules
}
