package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/synthtest"
)

// replace is another flag than update: to accept the templates as they are now is
// not to accept that data is lost.
var replace = flag.Bool("replace", false, "accept that resources of prod which keep data are replaced or removed")

const stateful = "testdata/prod.stateful.json"

// keeper is what must not change in a type of resources that keep data.
type keeper struct {
	// replacing are the properties whose change makes CloudFormation replace
	// the resource: those with "Update requires: Replacement" in
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/,
	// in its schemas the createOnlyProperties.
	replacing []string
	// entries are lists whose entries must not change, with the member that is an
	// entry's name. Entries can be added.
	entries map[string]string
}

// keepers are the types of resources that keep data.
var keepers = map[string]keeper{
	"AWS::DynamoDB::Table": {
		replacing: []string{"TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"},
		// A key has the type of its attribute. An index is replaced as a table is,
		// and cannot be queried until it is built again.
		entries: map[string]string{"AttributeDefinitions": "AttributeName", "GlobalSecondaryIndexes": "IndexName"},
	},
	"AWS::Events::Archive":        {replacing: []string{"ArchiveName", "SourceArn"}},
	"AWS::Events::EventBus":       {replacing: []string{"Name", "EventSourceName"}},
	"AWS::Logs::LogGroup":         {replacing: []string{"LogGroupName"}},
	"AWS::SQS::Queue":             {replacing: []string{"QueueName", "FifoQueue"}},
	"AWS::SecretsManager::Secret": {replacing: []string{"Name"}},
}

// kept is what must not change in one resource: its type, its replacing
// properties and, as list/name, the entries of its lists.
type kept map[string]any

// keptOf returns what must not change in a template, by logical ids.
func keptOf(t *testing.T, template synthtest.Template) map[string]kept {
	t.Helper()
	found := map[string]kept{}
	for id, resource := range template.Resources {
		keeper, keeps := keepers[resource.Type]
		if !keeps {
			continue
		}
		one := kept{"Type": resource.Type}
		properties := propertiesOf(t, resource)
		for _, property := range keeper.replacing {
			if value, given := properties[property]; given {
				one[property] = value
			}
		}
		for list, name := range keeper.entries {
			entries, _ := properties[list].([]any)
			for _, entry := range entries {
				one[list+"/"+entry.(map[string]any)[name].(string)] = entry
			}
		}
		found[id] = one
	}
	return found
}

func propertiesOf(t *testing.T, resource synthtest.Resource) map[string]any {
	t.Helper()
	properties := map[string]any{}
	if len(resource.Properties) > 0 {
		if err := json.Unmarshal(resource.Properties, &properties); err != nil {
			t.Fatal(err)
		}
	}
	return properties
}

// replacements returns a sentence for each resource that a deployment would
// replace or remove.
func replacements(reviewed, now map[string]kept) []string {
	var lost []string
	for _, id := range slices.Sorted(maps.Keys(reviewed)) {
		was := reviewed[id]
		is, exists := now[id]
		if !exists {
			lost = append(lost, fmt.Sprintf("%s (%s) would be deleted, or left behind with its data: it is no longer in the template", id, was["Type"]))
			continue
		}
		both := kept{}
		maps.Copy(both, was)
		maps.Copy(both, is)
		for _, fact := range slices.Sorted(maps.Keys(both)) {
			before, known := was[fact]
			if added := !known && strings.Contains(fact, "/"); added || cmp.Equal(before, is[fact]) {
				continue
			}
			lost = append(lost, fmt.Sprintf("%s (%s) would be replaced, without its data: %s changes", id, was["Type"], fact))
		}
	}
	return lost
}

