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

// schema is the part of a JSON Schema that these tests read.
type schema struct {
	ID         string            `json:"$id"`
	Ref        string            `json:"$ref"`
	Title      string            `json:"title"`
	Type       string            `json:"type"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Const      contract.Reason   `json:"const"`
	Enum       []contract.Reason `json:"enum"`
	AnyOf      []schema          `json:"anyOf"`
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

// resolved returns the shared schema that a schema refers to, or else the schema.
func (s schema) resolved(shared map[string]schema) schema {
	if name, isShared := strings.CutPrefix(s.Ref[strings.IndexByte(s.Ref, '#')+1:], "/$defs/"); isShared {
		return shared[name]
	}
	return s
}

// reasons returns the values that a schema of reasons accepts.
func (s schema) reasons(shared map[string]schema) []contract.Reason {
	s = s.resolved(shared)
	all := s.Enum
	if s.Const != "" {
		all = append(all, s.Const)
	}
	for _, alternative := range s.AnyOf {
		all = append(all, alternative.reasons(shared)...)
	}
	return all
}

func TestASchemaDescribesEveryMemberOfItsStruct(t *testing.T) {
	shared := readSchema(t, "schema/types.1.json").Defs
	for _, data := range contract.Catalogue().All() {
		t.Run(data.EventType(), func(t *testing.T) {
			s := readSchema(t, "schema/"+data.EventType()+".1.json")
			if s.Title != data.EventType() || s.ID != "https://example.com/saga/schema/"+data.EventType()+"/1" {
				t.Errorf("title %q, $id %q", s.Title, s.ID)
			}
			compare(t, data.EventType(), reflect.TypeOf(data), s, shared)
		})
	}
}

// compare compares a struct with its schema, member by member and inwards.
func compare(t *testing.T, at string, structure reflect.Type, s schema, shared map[string]schema) {
	t.Helper()
	s = s.resolved(shared)
	if structure.Kind() == reflect.Slice {
		if s.Type != "array" || s.Items == nil {
			t.Errorf("%s is a list, but its schema has the type %q", at, s.Type)
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
		t.Errorf("%s: what the struct always encodes (-) and the schema requires (+) differ:\n%s", at, diff)
	}
	for name, member := range members {
		compare(t, at+"."+name, member, s.Properties[name], shared)
	}
}

// members returns the JSON members of a struct, and those that are always encoded.
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
	for _, data := range contract.Catalogue().All() {
		if path := "schema/" + data.EventType() + ".1.json"; strings.Contains(string(readFile(t, path)), "additionalProperties") {
			t.Errorf("%s closes an object: no publisher could ever add a member", path)
		}
	}
}

func TestAnEmptyEventIsEncodedAsAnObject(t *testing.T) {
	var refused event.Data = contract.CancellationRefused{}
	if e := sealed(t, newLanguage(t), refused); string(e.Data) != "{}" {
		t.Errorf("the data is %s", e.Data)
	}
}

func TestTheReasonsAreThoseOfTheSchema(t *testing.T) {
	shared := readSchema(t, "schema/types.1.json").Defs
	if diff := cmp.Diff(shared["reason"].reasons(shared), contract.Reasons()); diff != "" {
		t.Errorf("the reasons (- schema, + code):\n%s", diff)
	}
}

// A reason has one definition: a schema that repeated it would have to be changed
// with it.
func TestOnlyTheSharedTypesDefineReasons(t *testing.T) {
	for _, data := range contract.Catalogue().All() {
		path := "schema/" + data.EventType() + ".1.json"
		for name, member := range readSchema(t, path).Properties {
			for _, value := range member.reasons(nil) {
				if slices.Contains(contract.Reasons(), value) {
					t.Errorf("%s: %s repeats the reason %s", path, name, value)
				}
			}
		}
	}
}
