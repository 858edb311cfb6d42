package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Wiring is what a template has about the way of events beside its rules.
type Wiring struct {
	// Edges are what is known about rules and mappings, by their Key.
	Edges map[string]Edge
	// Mappings lead from queues to functions.
	Mappings []Mapping
	// DeadLetters are the queues that no rule and no mapping uses.
	DeadLetters []string
	// Paths are the construct paths of queues and functions. An alias has that of its
	// function.
	Paths map[string]string
}

// Mapping leads from a queue to a function. Its members are logical ids without their
// hashes.
type Mapping struct{ Queue, Function string }

// Key identifies the mapping among all edges.
func (m Mapping) Key() string { return m.Queue + "." + m.Function }

// Key identifies the rule among all edges.
func (r Rule) Key() string { return r.ID + "." + r.Target }

// Edge is what a template has about a rule or a mapping.
type Edge []Fact

// Fact is a property of an edge, most of them as JSON.
type Fact struct{ Name, Text string }

// defaultRetries is what EventBridge does without a retry policy
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html).
const defaultRetries = "up to 185 times in 24 hours, as it is without one"

// wiring returns the wiring, given the rules.
func (r resources) wiring(rules []Rule) (Wiring, error) {
	w := Wiring{Edges: make(map[string]Edge), Paths: make(map[string]string)}
	used := make(map[string]bool)
	for _, rule := range rules {
		used[rule.Target] = true
	}
	for _, id := range slices.Sorted(maps.Keys(r)) {
		var err error
		switch r[id].Type {
		case "AWS::Events::Rule":
			err = w.addRule(r, id)
		case "AWS::Lambda::EventSourceMapping":
			err = w.addMapping(r, id, used)
		case "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::Alias":
			w.Paths[short(id)] = r[r.function(id)].path()
		}
		if err != nil {
			return Wiring{}, fmt.Errorf("read %s of the template: %w", id, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r)) {
		if r[id].Type == "AWS::SQS::Queue" && !used[short(id)] {
			w.DeadLetters = append(w.DeadLetters, short(id))
		}
	}
	return w, nil
}

// path returns the construct path of a resource, without the stack, or "".
func (r resource) path() string {
	_, path, _ := strings.Cut(r.Metadata.Path, "/")
	return strings.TrimSuffix(path, "/Resource")
}

// function returns the logical id of the function of an alias, and any other as it is.
func (r resources) function(id string) string {
	if r[id].Type != "AWS::Lambda::Alias" {
		return id
	}
	return cmp.Or(r.referred(r[id].member("FunctionName")), id)
}

// member returns a property of a resource, or nil.
func (r resource) member(name string) json.RawMessage {
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return nil // A property of an object that is none is not there.
	}
	return properties[name]
}

func (w *Wiring) addRule(r resources, id string) error {
	var rule struct {
		EventPattern json.RawMessage
		Targets      []map[string]json.RawMessage
	}
	if err := json.Unmarshal(r[id].Properties, &rule); err != nil {
		return err
	}
	for _, target := range rule.Targets {
		to := r.referred(target["Arn"])
		edge := Edge{{"Pattern", indented(rule.EventPattern)}}
		input := "the whole event"
		if given := pick(target, "Input", "InputPath", "InputTransformer", "SqsParameters", "HttpParameters"); given != "" {
			input = given
		}
		edge = append(edge, Fact{"Input", input}, Fact{"Retry policy", cmp.Or(indented(target["RetryPolicy"]), defaultRetries)})
		if queue := r.referred(target["DeadLetterConfig"]); queue != "" {
			edge = append(edge, Fact{"Dead-letter queue", short(queue)})
		}
		w.Edges[Rule{ID: short(id), Target: short(to)}.Key()] = append(edge, Fact{"Permission", r.grants(id, to, r.referred(target["RoleArn"]))})
	}
	return nil
}

func (w *Wiring) addMapping(r resources, id string, used map[string]bool) error {
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(r[id].Properties, &properties); err != nil {
		return err
	}
	queue, function := r.referred(properties["EventSourceArn"]), r.function(r.referred(properties["FunctionName"]))
	m := Mapping{Queue: short(queue), Function: short(function)}
	used[m.Queue] = true
	delete(properties, "EventSourceArn")
	delete(properties, "FunctionName")
	settings, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	w.Mappings = append(w.Mappings, m)
	w.Edges[m.Key()] = Edge{
		{"Settings", indented(settings)},
		{"Redrive policy", cmp.Or(indented(r[queue].member("RedrivePolicy")), "none")},
		{"Permission", r.grants(queue, queue, r.referred(r[function].member("Role")))},
	}
	return nil
}

// grants returns the statements of the template that allow an edge: of the policies of the
// role that it uses, those about the target, and otherwise those of the target's policy
// about the source.
func (r resources) grants(source, target, role string) string {
	var found []string
	for _, id := range slices.Sorted(maps.Keys(r)) {
		switch r[id].Type {
		case "AWS::IAM::Policy":
			if role != "" && mentions(r[id].member("Roles"), role) {
				found = append(found, statements(r[id], target)...)
			}
		case "AWS::SQS::QueuePolicy":
			if role == "" && mentions(r[id].member("Queues"), target) {
				found = append(found, statements(r[id], source)...)
			}
		case "AWS::Lambda::Permission", "AWS::Logs::ResourcePolicy":
			if role == "" && mentions(r[id].Properties, source) && mentions(r[id].Properties, target) {
				found = append(found, indented(r[id].Properties))
			}
		}
	}
	return cmp.Or(strings.Join(found, "\n"), "none in the template")
}

// statements returns the statements of a policy that allow something and mention a resource.
func statements(policy resource, id string) (found []string) {
	var document struct{ Statement []json.RawMessage }
	if err := json.Unmarshal(policy.member("PolicyDocument"), &document); err != nil {
		return nil // It is made of functions of CloudFormation.
	}
	for _, statement := range document.Statement {
		var effect struct{ Effect string }
		if err := json.Unmarshal(statement, &effect); err == nil && effect.Effect == "Allow" && mentions(statement, id) {
			found = append(found, indented(statement))
		}
	}
	return found
}

// mentions reports whether an expression refers to a resource.
func mentions(expression json.RawMessage, id string) bool {
	return slices.ContainsFunc(reference.FindAllSubmatch(expression, -1), func(found [][]byte) bool { return string(found[1]) == id })
}

// pick returns the members of an object that it has of the given ones, as JSON, or "".
func pick(object map[string]json.RawMessage, names ...string) string {
	picked := make(map[string]json.RawMessage)
	for _, name := range names {
		if value, has := object[name]; has {
			picked[name] = value
		}
	}
	encoded, err := json.Marshal(picked)
	if err != nil || len(picked) == 0 {
		return ""
	}
	return indented(encoded)
}

// indented returns JSON to read, or "" for none.
func indented(encoded json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		return ""
	}
	return out.String()
}
