package jsonschema_test

import (
	"encoding/json"
	"fmt"

	"example.com/saga/pkg/jsonschema"
)

// A violation has a place and a keyword, and no value. A schema with a keyword that would
// not be asserted is refused.
func ExampleCompile() {
	schemas, err := jsonschema.Compile(nil, []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/item",
		"type": "object", "required": ["sku"],
		"properties": {"sku": {"type": "string", "minLength": 1}, "quantity": {"type": "integer", "maximum": 99}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range schemas["https://example.com/item"].Validate(map[string]any{"sku": "123", "quantity": json.Number("100")}) {
		fmt.Println(v.Place, v.Keyword, v.Want)
	}
	_, err = jsonschema.Compile(nil, []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/set", "type": "array", "contains": {}}`))
	fmt.Println("refused:", err != nil)
	// Output:
	// [quantity] maximum 99
	// refused: true
}
