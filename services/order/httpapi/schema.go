package httpapi

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"example.com/saga/pkg/jsonschema"
)

// schemaBase is the URI with which the ids of the schemas begin.
const schemaBase = "https://example.com/saga/schema/http/"

//go:embed schema/*.json
var schemaFiles embed.FS

// schema is the JSON Schema of a request's body.
type schema struct{ *jsonschema.Schema }

// newSchema compiles the schema with a name.
func newSchema(name string) (schema, error) {
	encoded, err := fs.ReadFile(schemaFiles, "schema/"+name+".json")
	if err != nil {
		return schema{}, err
	}
	compiled, err := jsonschema.Compile(jsonschema.Formats{"iso-4217": isCurrency}, encoded)
	if err != nil {
		return schema{}, fmt.Errorf("schema of %s: %w", name, err)
	}
	return schema{compiled[schemaBase+name]}, nil
}

// check returns all errors of a body, sorted by place. An error has a place and a rule,
// and no value.
func (s schema) check(body any) []detail {
	var all []detail
	for _, violation := range s.Validate(body) {
		all = append(all, explain(violation)...)
	}
	slices.SortStableFunc(all, func(a, b detail) int {
		return slices.CompareFunc(a.place, b.place, func(x, y string) int {
			// A shorter index is a smaller one.
			return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
		})
	})
	return all
}

// explain returns the errors of a violation: one, or one for each member.
func explain(v jsonschema.Violation) []detail {
	if len(v.Names) == 0 {
		return []detail{newDetail(rule(v), v.Place...)}
	}
	all := make([]detail, len(v.Names))
	for i, name := range v.Names {
		all[i] = newDetail(rule(v), slices.Concat(v.Place, []string{name})...)
		all[i].unknown = v.Keyword == "additionalProperties"
	}
	return all
}

// rule returns the rule of the schema that a value breaks.
func rule(v jsonschema.Violation) string {
	switch v.Keyword {
	case "required":
		return "is missing"
	case "additionalProperties":
		return "is not a member of the schema"
	case "type":
		return "must be of type " + v.Want
	case "minItems":
		return "must have at least " + v.Want + " elements"
	case "maxItems":
		return "must have at most " + v.Want + " elements"
	case "maxLength":
		return "must have at most " + v.Want + " characters"
	case "minimum":
		return "must be at least " + v.Want
	case "maximum":
		return "must be at most " + v.Want
	}
	return "must be " + v.Description
}
