package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPI is the OpenAPI document of the API, which a test generates from the code.
//
//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI document of the API.
func OpenAPI() []byte { return openAPI }

// getOpenAPI returns the OpenAPI document.
func getOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	write(w, http.StatusOK, "application/json", openAPI)
	return nil
}
