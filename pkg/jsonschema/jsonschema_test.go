package jsonschema_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/saga/pkg/jsonschema"
)

// withID returns a schema with these keywords.
func withID(id, keywords string) []byte {
	return fmt.Appendf(nil, `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": %q, %s}`, id, keywords)
}

func TestASchemaThatCannotBeAssertedIsRefusedByName(t *testing.T) {
	for keywords, want := range map[string]string{
		`"oneOf": []`:                                      "oneOf",
		`"properties": {"a": {"not": {}}}`:                 "not",
		`"items": {"uniqueItems": true}`:                   "uniqueItems",
		`"allOf": [{"if": {}}]`:                            "if",
		`"$defs": {"a": {"multipleOf": 2}}`:                "multipleOf",
		`"Type": "object"`:                                 "Type",
		`"type": "text"`:                                   "text",
		`"type": ["string", "null"]`:                       "type",
		`"items": {"format": "email"}`:                     "email",
		`"format": "iso-4217"`:                             "iso-4217",
		`"const": 5`:                                       "const",
		`"enum": ["a", null, 5]`:                           "enum",
		`"additionalProperties": {}`:                       "additionalProperties",
		`"items": false`:                                   "items",
		`"properties": {"a": null}`:                        "null",
		`"pattern": "(?=a)"`:                               "pattern",
		`"minimum": "5"`:                                   "minimum",
		`"minLength": 1.5`:                                 "minLength",
		`"type": "object", "type": "array"`:                "type",
		`"$ref": "#/$defs/a"`:                              "#/$defs/a",
		`"$ref": "#/properties/a"`:                         "#/properties/a",
		`"$ref": "https://example.com/other"`:              "https://example.com/other",
		`"$ref": "https://example.com/other#/$defs/a"`:     "https://example.com/other",
		`"$defs": {"a": {}}, "$ref": "#a"`:                 "#a",
		`"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}`: "contains itself",
		`"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref":"#/$defs/a"}]}}`: "contains itself",
	} {
		if _, err := jsonschema.Compile(nil, withID("s:a", keywords)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", keywords, err)
		}
	}
}

