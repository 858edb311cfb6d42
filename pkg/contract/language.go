package contract

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/ijson"
)

// schemaBase is the URI that every schema's id begins with.
const schemaBase = "https://example.com/saga/schema/"

//go:embed schema/*.json
var schemaFiles embed.FS

// Language reads and writes the data of events, and holds both to the schemas.
type Language struct {
	terms map[string]term
}

type term struct {
	source string
	// uri is the schema of what is written.
	uri string
	// forms are what is read, by the URIs of their schemas.
	forms map[string]form
}

type form struct {
	schema *jsonschema.Schema
	decode decode
}

// decode returns the data of an event from what the schema was held against.
type decode func(instance any) (event.Data, error)

// NewLanguage compiles the schemas of the catalogue.
func NewLanguage() (*Language, error) {
	return newLanguage(catalogue(), schemaFiles)
}

func newLanguage(catalogue []definition, schemas fs.FS) (*Language, error) {
	compiler, err := newCompiler(schemas)
	if err != nil {
		return nil, err
	}
	language := &Language{terms: make(map[string]term)}
	for _, d := range catalogue {
		eventType := d.example.EventType()
		base := schemaBase + eventType + "/"
		made := term{source: d.source, uri: base + d.version, forms: make(map[string]form)}
		for version, decode := range d.decode {
			schema, err := compiler.Compile(base + version)
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", eventType, err)
			}
			made.forms[base+version] = form{schema, decode}
		}
		language.terms[eventType] = made
	}
	return language, nil
}

func newCompiler(schemas fs.FS) (*jsonschema.Compiler, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	paths, err := fs.Glob(schemas, "schema/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		encoded, err := fs.ReadFile(schemas, path)
		if err != nil {
			return nil, err
		}
		var id struct {
			ID string `json:"$id"`
		}
		if err := json.Unmarshal(encoded, &id); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := compiler.AddResource(id.ID, document); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return compiler, nil
}

// Read gives the data of an event. An event of an unknown type, from another
// source than its publisher, of a schema version that is not read or against its
// schema is event.ErrInvalid.
func (l *Language) Read(e event.Event) (event.Data, error) {
	form, instance, err := l.check(e)
	if err != nil {
		return nil, err
	}
	data, err := form.decode(instance)
	if err != nil {
		return nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	return data, nil
}

// Write completes an event that is to be published with the URI of its schema.
// What Read would refuse, Write refuses too.
func (l *Language) Write(e event.Event) (event.Event, error) {
	e.DataSchema = l.terms[e.Type].uri
	_, _, err := l.check(e)
	return e, err
}

// check holds an event to the catalogue and gives its data as it was checked.
func (l *Language) check(e event.Event) (form, any, error) {
	term, known := l.terms[e.Type]
	form, isRead := term.forms[e.DataSchema]
	switch {
	case !known:
		return form, nil, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, e.Type)
	case e.Source != term.source:
		return form, nil, fmt.Errorf("%w: %s comes from %q, but only %q publishes it", event.ErrInvalid, e.Type, e.Source, term.source)
	case !isRead:
		known := strings.Join(slices.Sorted(maps.Keys(term.forms)), ", ")
		return form, nil, fmt.Errorf("%w: %s has the schema %q, known is %s", event.ErrInvalid, e.Type, e.DataSchema, known)
	}
	if err := ijson.Check(e.Data); err != nil {
		return form, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
	if err != nil {
		return form, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	if err := form.schema.Validate(instance); err != nil {
		return form, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, violations(err))
	}
	return form, instance, nil
}

func define[D event.Data](source, version string) definition {
	var example D
	return definition{
		source: source, version: version, example: example,
		decode: map[string]decode{version: decodeAs(func(data D) event.Data { return data })},
	}
}

// reads lets an event be read in another version of its schema too, as what
// convert makes of it, so that no decision ever sees that version. A newer
// version is read by all before anybody writes it, and an older one for as long
// as an event of it can still come, which is the retention:
//
//	reads(define[Taken](SourcePayment, "1"), "2", func(newer TakenV2) Taken { … })    // deploy, and then
//	reads(define[Taken](SourcePayment, "2"), "1", func(older TakenV1) Taken { … })
func reads[D, Other event.Data](d definition, version string, convert func(Other) D) definition {
	d.decode = maps.Clone(d.decode)
	d.decode[version] = decodeAs(func(other Other) event.Data { return convert(other) })
	return d
}

// decodeAs reads members by their exact names, as a schema does: encoding/json
// would take "Quantity" for "quantity".
func decodeAs[D event.Data](convert func(D) event.Data) decode {
	return func(instance any) (event.Data, error) {
		encoded, err := json.Marshal(plain(instance))
		if err != nil {
			return nil, err
		}
		var data D
		if err := jsonv2.Unmarshal(encoded, &data); err != nil {
			return nil, err
		}
		return convert(data), nil
	}
}

// plain writes every number that is an integer as one: for a schema 5.0 and 5e0
// are integers too.
func plain(instance any) any {
	switch value := instance.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = plain(member)
		}
	case []any:
		for i, element := range value {
			value[i] = plain(element)
		}
	case json.Number:
		if number, ok := new(big.Rat).SetString(value.String()); ok && number.IsInt() {
			return json.Number(number.Num().String())
		}
	}
	return instance
}
