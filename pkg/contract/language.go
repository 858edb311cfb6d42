package contract

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/event"
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
	definition
	uri    string
	schema *jsonschema.Schema
}

// NewLanguage compiles the schemas of the catalogue.
func NewLanguage() (*Language, error) {
	compiler, err := newCompiler()
	if err != nil {
		return nil, err
	}
	language := &Language{terms: make(map[string]term)}
	for _, d := range catalogue() {
		eventType := d.example.EventType()
		uri := schemaBase + eventType + "/" + d.version
		schema, err := compiler.Compile(uri)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", eventType, err)
		}
		language.terms[eventType] = term{definition: d, uri: uri, schema: schema}
	}
	return language, nil
}

func newCompiler() (*jsonschema.Compiler, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	paths, err := fs.Glob(schemaFiles, "schema/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		encoded, err := schemaFiles.ReadFile(path)
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
// source than its publisher, of another schema version or against its schema
// is event.ErrInvalid.
func (l *Language) Read(e event.Event) (event.Data, error) {
	term, checked, err := l.check(e)
	if err != nil {
		return nil, err
	}
	data, err := term.decode(e.Data)
	if err == nil {
		err = isOf(data, checked)
	}
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
func (l *Language) check(e event.Event) (term, any, error) {
	term, known := l.terms[e.Type]
	switch {
	case !known:
		return term, nil, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, e.Type)
	case e.Source != term.source:
		return term, nil, fmt.Errorf("%w: %s comes from %q, but only %q publishes it", event.ErrInvalid, e.Type, e.Source, term.source)
	case e.DataSchema != term.uri:
		return term, nil, fmt.Errorf("%w: %s has the schema %q, known is %q", event.ErrInvalid, e.Type, e.DataSchema, term.uri)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
	if err != nil {
		return term, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	if err := term.schema.Validate(instance); err != nil {
		return term, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	return term, instance, nil
}

func define[D event.Data](source, version string) definition {
	var example D
	return definition{
		source:  source,
		version: version,
		example: example,
		decode: func(encoded []byte) (event.Data, error) {
			var data D
			err := json.Unmarshal(encoded, &data)
			return data, err
		},
	}
}
