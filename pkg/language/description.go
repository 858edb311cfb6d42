package contract

import (
	"encoding/json"
	"fmt"
	"slices"

	"example.com/saga/pkg/event"
)

// Description is the documentation of an event in its schema.
type Description struct {
	// Meaning is what the event means, in a sentence or two.
	Meaning string
	// Example has every member set.
	Example event.Data
	// Schema is the URI of the schema that is published. Versions are the URIs of those
	// that are read, sorted.
	Schema   string
	Versions []string
}

// Describe returns the description of the event that the data belongs to, from the
// version of its schema that is published.
func Describe(data event.Data) (Description, error) {
	for _, spec := range catalogue() {
		if spec.example.EventType() == data.EventType() {
			return describe(spec)
		}
	}
	return Description{}, fmt.Errorf("%w: unknown type %q", event.ErrInvalid, data.EventType())
}

func describe(spec eventSpec) (Description, error) {
	name := spec.example.EventType() + "." + spec.version
	var documented struct {
		Description string            `json:"description"`
		Examples    []json.RawMessage `json:"examples"`
	}
	if err := readSchema(name, &documented); err != nil {
		return Description{}, err
	}
	if len(documented.Examples) == 0 {
		return Description{}, fmt.Errorf("schema of %s: no example", name)
	}
	example, err := spec.decode[spec.version](documented.Examples[0])
	base := schemaBase + spec.example.EventType() + "/"
	var versions []string
	for version := range spec.decode {
		versions = append(versions, base+version)
	}
	slices.Sort(versions)
	return Description{documented.Description, example, base + spec.version, versions}, err
}

// Schemas returns the documents of all schemas by their URIs, those of the types that
// events share included.
func Schemas() (map[string]json.RawMessage, error) {
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	all := make(map[string]json.RawMessage)
	for _, entry := range entries {
		document, err := schemaFiles.ReadFile("schema/" + entry.Name())
		if err != nil {
			return nil, err
		}
		var identified struct {
			ID string `json:"$id"`
		}
		if err := json.Unmarshal(document, &identified); err != nil {
			return nil, fmt.Errorf("schema %s: %w", entry.Name(), err)
		}
		all[identified.ID] = document
	}
	return all, nil
}

// readSchema decodes a schema file.
func readSchema(name string, into any) error {
	encoded, err := schemaFiles.ReadFile("schema/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(encoded, into)
	}
	if err != nil {
		return fmt.Errorf("schema of %s: %w", name, err)
	}
	return nil
}