func TestNothingThatKeepsDataIsReplaced(t *testing.T) {
	now := keptOf(t, synthesized(t, "prod"))
	reviewed := readKept(t)
	lost := replacements(reviewed, now)
	if len(lost) > 0 && !*replace {
		t.Fatalf("a deployment to prod would lose data. If this is what you want, see what to do about it in docs/deployment.md:\n%s", strings.Join(lost, "\n"))
	}
	if cmp.Equal(reviewed, now) {
		return
	}
	if !*update && !*replace {
		t.Fatalf("a resource that keeps data is new, and not in the file yet: run make golden (- before, + now):\n%s", cmp.Diff(reviewed, now))
	}
	encoded, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stateful, append(encoded, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readKept(t *testing.T) map[string]kept {
	t.Helper()
	encoded, err := os.ReadFile(stateful)
	if err != nil {
		t.Fatal(err)
	}
	var reviewed map[string]kept
	if err := json.Unmarshal(encoded, &reviewed); err != nil {
		t.Fatalf("%s: %v", stateful, err)
	}
	return reviewed
}

func TestAReplacementIsFoundAndNamed(t *testing.T) {
	const orders, warehouse, bus = "OrderTableA6ACA365", "WarehouseQueue466813EB", "GlobalBus65F7B08C"
	tests := map[string]struct {
		change func(resources map[string]map[string]any)
		want   string
	}{
		"another key":               {set(orders, "KeySchema", []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}}), "KeySchema changes"},
		"a key of another type":     {setEntry(orders, "AttributeDefinitions", "AttributeType", "N"), "AttributeDefinitions/pk changes"},
		"a name for a table":        {set(orders, "TableName", "orders"), "TableName changes"},
		"another index":             {setEntry(orders, "GlobalSecondaryIndexes", "Projection", "ALL"), "GlobalSecondaryIndexes/due changes"},
		"no index":                  {unset(orders, "GlobalSecondaryIndexes"), "GlobalSecondaryIndexes/due changes"},
		"another name for an index": {setEntry(orders, "GlobalSecondaryIndexes", "IndexName", "open"), "GlobalSecondaryIndexes/due changes"},
		"no FIFO queue":             {unset(warehouse, "FifoQueue"), "FifoQueue changes"},
		"a name for a queue":        {set(warehouse, "QueueName", "warehouse.fifo"), "QueueName changes"},
		"another name for the bus":  {set(bus, "Name", "events-prod"), "Name changes"},
		"a table under another id":  {rename(orders, "OrderRecords"), "it is no longer in the template"},
		"a queue instead of a log":  {set("LoyaltyWorkerLogsC264F303", "Type", "AWS::SQS::Queue"), "LogGroup) would be replaced, without its data: Type changes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			lost := replacements(readKept(t), keptOf(t, changed(t, test.change)))
			if len(lost) != 1 || !strings.HasSuffix(lost[0], test.want) {
				t.Errorf("found is %q, want one that ends with %q", lost, test.want)
			}
		})
	}
}

func TestAChangeThatReplacesNothingIsAccepted(t *testing.T) {
	const orders = "OrderTableA6ACA365"
	tests := map[string]func(resources map[string]map[string]any){
		"nothing":         func(map[string]map[string]any) {},
		"a longer wait":   set("WarehouseQueue466813EB", "VisibilityTimeout", 360),
		"unprotected":     set(orders, "DeletionProtectionEnabled", false),
		"one more index":  add(orders, "GlobalSecondaryIndexes", map[string]any{"IndexName": "customer"}),
		"one more key":    add(orders, "AttributeDefinitions", map[string]any{"AttributeName": "customer", "AttributeType": "S"}),
		"one more of all": func(resources map[string]map[string]any) { resources["More"] = resources[orders] },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if lost := replacements(readKept(t), keptOf(t, changed(t, change))); len(lost) > 0 {
				t.Errorf("found is %q", lost)
			}
		})
	}
}

// changed is the template of prod after a change of its resources' properties.
func changed(t *testing.T, change func(resources map[string]map[string]any)) synthtest.Template {
	t.Helper()
	template := synthesized(t, "prod")
	properties := map[string]map[string]any{}
	for id, resource := range template.Resources {
		properties[id] = propertiesOf(t, resource)
		properties[id]["Type"] = resource.Type
	}
	change(properties)
	made := synthtest.Template{Resources: map[string]synthtest.Resource{}}
	for id, one := range properties {
		encoded, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		made.Resources[id] = synthtest.Resource{Type: one["Type"].(string), Properties: encoded}
	}
	return made
}

func set(id, property string, value any) func(map[string]map[string]any) {
	return func(resources map[string]map[string]any) { resources[id][property] = value }
}

func unset(id, property string) func(map[string]map[string]any) {
	return func(resources map[string]map[string]any) { delete(resources[id], property) }
}

func setEntry(id, list, property string, value any) func(map[string]map[string]any) {
	return func(resources map[string]map[string]any) {
		resources[id][list].([]any)[0].(map[string]any)[property] = value
	}
}

func add(id, list string, entry any) func(map[string]map[string]any) {
	return func(resources map[string]map[string]any) {
		resources[id][list] = append(resources[id][list].([]any), entry)
	}
}

func rename(from, to string) func(map[string]map[string]any) {
	return func(resources map[string]map[string]any) {
		resources[to] = resources[from]
		delete(resources, from)
	}
}
