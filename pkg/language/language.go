package contract

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/ijson"
	"example.com/saga/pkg/jsonschema"
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

// decode returns the data of an event, given its JSON, which was validated.
type decode func(encoded []byte) (event.Data, error)

// NewLanguage compiles the schemas of the catalogue.
func NewLanguage() (*Language, error) {
	return newLanguage(catalogue(), schemaFiles)
}

func newLanguage(catalogue []eventSpec, files fs.FS) (*Language, error) {
	known, err := compile(files)
	if err != nil {
		return nil, err
	}
	language := &Language{events: make(map[string]schemas)}
	for _, spec := range catalogue {
		eventType := spec.example.EventType()
		base := schemaBase + eventType + "/"
		read := schemas{source: spec.source, published: base + spec.version, versions: make(map[string]version)}
		for name, decode := range spec.decode {
			schema, isKnown := known[base+name]
			if !isKnown {
				return nil, fmt.Errorf("schema of %s: there is no version %s", eventType, name)
			}
			read.versions[base+name] = version{schema, decode}
		}
		language.events[eventType] = read
	}
	return language, nil
}

// compile compiles the schemas of the language, and returns them by their ids.
func compile(files fs.FS) (map[string]*jsonschema.Schema, error) {
	paths, err := fs.Glob(files, "schema/*.json")
	if err != nil {
		return nil, err
	}
	documents := make([][]byte, len(paths))
	for i, path := range paths {
		if documents[i], err = fs.ReadFile(files, path); err != nil {
			return nil, err
		}
	}
	return jsonschema.Compile(nil, documents...)
}

// Decode returns the data of an event. event.ErrInvalid is returned if the event is
// of an unknown type, has another source than its type, has a schema version that is
// not read, or violates its schema.
func (l *Language) Decode(e event.Event) (event.Data, error) {
	version, err := l.check(e)
	if err != nil {
		return nil, err
	}
	data, err := version.decode(e.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	return data, nil
}

// Seal completes an event before its publication: it sets the URI of its schema, and
// returns event.ErrInvalid if Decode would.
func (l *Language) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = l.events[e.Type].published
	_, err := l.check(e)
	return e, err
}

// check checks an event against the catalogue and its schema, and returns the
// version of the schema.
func (l *Language) check(e event.Event) (version, error) {
	known, isKnown := l.events[e.Type]
	read, isRead := known.versions[e.DataSchema]
	switch {
	case !isKnown:
		return read, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, e.Type)
	case e.Source != known.source:
		return read, fmt.Errorf("%w: %s has the source %q, not %q", event.ErrInvalid, e.Type, e.Source, known.source)
	case !isRead:
		uris := strings.Join(slices.Sorted(maps.Keys(known.versions)), ", ")
		return read, fmt.Errorf("%w: %s has the schema %q, known is %s", event.ErrInvalid, e.Type, e.DataSchema, uris)
	}
	value, err := ijson.Decode(e.Data)
	if err == nil {
		err = join(read.schema.Validate(value))
	}
	if err != nil {
		return read, fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, e.Type, err)
	}
	return read, nil
}

// decodeAs decodes members by their exact names, as a schema does: encoding/json
// would accept "Quantity" for "quantity". As in a schema, 5.0 and 5e0 are integers.
func decodeAs[D event.Data](convert func(D) event.Data) decode {
	integers := jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(decodeInteger))
	return func(encoded []byte) (event.Data, error) {
		var data D
		if err := jsonv2.Unmarshal(encoded, &data, integers); err != nil {
			return nil, err
		}
		return convert(data), nil
	}
}

func decodeInteger(decoder *jsontext.Decoder, into *int64) error {
	text, err := decoder.ReadValue()
	if err == nil {
		*into, err = jsonschema.Integer(string(text))
	}
	return err
}
