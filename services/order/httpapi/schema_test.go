package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"example.com/saga/pkg/ijson"
	"example.com/saga/pkg/jsonschema"
)

// The error of a part of a schema is explained by its keyword or its description.
func TestEveryRuleOfASchemaHasAnExplanation(t *testing.T) {
	explained := []string{"type", "required", "additionalProperties", "minItems", "maxItems", "maxLength", "minimum", "maximum"}
	harmless := []string{"$schema", "$id", "$ref", "$defs", "title", "description", "properties", "items", "allOf"}
	var check func(at string, part map[string]any)
	check = func(at string, part map[string]any) {
		for keyword, value := range part {
			switch {
			case keyword == "pattern" || keyword == "format":
				if part["description"] == nil {
					t.Errorf("%s has a %s and no description", at, keyword)
				}
			case keyword == "properties" || keyword == "$defs":
				for name, each := range value.(map[string]any) {
					check(at+"/"+keyword+"/"+name, each.(map[string]any))
				}
			case keyword == "items":
				check(at+"/items", value.(map[string]any))
			case keyword == "allOf":
				for _, each := range value.([]any) {
					check(at+"/allOf", each.(map[string]any))
				}
			case !slices.Contains(explained, keyword) && !slices.Contains(harmless, keyword):
				t.Errorf("%s has the keyword %s, for which there is no explanation", at, keyword)
			}
		}
	}
	for name, encoded := range map[string][]byte{"order": orderSchema, "cancellation": cancellationSchema} {
		if err := ijson.Check(encoded); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var document map[string]any
		if err := json.Unmarshal(encoded, &document); err != nil {
			t.Fatal(err)
		}
		if document["$id"] != schemaBase+name {
			t.Errorf("%s has the id %v", name, document["$id"])
		}
		check(name, document)
	}
}

// The patterns of the schema are compared with package ijson and with Unicode, for every
// character.
func TestTheSchemaRefusesExactlyTheDocumentedCharacters(t *testing.T) {
	schemas, err := newSchemas()
	if err != nil {
		t.Fatal(err)
	}
	isAccepted := func(text string) bool {
		return !slices.ContainsFunc(schemas[schemaBase+"order"].Validate(map[string]any{"shippingAddress": text}), func(v jsonschema.Violation) bool {
			return len(v.Place) > 0
		})
	}
	isGood := func(text string) bool {
		encoded, err := json.Marshal(text)
		return err == nil && ijson.Check(encoded) == nil && !strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' || r == unicode.ReplacementChar ||
				r == 0xFEFF || r == 0x2028 || r == 0x2029 || (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
		})
	}
	// The characters are compared together, which is faster, where all of them are good.
	const together = 0x100
	for first := rune(0); first <= unicode.MaxRune; first += together {
		if first >= 0xD800 && first <= 0xDFFF { // The surrogates.
			continue
		}
		all := make([]string, together)
		for i := range all {
			all[i] = "a" + string(first+rune(i))
		}
		texts := []string{strings.Join(all, "")}
		if !isGood(texts[0]) {
			texts = all
		}
		for _, text := range texts {
			if good := isGood(text); isAccepted(text) != good {
				t.Errorf("%+q: it is acceptable: %t, but it is accepted: %t", text, good, !good)
			}
		}
	}
}
