package language

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/jsonschema"
)

// compile returns the schemas in files named *.json by their ids, as documents and
// compiled.
func compile(files fs.FS) (map[string]json.RawMessage, map[string]*jsonschema.Schema, error) {
	if files == nil {
		return nil, nil, errors.New("no Schemas: set it to the files of the schemas, such as an embed.FS")
	}
	var encoded [][]byte
	var problems []error
	documents := make(map[string]json.RawMessage)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		document, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var identified struct {
			ID string `json:"$id"`
		}
		err = jsonv2.Unmarshal(document, &identified)
		if err == nil && identified.ID == "" {
			err = errors.New("no $id: that of an event's schema is SchemaBase, the type, a slash and the version")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			return nil
		}
		encoded, documents[identified.ID] = append(encoded, document), document
		return nil
	})
	schemas, compileErr := jsonschema.Compile(nil, encoded...)
	return documents, schemas, errors.Join(append(problems, err, compileErr)...)
}

// check returns everything that is wrong with the definitions, and the versions that
// have none of the documents.
func (c Catalogue) check(documents map[string]json.RawMessage) []error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !strings.HasSuffix(c.SchemaBase, "/") {
		report("SchemaBase is %q, and not an absolute URI with a slash at its end, such as https://example.com/schema/", c.SchemaBase)
	}
	if len(c.Events) == 0 {
		report("no Events: define at least one with Publish")
	}
	defined := make(map[string]bool)
	for i, d := range c.Events {
		name := fmt.Sprintf("event %d", i+1)
		if d.example == nil || reflect.TypeOf(d.example).Kind() == reflect.Pointer {
			report("%s: its data is a pointer or an interface: give Publish the struct", name)
			continue
		}
		name = cmp.Or(d.example.EventType(), name)
		if defined[name] {
			report("%s: it is defined twice: remove one, or make it a version with AlsoReads", name)
		}
		defined[name] = true
		for _, problem := range d.check(c.schemaID(d, d.version)) {
			report("%s: %w", name, problem)
		}
		for _, version := range slices.Sorted(maps.Keys(d.decode)) {
			if id := c.schemaID(d, version); documents[id] == nil {
				report("%s: no schema for version %q: add one with the $id %s to Schemas", name, version, id)
			}
		}
	}
	return problems
}

// check returns what is wrong with a definition by itself.
func (d Definition) check(schemaID string) []error {
	problems := slices.Clone(d.problems)
	if d.publisher == "" {
		problems = append(problems, errors.New("no publisher: name one in By, or call no By"))
	}
	parties := make(map[string]bool)
	for _, consumer := range d.consumers {
		if consumer == "" || parties[consumer] {
			problems = append(problems, fmt.Errorf("the consumer %q: name each consumer in To, and once", consumer))
		}
		parties[consumer] = true
	}
	// An event with such a definition has to be one that is accepted everywhere.
	if err := event.Check(event.Event{
		ID: "1", Source: d.source, Type: d.example.EventType(), Subject: "1", Time: time.Unix(0, 0), CorrelationID: "1",
		DataSchema: schemaID, Data: json.RawMessage("{}"),
	}); err != nil {
		problems = append(problems, fmt.Errorf("each would be an %s", strings.ReplaceAll(err.Error(), "\n", ", ")))
	}
	return problems
}
