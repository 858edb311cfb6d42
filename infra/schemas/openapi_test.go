package schemas

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/jsonschema"
	"example.com/saga/pkg/language"
)

func decoded(t *testing.T, encoded []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// compile compiles the components of an OpenAPI document as a JSON Schema: what 3.0 has
// and JSON Schema has not are annotations.
func compile(t *testing.T, content string) *jsonschema.Schema {
	t.Helper()
	document := decoded(t, []byte(strings.ReplaceAll(content, "#/components/schemas/", "#/$defs/"))).(object)
	components := document["components"].(object)["schemas"].(object)
	for _, component := range components {
		for _, annotation := range []string{"example", "x-amazon-events-source", "x-amazon-events-detail-type"} {
			delete(component.(object), annotation)
		}
	}
	compiled, err := jsonschema.Compile(nil, encode(t, object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$ref": "#/$defs/AWSEvent", "$defs": components,
	}))
	if err != nil {
		t.Fatal(err)
	}
	return compiled["x"]
}

// variants returns a value, and the value with one difference each: without a member or an
// element, or with another value in a place, at any depth.
func variants(value any) []any {
	all := []any{value, "", "x", "timed-out", json.Number("0"), json.Number("-1"), json.Number("9007199254740992"), true, nil, object{}, []any{}}
	switch value := value.(type) {
	case object:
		for name, member := range value {
			without := maps.Clone(value)
			delete(without, name)
			all = append(all, without)
			for _, other := range variants(member) {
				changed := maps.Clone(value)
				changed[name] = other
				all = append(all, changed)
			}
		}
	case []any:
		all = append(all, slices.Repeat(value, 51))
		for i, element := range value {
			for _, other := range variants(element) {
				changed := slices.Clone(value)
				changed[i] = other
				all = append(all, changed)
			}
		}
	}
	return all
}

func TestAConvertedSchemaAcceptsWhatTheSchemaOfTheEventAccepts(t *testing.T) {
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	originals, err := jsonschema.Compile(nil, slices.Collect(rawOf(language.Schemas()))...)
	if err != nil {
		t.Fatal(err)
	}
	made, err := ofEvents()
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != len(contract.Catalogue().All()) {
		t.Fatalf("%d schemas of %d events", len(made), len(contract.Catalogue().All()))
	}
	for i, data := range contract.Catalogue().All() {
		t.Run(data.EventType(), func(t *testing.T) {
			described, err := language.Describe(data)
			if err != nil {
				t.Fatal(err)
			}
			converted, delivered := compile(t, made[i].content), deliver(t, made[i].source, described)
			verdicts := map[bool]int{}
			for _, variant := range variants(decoded(t, encode(t, described.Example))) {
				delivered["detail"].(object)["data"] = variant
				want := len(originals[described.Schema].Validate(variant)) == 0
				if got := converted.Validate(delivered); (len(got) == 0) != want {
					t.Errorf("%s is valid: %t, converted: %v", encode(t, variant), want, got)
				}
				verdicts[want]++
			}
			if verdicts[true] == 0 || verdicts[false] == 0 {
				t.Errorf("the verdicts are %v", verdicts)
			}
		})
	}
}

func rawOf(documents map[string]json.RawMessage) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, document := range documents {
			if !yield(document) {
				return
			}
		}
	}
}

// deliver returns the example of an event as EventBridge delivers it.
func deliver(t *testing.T, source string, described language.Description) object {
	t.Helper()
	at := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	command := event.Cause{Event: event.Event{ID: "o-1", Source: source, Subject: "o-1", CorrelationID: "o-1"}, IsCommand: true}
	made, err := event.Caused(command, source, described.Example, 0, at)
	if err != nil {
		t.Fatal(err)
	}
	made.DataSchema = described.Schema
	return object{
		"version": "0", "id": "1", "account": "123456789012", "region": "eu-west-1", "time": "2026-01-02T03:04:05Z",
		"resources": []any{}, "source": source, "detail-type": made.Type, "detail": decoded(t, encode(t, made)),
	}
}

