// Package document tests the documents: their statements agree with the code, and their
// instructions work.
package document

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/generated"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// root is the folder of the repository.
const root = "../.."

// wiring has the types of the events that each party publishes and consumes.
type wiring struct {
	publishes, consumes map[string][]string
}

// template is the part of a template that has the wiring.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties json.RawMessage
	}
}

// behind returns the function that an alias leads to, or the same id if it is no alias.
func (p template) behind(t *testing.T, id string) string {
	t.Helper()
	if p.Resources[id].Type != "AWS::Lambda::Alias" {
		return id
	}
	var alias struct{ FunctionName attribute }
	decode(t, p.Resources[id].Properties, &alias)
	return alias.FunctionName.id()
}

type rule struct {
	EventPattern struct {
		DetailType []string `json:"detail-type"`
		Or         []struct {
			DetailType []string `json:"detail-type"`
		} `json:"$or"`
	}
	Targets []struct {
		Arn attribute
	}
}

// types returns the types that the rule matches.
func (r rule) types() []string {
	types := slices.Clone(r.EventPattern.DetailType)
	for _, alternative := range r.EventPattern.Or {
		types = append(types, alternative.DetailType...)
	}
	return types
}

// attribute is a reference to another resource, or to an attribute of one, such as its
// ARN.
type attribute struct {
	GetAtt []string `json:"Fn::GetAtt"`
	Ref    string
}

// id returns the logical id of the other resource, or "" for another expression.
func (a attribute) id() string {
	if len(a.GetAtt) > 0 {
		return a.GetAtt[0]
	}
	return a.Ref
}

type policy struct {
	PolicyDocument struct {
		Statement []struct {
			Condition map[string]map[string]any
		}
	}
}

// readWiring returns the wiring of the production template, as it is deployed.
func readWiring(t *testing.T) wiring {
	t.Helper()
	var prod template
	decode(t, []byte(read(t, "infra/testdata/prod.golden.json")), &prod)
	w := wiring{publishes: make(map[string][]string), consumes: make(map[string][]string)}
	for id, resource := range prod.Resources {
		switch resource.Type {
		case "AWS::Events::Rule":
			var r rule
			decode(t, resource.Properties, &r)
			// A log group is named in an ARN, and consumes everything.
			if target := r.Targets[0].Arn.id(); target != "" && prod.Resources[target].Type != "AWS::Events::EventBus" {
				w.consumes[owner(target)] = append(w.consumes[owner(target)], r.types()...)
			}
		case "AWS::IAM::Policy":
			var p policy
			decode(t, resource.Properties, &p)
			for _, statement := range p.PolicyDocument.Statement {
				w.publishes[owner(id)] = append(w.publishes[owner(id)], texts(statement.Condition["ForAllValues:StringEquals"]["events:detail-type"])...)
			}
		}
	}
	for _, lists := range []map[string][]string{w.publishes, w.consumes} {
		delete(lists, "")
		for party, types := range lists {
			slices.Sort(types)
			lists[party] = slices.Compact(types)
		}
		maps.DeleteFunc(lists, func(_ string, types []string) bool { return len(types) == 0 })
	}
	return w
}

func TestTheTemplateIsWiredAsTheCatalogueDeclares(t *testing.T) {
	want := wiring{publishes: make(map[string][]string), consumes: make(map[string][]string)}
	for _, name := range parties() {
		if types := event.Types(contract.Catalogue().PublishedBy(name)...); len(types) > 0 {
			want.publishes[name] = types
		}
		want.consumes[name] = event.Types(contract.Catalogue().ConsumedBy(name)...)
	}
	wired := readWiring(t)
	for list, pair := range map[string][2]map[string][]string{
		"publishes": {want.publishes, wired.publishes}, "consumes": {want.consumes, wired.consumes},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("what a party %s (- catalogue, + template):\n%s", list, diff)
		}
	}
}

