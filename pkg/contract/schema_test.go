package contract_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// schema is what this test reads of a JSON Schema.
type schema struct {
	ID         string            `json:"$id"`
	Ref        string            `json:"$ref"`
	Title      string            `json:"title"`
	Type       string            `json:"type"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Enum       []contract.Reason `json:"enum"`
	Defs       map[string]schema `json:"$defs"`
}

func readSchema(t *testing.T, path string) schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(readFile(t, path), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASchemaDescribesEveryMemberOfItsStruct(t *testing.T) {
	shared := readSchema(t, "schema/types.1.json").Defs
	for _, data := range contract.All() {
		t.Run(data.EventType(), func(t *testing.T) {
			s := readSchema(t, "schema/"+data.EventType()+".1.json")
			if s.Title != data.EventType() || s.ID != "https://example.com/saga/schema/"+data.EventType()+"/1" {
				t.Errorf("title %q, $id %q", s.Title, s.ID)
			}
			compare(t, data.EventType(), reflect.TypeOf(data), s, shared)
		})
	}
}

// compare holds a struct to its schema, member by member and inwards.
func compare(t *testing.T, at string, structure reflect.Type, s schema, shared map[string]schema) {
	t.Helper()
	if name, isShared := strings.CutPrefix(s.Ref[strings.IndexByte(s.Ref, '#')+1:], "/$defs/"); isShared {
		s = shared[name]
	}
	if structure.Kind() == reflect.Slice {
		if s.Type != "array" || s.Items == nil {
			t.Errorf("%s is a list, but its schema says %q", at, s.Type)
			return
		}
		compare(t, at+"[]", structure.Elem(), *s.Items, shared)
		return
	}
	if structure.Kind() != reflect.Struct || structure == reflect.TypeFor[time.Time]() {
		return
	}
	members, required := members(structure)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(members)), slices.Sorted(maps.Keys(s.Properties))); diff != "" {
		t.Errorf("%s: the struct (-) and the schema's properties (+) differ:\n%s", at, diff)
	}
	if diff := cmp.Diff(required, slices.Sorted(slices.Values(s.Required))); diff != "" {
		t.Errorf("%s: what the struct always writes (-) and the schema requires (+) differ:\n%s", at, diff)
	}
	for name, member := range members {
		compare(t, at+"."+name, member, s.Properties[name], shared)
	}
}

// members gives the JSON members of a struct and those that are always written.
func members(structure reflect.Type) (map[string]reflect.Type, []string) {
	all := make(map[string]reflect.Type)
	var required []string
	for field := range structure.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		all[name] = field.Type
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return all, required
}

func TestASchemaIsOpenToMembersOfLaterPublishers(t *testing.T) {
	for _, data := range contract.All() {
		if path := "schema/" + data.EventType() + ".1.json"; strings.Contains(string(readFile(t, path)), "additionalProperties") {
			t.Errorf("%s closes an object: no publisher could ever add a member", path)
		}
	}
}

func TestAnEmptyEventIsWrittenAsAnObject(t *testing.T) {
	var refused event.Data = contract.CancellationRefused{}
	if e := written(t, newLanguage(t), refused); string(e.Data) != "{}" {
		t.Errorf("the data is %s", e.Data)
	}
}

func TestTheReasonsAreThoseOfTheSchema(t *testing.T) {
	if diff := cmp.Diff(readSchema(t, "schema/types.1.json").Defs["reason"].Enum, contract.Reasons()); diff != "" {
		t.Errorf("the reasons (- schema, + code):\n%s", diff)
	}
}
