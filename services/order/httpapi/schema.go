package httpapi

import (
	"embed"
	"fmt"
	"io/fs"

	"example.com/saga/pkg/jsonschema"
)

// schemaBase is the URI with which the ids of the schemas begin.
const schemaBase = "https://example.com/saga/schema/http/"

//go:embed schema/*.json
var schemaFiles embed.FS

// newSchema compiles the schema with a name.
func newSchema(name string) (*jsonschema.Schema, error) {
	encoded, err := fs.ReadFile(schemaFiles, "schema/"+name+".json")
	if err != nil {
		return nil, err
	}
	compiled, err := jsonschema.Compile(jsonschema.Formats{"iso-4217": isCurrency}, encoded)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	return compiled[schemaBase+name], nil
}
