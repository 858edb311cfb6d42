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

// schemaBase is the URI that the id of every schema begins with.
const schemaBase = "https://example.com/saga/schema/"

//go:embed schema/*.json
var schemaFiles embed.FS

// Language checks the data of events against their schemas, when they are
// published and when they are consumed.
type Language struct {
	// events has the schemas by event type.
	events map[string]schemas
}

type schemas struct {
	source string
	// published is the URI of the schema that is published.
	published string
	// versions are those that are read, by the URIs of their schemas.
	versions map[string]version
}

type version struct {
	schema *jsonschema.Schema
	decode decode
}

// decode returns the data of an event, given the instance that was validated.
type decode func(instance any) (event.Data, error)

// NewLanguage compiles the schemas of the catalogue.
func NewLanguage() (*Language, error) {
	return newLanguage(catalogue(), schemaFiles)
}

func newLanguage(catalogue []eventSpec, files fs.FS) (*Language, error) {
	compiler, err := newCompiler(files)
	if err != nil {
		return nil, err
	}
	language := &Language{events: make(map[string]schemas)}
	for _, spec := range catalogue {
		eventType := spec.example.EventType()
		base := schemaBase + eventType + "/"
		compiled := schemas{source: spec.source, published: base + spec.version, versions: make(map[string]version)}
		for name, decode := range spec.decode {
			schema, err := compiler.Compile(base + name)
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", eventType, err)
			}
			compiled.versions[base+name] = version{schema, decode}
		}
		language.events[eventType] = compiled
	}
	return language, nil
}

func newCompiler(files fs.FS) (*jsonschema.Compiler, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	paths, err := fs.Glob(files, "schema/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		encoded, err := fs.ReadFile(files, path)
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

// Decode returns the data of an event. event.ErrInvalid is returned if the event is
// of an unknown type, has another source than its type, has a schema version that is
// not read, or violates its schema.
func (l *Language) Decode(e event.Event) (event.Data, error) {
	version, instance, err := l.check(e)
	if err != nil {
		return nil, err
	}
	data, err := version.decode(instance)
	if err != nil {
		return nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	return data, nil
}

// Seal completes an event before its publication: it sets the URI of its schema, and
// returns event.ErrInvalid if Decode would.
func (l *Language) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = l.events[e.Type].published
	_, _, err := l.check(e)
	return e, err
}

// check checks an event against the catalogue and its schema, and returns the
// version of the schema and the validated instance.
func (l *Language) check(e event.Event) (version, any, error) {
	known, isKnown := l.events[e.Type]
	read, isRead := known.versions[e.DataSchema]
	switch {
	case !isKnown:
		return read, nil, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, e.Type)
	case e.Source != known.source:
		return read, nil, fmt.Errorf("%w: %s has the source %q, not %q", event.ErrInvalid, e.Type, e.Source, known.source)
	case !isRead:
		uris := strings.Join(slices.Sorted(maps.Keys(known.versions)), ", ")
		return read, nil, fmt.Errorf("%w: %s has the schema %q, known is %s", event.ErrInvalid, e.Type, e.DataSchema, uris)
	}
	if err := ijson.Check(e.Data); err != nil {
		return read, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
	if err != nil {
		return read, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	if err := read.schema.Validate(instance); err != nil {
		return read, nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, violations(err))
	}
	return read, instance, nil
}

// decodeAs decodes members by their exact names, as a schema does: encoding/json
// would accept "Quantity" for "quantity".
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

// plain rewrites every number that is an integer without fraction and exponent: a
// schema accepts 5.0 and 5e0 as integers too, and a Go integer does not.
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
