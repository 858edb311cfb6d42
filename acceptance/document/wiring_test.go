// Package document holds the documents to the code: what they say about the
// saga is so, and what they tell a reader to do works.
package document

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/saga/pkg/contract"
)

// root is the folder of the repository.
const root = "../.."

// notification is who consumes events without being a bounded context.
const notification = "notification"

// wiring lists by context which events it publishes and consumes.
type wiring struct {
	publishes, consumes map[string][]string
}

// template is what the wiring is read from.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties json.RawMessage
	}
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

// types are those that the rule matches.
func (r rule) types() []string {
	types := slices.Clone(r.EventPattern.DetailType)
	for _, alternative := range r.EventPattern.Or {
		types = append(types, alternative.DetailType...)
	}
	return types
}

// attribute is one of another resource, such as its ARN.
type attribute struct {
	GetAtt []string `json:"Fn::GetAtt"`
}

type policy struct {
	PolicyDocument struct {
		Statement []struct {
			Condition map[string]map[string]any
		}
	}
}

// readWiring reads the template that is reviewed and deployed.
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
			if target := r.Targets[0].Arn.GetAtt; len(target) > 0 && prod.Resources[target[0]].Type != "AWS::Events::EventBus" {
				w.consumes[owner(target[0])] = append(w.consumes[owner(target[0])], r.types()...)
			}
		case "AWS::IAM::Policy":
			var p policy
			decode(t, resource.Properties, &p)
			for _, statement := range p.PolicyDocument.Statement {
				w.publishes[owner(id)] = append(w.publishes[owner(id)], texts(statement.Condition["StringEquals"]["events:detail-type"])...)
			}
		}
	}
	for _, lists := range []map[string][]string{w.publishes, w.consumes} {
		for who, types := range lists {
			slices.Sort(types)
			lists[who] = slices.Compact(types)
		}
	}
	return w
}

// texts are the values of a condition: one or a list of them.
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

// contexts are the bounded contexts: who publishes a part of the language.
func contexts() []string {
	return slices.Sorted(maps.Keys(contract.BySource(contract.All()...)))
}

// owner tells to which context a logical id belongs.
func owner(logicalID string) string {
	for _, name := range append(contexts(), notification) {
		if strings.HasPrefix(strings.ToLower(logicalID), name) {
			return name
		}
	}
	return ""
}

// who gives who has an event type in its list, sorted.
func who(lists map[string][]string, eventType string) []string {
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
	text, err := os.ReadFile(root + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decode(t *testing.T, encoded []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(encoded, into); err != nil {
		t.Fatal(err)
	}
}
