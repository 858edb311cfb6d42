package httpapi

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/bojanz/currency"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"example.com/saga/pkg/ijson"
)

// schemaBase is the URI with which the ids of the schemas begin.
const schemaBase = "https://example.com/saga/schema/http/"

//go:embed schema/*.json
var schemaFiles embed.FS

// schema is the JSON Schema of a request's body.
type schema struct {
	compiled *jsonschema.Schema
	// descriptions are the descriptions of its parts, by the URLs of the parts.
	descriptions map[string]string
}

// newSchema compiles the schema with a name.
func newSchema(name string) (*schema, error) {
	encoded, err := fs.ReadFile(schemaFiles, "schema/"+name+".json")
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "iso-4217", Validate: checkCurrency})
	if err := compiler.AddResource(schemaBase+name, document); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	compiled, err := compiler.Compile(schemaBase + name)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	s := &schema{compiled, make(map[string]string)}
	s.collect(compiled)
	return s, nil
}

// collect collects the descriptions of a part of the schema and of all parts below it.
func (s *schema) collect(part *jsonschema.Schema) {
	if part == nil {
		return
	}
	s.descriptions[part.Location] = part.Description
	s.collect(part.Ref)
	s.collect(part.Items2020)
	for _, each := range part.AllOf {
		s.collect(each)
	}
	for _, property := range part.Properties {
		s.collect(property)
	}
}

// checkCurrency returns an error unless a text is the code of a currency in use in ISO
// 4217. The codes for metals, tests and no currency are not in use.
func checkCurrency(value any) error {
	if code, isText := value.(string); isText && !currency.IsValid(code) {
		return errors.New("not a currency")
	}
	return nil
}

// check returns all errors of a body, sorted by place. An error has a place and a rule,
// and no value.
func (s *schema) check(body any) []detail {
	s.truncateArrays(body)
	err := s.compiled.Validate(boundNumbers(body))
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []detail{{Detail: "cannot be checked"}}
	}
	all := s.explain(invalid)
	slices.SortStableFunc(all, func(a, b detail) int {
		return slices.CompareFunc(a.place, b.place, func(x, y string) int {
			// A shorter index is a smaller one.
			return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
		})
	})
	return all
}

// truncateArrays truncates every array that is too long after the first element too many.
// The body is refused in any case, and a check of thousands of elements takes long.
func (s *schema) truncateArrays(body any) {
	object, _ := body.(map[string]any)
	for name, property := range s.compiled.Properties {
		if array, _ := object[name].([]any); property.MaxItems != nil && len(array) > *property.MaxItems {
			object[name] = array[:*property.MaxItems+1]
		}
	}
}

// boundNumbers returns a JSON value in which every number that no float64 can represent
// is replaced by one that breaks the same rules. The schema is checked with exact values,
// and that of 1e999999 has a million digits.
func boundNumbers(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = boundNumbers(member)
		}
	case []any:
		for i, element := range value {
			value[i] = boundNumbers(element)
		}
	case json.Number:
		nearest, err := value.Float64()
		switch {
		case err != nil:
			return math.Copysign(math.MaxFloat64, nearest)
		case nearest == 0 && ijson.Check([]byte(value)) != nil:
			return math.Copysign(math.SmallestNonzeroFloat64, nearest)
		}
	}
	return value
}

// explain returns the errors of a validation.
func (s *schema) explain(e *jsonschema.ValidationError) []detail {
	var all []detail
	switch broken := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Reference, *kind.AllOf, *kind.Group:
		for _, cause := range e.Causes {
			all = append(all, s.explain(cause)...)
		}
	case *kind.Required:
		for _, name := range broken.Missing {
			all = append(all, newDetail("is missing", slices.Concat(e.InstanceLocation, []string{name})...))
		}
	case *kind.AdditionalProperties:
		for _, name := range broken.Properties {
			unknown := newDetail("is not a member of the schema", slices.Concat(e.InstanceLocation, []string{name})...)
			unknown.unknown = true
			all = append(all, unknown)
		}
	default:
		all = append(all, newDetail(s.rule(e), e.InstanceLocation...))
	}
	return all
}

// rule returns the rule of the schema that a value breaks.
func (s *schema) rule(e *jsonschema.ValidationError) string {
	switch broken := e.ErrorKind.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(broken.Want, " or ")
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d elements", broken.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d elements", broken.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", broken.Want)
	case *kind.Minimum:
		return "must be at least " + broken.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + broken.Want.RatString()
	}
	return "must be " + s.descriptions[e.SchemaURL]
}
