package httpapi

import _ "embed"

// openAPI is the OpenAPI document of the API, which a test generates from the code.
//
//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI document of the API.
func OpenAPI() []byte { return openAPI }