// The queue without a window is for the events that end a rollback, and each further
// event there is one that could come in a batch.
func TestExactlyTheEventsOnWhichOrderCancelledIsPublishedSkipTheBatchingWindow(t *testing.T) {
	var prod template
	decode(t, []byte(read(t, "infra/testdata/prod.golden.json")), &prod)
	var immediate []string
	for _, resource := range prod.Resources {
		if resource.Type != "AWS::Events::Rule" {
			continue
		}
		var r rule
		decode(t, resource.Properties, &r)
		if target := r.Targets[0].Arn.id(); target != "" && constructPath(target) == "Order/ImmediateQueue" {
			immediate = append(immediate, r.types()...)
		}
	}
	slices.Sort(immediate)
	if diff := cmp.Diff(publishingTypes(t), immediate); diff != "" {
		t.Errorf("events in the queue without a window (- decision, + template):\n%s", diff)
	}
}

// publishingTypes returns the types of the consumed events on which the order context
// publishes an event, in any state.
func publishingTypes(t *testing.T) []string {
	t.Helper()
	publishing := make(map[string]bool)
	for _, data := range contract.Catalogue().ConsumedBy(contract.SourceOrder) {
		for progress := order.Placed; progress <= order.Erased; progress++ {
			for rollback := order.RollbackNone; rollback <= order.RollbackComplete; rollback++ {
				decision, err := order.Decide(order.State{Progress: progress, Rollback: rollback}, participant.Input{Data: data})
				for _, published := range decision.Events {
					if err != nil || published.EventType() != (contract.OrderCancelled{}).EventType() {
						t.Errorf("on %s it publishes %s, with the error %v", data.EventType(), published.EventType(), err)
					}
					publishing[data.EventType()] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(publishing))
}

// deadLetterTargets adds the logical ids of the queues that a value has as its targets of
// dead letters.
func deadLetterTargets(value json.RawMessage, found map[string]bool) {
	var members map[string]json.RawMessage
	var elements []json.RawMessage
	if json.Unmarshal(value, &members) != nil && json.Unmarshal(value, &elements) != nil {
		return
	}
	for name, member := range members {
		if name == "DeadLetterConfig" || name == "RedrivePolicy" {
			found[reference(member)] = true
		}
		deadLetterTargets(member, found)
	}
	for _, element := range elements {
		deadLetterTargets(element, found)
	}
}

func TestTheOperatorFindsExactlyTheDeadLetterQueuesOfTheTemplate(t *testing.T) {
	var prod template
	decode(t, []byte(read(t, "infra/testdata/prod.golden.json")), &prod)
	want := make(map[string]bool)
	for _, resource := range prod.Resources {
		deadLetterTargets(resource.Properties, want)
	}
	got := make(map[string]bool)
	for id, resource := range prod.Resources {
		// A logical id is a path without its slashes: any of them may be the last.
		name := hash.ReplaceAllString(id, "")
		for i := range name {
			if resource.Type == "AWS::SQS::Queue" && stack.IsDeadLetterQueue(name[:i]+"/"+name[i:]) {
				got[id] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("the dead-letter queues (- template, + operator):\n%s", diff)
	}
}

// texts returns the values of a condition, which is a string or a list.
func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, each := range value {
			all = append(all, texts(each)...)
		}
		return all
	}
	return nil
}

// parties returns the parties that a template has resources of: the bounded contexts, and
// the notification endpoint.
func parties() []string { return append(contract.Catalogue().Contexts(), contract.Notification) }

// owner returns the party that a logical id belongs to.
func owner(logicalID string) string {
	for _, name := range parties() {
		if strings.HasPrefix(strings.ToLower(logicalID), name) {
			return name
		}
	}
	return ""
}

// partiesOf returns the parties whose list has an event type, sorted.
func partiesOf(lists map[string][]string, eventType string) []string {
	var found []string
	for name, types := range lists {
		if slices.Contains(types, eventType) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	return generated.Read(t, root+"/"+name)
}

func decode(t *testing.T, encoded []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(encoded, into); err != nil {
		t.Fatal(err)
	}
}
