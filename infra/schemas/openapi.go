package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"example.com/saga/pkg/event"
)

// longest is how many characters a schema may have
// (https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html).
const longest = 100_000

// object is a JSON object.
type object = map[string]any

// openAPI returns the OpenAPI 3.0 document of an event, made of the JSON Schema of its
// data and of those that it refers to, by their URIs. It has the form of the documents
// that EventBridge makes of the events that it discovers: the component AWSEvent is the
// event as targets receive it, here with a CloudEvent as its detail.
func openAPI(source, eventType, schema string, documents map[string]json.RawMessage) (string, error) {
	c := converter{make(map[string]object), make(map[string]string), make(object)}
	for uri, encoded := range documents {
		if err := decode(encoded, c.documents, uri); err != nil {
			return "", err
		}
	}
	const envelope = "envelope"
	if err := decode(event.Schema(), c.documents, envelope); err != nil {
		return "", err
	}
	members, hasMembers := c.documents[envelope]["properties"].(object)
	if !hasMembers || c.documents[schema] == nil {
		return "", fmt.Errorf("there is no schema %s, or the envelope has no properties", schema)
	}
	// A type that events share may have the name of the event.
	c.documents[schema]["title"] = eventType + " data"
	maps.Copy(members, object{
		"source": object{"const": source}, "type": object{"const": eventType},
		"dataschema": object{"const": schema}, "data": object{"$ref": schema},
	})
	detail, err := c.refer(envelope)
	if err != nil {
		return "", err
	}
	c.components["AWSEvent"] = awsEvent(source, eventType, detail)
	content, err := json.Marshal(object{
		"openapi":    "3.0.0",
		"info":       object{"title": typeName(eventType), "version": "1.0.0"},
		"paths":      object{},
		"components": object{"schemas": c.components},
	})
	if len(content) > longest {
		err = fmt.Errorf("the document has %d characters of %d", len(content), longest)
	}
	return string(content), err
}

// awsEvent returns the schema of an event as EventBridge delivers it
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
func awsEvent(source, eventType string, detail object) object {
	text := object{"type": "string"}
	properties := object{
		"version": text, "id": text, "account": text, "region": text,
		"source": enumeration(source), "detail-type": enumeration(eventType),
		"time":      object{"type": "string", "format": "date-time"},
		"resources": object{"type": "array", "items": text},
		"detail":    detail,
	}
	return object{
		"type": "object", "required": slices.Sorted(maps.Keys(properties)), "properties": properties,
		"x-amazon-events-source": source, "x-amazon-events-detail-type": eventType,
	}
}

// converter converts JSON Schemas of draft 2020-12, which have URIs, into components of
// an OpenAPI 3.0 document (https://spec.openapis.org/oas/v3.0.3.html#schema-object).
type converter struct {
	documents map[string]object
	// uris has which schema a component is made of.
	uris       map[string]string
	components object
}

// refer returns a reference to the component that a schema is converted into. It adds the
// component, and those that it refers to.
func (c converter) refer(uri string) (object, error) {
	base, pointer, _ := strings.Cut(uri, "#")
	schema := c.documents[base]
	name, _ := schema["title"].(string)
	if pointer != "" {
		shared, _ := schema["$defs"].(object)
		name = strings.TrimPrefix(pointer, "/$defs/")
		schema, _ = shared[name].(object)
	}
	name = typeName(name)
	if schema == nil || name == "" {
		return nil, fmt.Errorf("%s: there is no such schema, or it has no title", uri)
	}
	if other, known := c.uris[name]; known && other != uri {
		return nil, fmt.Errorf("%s and %s would be the same component %s", other, uri, name)
	} else if !known {
		c.uris[name] = uri
		converted, err := c.convert(base, schema)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", uri, err)
		}
		c.components[name] = converted
	}
	return object{"$ref": "#/components/schemas/" + name}, nil
}

// convert converts a schema, or a part of one, of the document with the URI base.
func (c converter) convert(base string, value any) (object, error) {
	schema, is := value.(object)
	if !is {
		return nil, errors.New("it is no object")
	}
	if uri, is := schema["$ref"].(string); is {
		if len(schema) > 1 {
			return nil, errors.New("OpenAPI 3.0 ignores what is beside a $ref")
		}
		if strings.HasPrefix(uri, "#") {
			uri = base + uri
		}
		return c.refer(uri)
	}
	converted := make(object)
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if err := c.add(converted, base, keyword, schema[keyword]); err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
	}
	return converted, nil
}

// add adds a keyword to a converted schema.
func (c converter) add(to object, base, keyword string, value any) error {
	var err error
	switch keyword {
	case "$schema", "$id", "$defs": // Components have none.
	case "title", "description", "format", "pattern", "minLength", "maxLength", "minimum", "maximum",
		"minItems", "maxItems", "required", "enum", "x-personal":
		to[keyword] = value
	case "const":
		text, is := value.(string)
		if !is {
			return errors.New("only a text is converted")
		}
		maps.Copy(to, enumeration(text))
	case "examples":
		if all, is := value.([]any); is && len(all) > 0 {
			to["example"] = all[0]
		}
	case "type":
		if name, is := value.(string); !is || name == "null" {
			return errors.New("OpenAPI 3.0 has neither lists of types nor null")
		}
		to[keyword] = value
	case "items":
		to[keyword], err = c.convert(base, value)
	case "allOf", "anyOf":
		to[keyword], err = c.convertList(base, value)
	case "properties":
		to[keyword], err = c.convertMembers(base, value)
	default:
		return errors.New("there is no conversion to OpenAPI 3.0")
	}
	return err
}

func (c converter) convertList(base string, value any) ([]object, error) {
	parts, is := value.([]any)
	if !is {
		return nil, errors.New("it is no list")
	}
	var converted []object
	for _, part := range parts {
		one, err := c.convert(base, part)
		if err != nil {
			return nil, err
		}
		converted = append(converted, one)
	}
	return converted, nil
}

func (c converter) convertMembers(base string, value any) (object, error) {
	members, is := value.(object)
	if !is {
		return nil, errors.New("it is no object")
	}
	converted := make(object)
	for name, member := range members {
		one, err := c.convert(base, member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		converted[name] = one
	}
	return converted, nil
}

// enumeration is the schema of one text: OpenAPI 3.0 has no const.
func enumeration(text string) object { return object{"type": "string", "enum": []any{text}} }

// decode decodes a schema into a map, with its numbers as they are written.
func decode(encoded []byte, into map[string]object, uri string) error {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var schema object
	if err := decoder.Decode(&schema); err != nil {
		return fmt.Errorf("schema %s: %w", uri, err)
	}
	into[uri] = schema
	return nil
}

// typeName returns a name as tools use it for a type: OrderPlaced of order.placed.
func typeName(name string) string {
	var made strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		made.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return made.String()
}
