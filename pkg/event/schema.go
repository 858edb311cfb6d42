package event

import (
	_ "embed" // For the schema.
	"encoding/json"
)

//go:embed envelope.json
var schema string

// Schema returns the JSON Schema of an event. It has the rules of this package that a
// schema can have; the data is any object.
func Schema() json.RawMessage { return json.RawMessage(schema) }