func TestASchemaIsThatOfOneEventOnly(t *testing.T) {
	made, err := ofEvents()
	if err != nil {
		t.Fatal(err)
	}
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	described, err := language.Describe(contract.OrderPlaced{})
	if err != nil {
		t.Fatal(err)
	}
	change := func(change func(delivered, detail object)) object {
		delivered := deliver(t, contract.SourceOrder, described)
		change(delivered, delivered["detail"].(object))
		return delivered
	}
	placed := compile(t, made[0].content)
	if got := placed.Validate(change(func(_, _ object) {})); len(got) != 0 {
		t.Fatalf("its own event: %v", got)
	}
	for name, other := range map[string]object{
		"another source":             change(func(delivered, _ object) { delivered["source"] = "payment" }),
		"another detail type":        change(func(delivered, _ object) { delivered["detail-type"] = "payment.taken" }),
		"no detail":                  change(func(delivered, _ object) { delete(delivered, "detail") }),
		"another source inside":      change(func(_, detail object) { detail["source"] = "payment" }),
		"another type inside":        change(func(_, detail object) { detail["type"] = "payment.taken" }),
		"another version":            change(func(_, detail object) { detail["dataschema"] = described.Schema + "0" }),
		"another kind of CloudEvent": change(func(_, detail object) { detail["specversion"] = "0.3" }),
	} {
		if got := placed.Validate(other); len(got) == 0 {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestASchemaIsNamedAndMarkedAsEventBridgeDoes(t *testing.T) {
	made, err := ofEvents()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range made {
		document := decoded(t, []byte(s.content)).(object)
		marked := document["components"].(object)["schemas"].(object)["AWSEvent"].(object)
		eventType, _ := marked["x-amazon-events-detail-type"].(string)
		if document["openapi"] != "3.0.0" || marked["x-amazon-events-source"] != s.source || typeName(eventType) != s.component {
			t.Errorf("%s@%s is of %v and %s", s.source, s.component, marked["x-amazon-events-source"], eventType)
		}
		if len(s.description) > 256 {
			t.Errorf("%s: the description has %d characters of 256", s.component, len(s.description))
		}
	}
}

// Whatever the conversion does not know is refused: a tool would ignore it, or read it
// differently.
func TestAKeywordThatCannotBeConvertedIsAnError(t *testing.T) {
	for member, want := range map[string]string{
		`{"exclusiveMinimum": 0}`:                                   "exclusiveMinimum: ",
		`{"unevaluatedProperties": false}`:                          "unevaluatedProperties: ",
		`{"type": ["string", "null"]}`:                              "type: ",
		`{"type": "null"}`:                                          "type: ",
		`{"const": 1}`:                                              "const: ",
		`true`:                                                      "no object",
		`{"items": [{"type": "string"}]}`:                           "items: ",
		`{"anyOf": [{"if": {}}]}`:                                   "if: ",
		`{"anyOf": {}}`:                                             "anyOf: ",
		`{"properties": []}`:                                        "properties: ",
		`{"$ref": "#/$defs/Gone"}`:                                  "there is no such schema",
		`{"$ref": "other"}`:                                         "there is no such schema",
		`{"$ref": "#/$defs/a", "description": "ignored"}`:           "beside a $ref",
		`{"items": {"$ref": "#/$defs/cloudEvent"}}`:                 "same component",
		`{"properties": {"x": {"$dynamicRef": "#/$defs/a"}}}`:       "$dynamicRef: ",
		`{"$ref": "#/$defs/a"}`:                                     "",
		`{"type": "string", "examples": ["a"], "x-personal": true}`: "",
	} {
		document := `{"title": "x", "type": "object", "properties": {"m": ` + member + `}, "$defs": {"a": {"type": "string"}, "cloudEvent": {"type": "string"}}}`
		_, err := openAPI("s", "x", "uri", map[string]json.RawMessage{"uri": json.RawMessage(document)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: the error is %v, want %q", member, err, want)
		}
	}
}

func TestADocumentThatTheRegistryRefusesIsAnError(t *testing.T) {
	document := `{"title": "x", "description": "` + strings.Repeat("x", longest) + `"}`
	if _, err := openAPI("s", "x", "uri", map[string]json.RawMessage{"uri": json.RawMessage(document)}); err == nil {
		t.Error("no error")
	}
	if _, err := openAPI("s", "x", "uri", map[string]json.RawMessage{"uri": json.RawMessage(`{`)}); err == nil {
		t.Error("no error for a schema that is no JSON")
	}
}

// A name may have up to 385 of the characters A-Z, a-z, 0-9, ".", "_", "@" and "-". In the
// package that AWS's tools make of it, case and other characters than letters and digits
// are lost.
func TestEveryNameIsAllowedAndAPackageOfItsOwn(t *testing.T) {
	all, err := ofEvents()
	if err != nil {
		t.Fatal(err)
	}
	packages := make(map[string]bool)
	for _, s := range all {
		if !regexp.MustCompile(`^[a-z0-9]+@[A-Z][A-Za-z0-9]+$`).MatchString(s.name()) || len(s.name()) > 385 {
			t.Errorf("the name %s is no package, or too long", s.name())
		}
		packages[strings.ToLower(s.name())] = true
	}
	if len(packages) != len(all) || !packages["order@orderplaced"] {
		t.Errorf("the packages of %d schemas are %v", len(all), slices.Sorted(maps.Keys(packages)))
	}
}