func TestASchemaHasAnIDOfItsOwnAndTheDialect(t *testing.T) {
	for name, documents := range map[string][][]byte{
		"no id":                     {[]byte(`{"$schema": "https://json-schema.org/draft/2020-12/schema"}`)},
		"no dialect":                {[]byte(`{"$id": "s:a"}`)},
		"another dialect":           {[]byte(`{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "s:a"}`)},
		"the same id twice":         {withID("s:a", `"type": "object"`), withID("s:a", `"type": "array"`)},
		"null":                      {[]byte(`null`)},
		"no JSON":                   {[]byte(`{`)},
		"a schema of true or false": {[]byte(`true`)},
	} {
		if _, err := jsonschema.Compile(nil, documents...); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}

func TestAViolationHasItsPlaceAndWhatTheSchemaWants(t *testing.T) {
	schemas, err := jsonschema.Compile(nil, withID("s:a", `"description": "all", "type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
		"list": {"type": "array", "minItems": 3, "items": {"$ref": "s:b#/$defs/small"}}}`),
		withID("s:b", `"$defs": {"small": {"description": "a small number", "type": "integer", "maximum": 1e2}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := schemas["s:a"].Validate(map[string]any{"b": true, "list": []any{json.Number("1e2"), json.Number("101")}, "z": nil, "a/": nil})
	want := []jsonschema.Violation{
		{Place: []string{"list"}, Keyword: "minItems", Want: "3"},
		{Place: []string{"list", "1"}, Keyword: "maximum", Want: "1e2", Description: "a small number"},
		{Keyword: "required", Names: []string{"a"}, Description: "all"},
		{Keyword: "additionalProperties", Names: []string{"a/", "b", "z"}, Description: "all"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAKeywordIsAboutValuesOfItsKindAlone(t *testing.T) {
	for _, c := range []struct{ keywords, value, want string }{
		{`"const": ""`, `5`, "const"},
		{`"const": ""`, `""`, ""},
		{`"enum": ["", "a"]`, `5`, "enum"},
		{`"format": "date-time"`, `5`, ""},
		{`"type": "null"`, `null`, ""},
		{`"type": "null"`, `false`, "type null"},
		{`"type": "boolean"`, `false`, ""},
		{`"type": "string"`, `null`, "type string"},
		{`"type": "number"`, `0.5`, ""},
		{`"type": "integer"`, `0.5`, "type integer"},
		{`"minimum": 0`, `-1`, "minimum 0"},
		{`"additionalProperties": true`, `{"a": 1}`, ""},
		{`"minItems": 1`, `[]`, "minItems 1"},
		{`"allOf": [{"minLength": 1}, {"pattern": "a"}]`, `""`, "minLength 1 pattern"},
	} {
		schemas, err := jsonschema.Compile(nil, withID("s:a", c.keywords))
		if err != nil {
			t.Fatal(err)
		}
		var value any
		decoder := json.NewDecoder(strings.NewReader(c.value))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, violation := range schemas["s:a"].Validate(value) {
			got += " " + violation.Keyword + " " + violation.Want
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s is against %q, not %q", c.keywords, c.value, got, c.want)
		}
	}
}

func TestADateTimeIsOneOfRFC3339(t *testing.T) {
	schemas, err := jsonschema.Compile(nil, withID("s:a", `"format": "date-time"`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"2024-02-29T12:00:00.5z": true, "2023-02-29T12:00:00Z": false, "2024-02-29T24:00:00Z": false, "2024-02-29T12:00:00+23:59": true,
		"2016-12-31T23:59:60Z": true, "2017-01-01T08:59:60+09:00": true, "2016-12-31T23:58:60Z": false, "2016-12-31T23:59:60+01:00": false,
	} {
		if got := schemas["s:a"].Validate(text); (len(got) == 0) != want {
			t.Errorf("%s is valid: %t", text, !want)
		}
	}
}

func TestASchemaHasItsAnnotationsAndAMemberIsPersonalHoweverItIsMarked(t *testing.T) {
	schemas, err := jsonschema.Compile(nil, withID("s:a", `"description": "an order", "examples": [{"a": 1}], "properties": {
		"marked": {"x-personal": true}, "plain": {"properties": {"inner": {"x-personal": true}}},
		"list": {"items": {"x-personal": true}}, "all": {"allOf": [{}, {"x-personal": true}]}, "any": {"anyOf": [{"x-personal": true}]},
		"referred": {"$ref": "#/$defs/personal"}, "people": {"items": {"properties": {"name": {"x-personal": true}}}}},
		"anyOf": [{}, {"properties": {"alternative": {"x-personal": true}}}], "$defs": {"personal": {"x-personal": true}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := schemas["s:a"]
	if s.Description() != "an order" || len(s.Examples()) != 1 || string(s.Examples()[0]) != `{"a": 1}` {
		t.Errorf("the description is %q, the examples are %s", s.Description(), s.Examples())
	}
	want := []string{"all", "alternative", "any", "inner", "list", "marked", "name", "referred"}
	if diff := cmp.Diff(want, s.PersonalMembers()); diff != "" {
		t.Errorf("personal are (-want +got)\n%s", diff)
	}
}

func TestEachMistakeIsReportedOnceAndInOrder(t *testing.T) {
	_, err := jsonschema.Compile(nil, []byte(`{"$id": "s:c"}`), []byte(`{"$id": "s:b"}`),
		withID("s:a", `"$defs": {"a": {"type": "text"}}, "properties": {"b": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/a"}}`))
	want := `s:a: the unknown type "text"
s:b: the $schema is "", not https://json-schema.org/draft/2020-12/schema
s:c: the $schema is "", not https://json-schema.org/draft/2020-12/schema`
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
}

func TestElementsTooManyAreNotValidated(t *testing.T) {
	schemas, err := jsonschema.Compile(nil, withID("s:a", `"maxItems": 2, "items": {"type": "string"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := schemas["s:a"].Validate(make([]any, 100_000)); len(got) != 3 || got[0].Keyword != "maxItems" {
		t.Errorf("%d violations, first %+v", len(got), got[0])
	}
}

// spelled generates JSON numbers, which package big can still expand.
func spelled() *rapid.Generator[string] {
	return rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.0{0,3}[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?`)
}

func TestNumbersAreComparedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := spelled().Draw(t, "limit")
		text := rapid.OneOf(spelled(), rapid.Just(limit)).Draw(t, "number")
		schemas, err := jsonschema.Compile(nil,
			withID("s:minimum", `"minimum": `+limit), withID("s:maximum", `"maximum": `+limit), withID("s:integer", `"type": "integer"`))
		if err != nil {
			t.Fatal(err)
		}
		exact, bound := rational(t, text), rational(t, limit)
		for id, want := range map[string]bool{
			"s:minimum": exact.Cmp(bound) >= 0, "s:maximum": exact.Cmp(bound) <= 0, "s:integer": exact.IsInt(),
		} {
			if got := schemas[id].Validate(json.Number(text)); (len(got) == 0) != want {
				t.Errorf("%s with the %s %s: valid should be %t, violations are %+v", text, id, limit, want, got)
			}
		}
		value, err := jsonschema.Integer(text)
		if isInteger := exact.IsInt() && exact.Num().IsInt64(); isInteger != (err == nil) || isInteger && value != exact.Num().Int64() {
			t.Errorf("%s is the integer %d, %v", text, value, err)
		}
	})
}

func rational(t *rapid.T, text string) *big.Rat {
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%s is no number", text)
	}
	return exact
}

func TestANumberOfAnySizeTakesTheTimeOfItsText(t *testing.T) {
	schemas, err := jsonschema.Compile(nil, withID("s:a", `"type": "integer", "minimum": 0, "maximum": 9223372036854775807`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"1e999999999": "maximum", "1e99999999999999999999": "maximum", "-1e999999999": "minimum", "9223372036854775808": "maximum",
		"1e-999999999": "type", "1e-99999999999999999999": "type", "0.99999999999999999999999": "type", "9223372036854775807.00000000000000000000001": "type",
		"0e999999999": "", "-0e-999999999": "", "9223372036854775807e0": "",
	} {
		got := ""
		for _, violation := range schemas["s:a"].Validate(json.Number(text)) {
			got += violation.Keyword
		}
		if _, err := jsonschema.Integer(text); got != want || (err == nil) != (want == "") || err != nil && strings.Contains(err.Error(), "9") {
			t.Errorf("%s is against %q, want %q; as an integer: %v", text, got, want, err)
		}
	}
	for text, want := range map[string]int64{"-9223372036854775808": -1 << 63, "9223372036854775807": 1<<63 - 1} {
		if got, err := jsonschema.Integer(text); got != want || err != nil {
			t.Errorf("%s is the integer %d, %v", text, got, err)
		}
	}
}
