package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/event"
)

// isOf refuses data that is not what the schema was held against. A schema
// tells "quantity" from "Quantity", but encoding/json takes both for the same
// member and the last one wins, so that a value could pass which nobody checked.
func isOf(data event.Data, checked any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	if !has(checked, decoded) {
		return errors.New("a member's name differs from the schema's in upper and lower case, or its value cannot be read exactly")
	}
	return nil
}

// has tells whether a document has all that a part of it says. It may say more,
// because a consumer leaves aside what it does not know.
func has(document, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		return hasMembers(document, part)
	case []any:
		list, isList := document.([]any)
		return isList && slices.EqualFunc(list, part, has)
	default:
		return document == part
	}
}

func hasMembers(document any, part map[string]any) bool {
	object, isObject := document.(map[string]any)
	for name, value := range part {
		found, named := object[name]
		if !named || !has(found, value) {
			return false
		}
	}
	return isObject
}
