package httpapi

import (
	_ "embed"

	"example.com/saga/pkg/jsonschema"
)

// schemaBase is the URI with which the ids of the schemas begin.
const schemaBase = "https://example.com/saga/schema/http/"

//go:embed schema/order.json
var orderSchema []byte

//go:embed schema/cancellation.json
var cancellationSchema []byte

// newSchemas compiles the schemas, and returns them by their ids.
func newSchemas() (map[string]*jsonschema.Schema, error) {
	return jsonschema.Compile(jsonschema.Formats{"iso-4217": isCurrency}, orderSchema, cancellationSchema)
}
