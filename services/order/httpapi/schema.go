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

// schemaBase is the URI that the ids of the schemas begin with.
const schemaBase = "https://example.com/saga/schema/http/"

//go:embed schema/*.json
var schemaFiles embed.FS

// schema is the JSON Schema of a request's body.
type schema struct {
	compiled *jsonschema.Schema
	// descriptions are those of its parts, by the URLs of the parts.
	descriptions map[string]string
}

// newSchema compiles the schema of a name.
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

// collect keeps the description of a part of the schema, and of its own parts.
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

// checkCurrency returns an error unless a text is the code of a currency in use,
// as ISO 4217 lists them. Those for metals, tests and no currency are not among
// them.
func checkCurrency(value any) error {
	if code, isText := value.(string); isText && !currency.IsValid(code) {
		return errors.New("not a currency")
	}
	return nil
}

// check returns all that is wrong with a body, in the order of its places. It
// names places and rules, and repeats no value.
func (s *schema) check(body any) []detail {
	s.shorten(body)
	err := s.compiled.Validate(bounded(body))
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

// shorten cuts an array that has too many elements after the first of them. The
// body is refused whatever the others are, and it takes long to check thousands.
func (s *schema) shorten(body any) {
	object, _ := body.(map[string]any)
	for name, property := range s.compiled.Properties {
		if array, _ := object[name].([]any); property.MaxItems != nil && len(array) > *property.MaxItems {
			object[name] = array[:*property.MaxItems+1]
		}
	}
}

// bounded returns a JSON value in which every number that no float64 holds is
// replaced by one that is as wrong. The exact value of 1e999999, with which the
// schema is checked, has a million digits.
func bounded(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = bounded(member)
		}
	case []any:
		for i, element := range value {
			value[i] = bounded(element)
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
			unknown := newDetail("is not a member that is known here", slices.Concat(e.InstanceLocation, []string{name})...)
			unknown.unknown = true
			all = append(all, unknown)
		}
	default:
		all = append(all, newDetail(s.rule(e), e.InstanceLocation...))
	}
	return all
}

// rule returns what the schema asks of a value, in words.
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
