// Package jsonschema validates JSON values against the keywords of JSON Schema
// (draft 2020-12) that the schemas of the saga use. A schema with any other keyword,
// type or format is refused by name when it is compiled, so every keyword of a schema
// that compiles is asserted.
//
// A violation has a place and a keyword, and no value: it is logged, answered to
// clients and kept with dead letters. Libraries either cost more than the rest of a
// function's start (15 ms), or report the first violation alone, with its value, and
// ignore formats. A test compares this package with such a library.
package jsonschema

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// Formats are the formats of texts, by name, beside date-time. A format reports whether
// a text has it.
type Formats map[string]func(text string) bool

// Schema is a compiled schema.
type Schema struct{ root *node }

// node is a schema or a part of one, with its keywords.
type node struct {
	// Annotations.
	Dialect     string         `json:"$schema"`
	ID          string         `json:"$id"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Examples    jsontext.Value `json:"examples"`
	IsPersonal  bool           `json:"x-personal"`

	Defs  map[string]*node `json:"$defs"`
	Ref   string           `json:"$ref"`
	AllOf []*node          `json:"allOf"`
	AnyOf []*node          `json:"anyOf"`

	Type  string   `json:"type"`
	Const *string  `json:"const"`
	Enum  []string `json:"enum"`

	Required   []string         `json:"required"`
	Properties map[string]*node `json:"properties"`
	Additional *bool            `json:"additionalProperties"`

	Items    *node `json:"items"`
	MinItems *int  `json:"minItems"`
	MaxItems *int  `json:"maxItems"`

	Format    string         `json:"format"`
	MinLength *int           `json:"minLength"`
	MaxLength *int           `json:"maxLength"`
	Pattern   *regexp.Regexp `json:"pattern"`

	Minimum *number `json:"minimum"`
	Maximum *number `json:"maximum"`

	// Set when the schema is compiled.
	referred  *node
	hasFormat func(string) bool
	progress  progress
}

// progress is how far a part of a schema is compiled.
type progress int

const (
	decoded progress = iota
	begun
	compiled
)

// Compile compiles schemas, which may refer to each other, and returns them by their
// ids.
func Compile(formats Formats, documents ...[]byte) (map[string]*Schema, error) {
	c := compiler{formats: Formats{"date-time": dateTime()}, documents: make(map[string]*node)}
	maps.Copy(c.formats, formats)
	for _, encoded := range documents {
		var document *node
		if err := jsonv2.Unmarshal(encoded, &document, jsonv2.RejectUnknownMembers(true)); err != nil {
			return nil, err
		}
		switch {
		case document == nil || document.ID == "":
			return nil, errors.New("a schema without $id")
		case document.Dialect != dialect:
			return nil, fmt.Errorf("%s: the $schema is %q, not %s", document.ID, document.Dialect, dialect)
		case c.documents[document.ID] != nil:
			return nil, fmt.Errorf("%s: there are two schemas", document.ID)
		}
		c.documents[document.ID] = document
	}
	schemas := make(map[string]*Schema)
	for id, document := range c.documents {
		if err := c.compile(document, document); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		schemas[id] = &Schema{document}
	}
	return schemas, nil
}

type compiler struct {
	formats   Formats
	documents map[string]*node
}

// compile compiles a part of a document, and all parts below it.
func (c compiler) compile(document, part *node) error {
	switch {
	case part == nil:
		return errors.New("a part is null")
	case part.progress == compiled:
		return nil
	case part.progress == begun:
		return errors.New("a part contains itself")
	}
	part.progress = begun
	if err := c.resolve(document, part); err != nil {
		return err
	}
	for _, below := range part.below() {
		if err := c.compile(document, below); err != nil {
			return err
		}
	}
	part.progress = compiled
	return nil
}

// below returns the parts directly below a part.
func (n *node) below() []*node {
	var parts []*node
	parts = append(parts, n.AllOf...)
	parts = append(parts, n.AnyOf...)
	for _, property := range n.Properties {
		parts = append(parts, property)
	}
	for _, shared := range n.Defs {
		parts = append(parts, shared)
	}
	if n.Items != nil {
		parts = append(parts, n.Items)
	}
	return parts
}

// resolve resolves the names in a part: its type, its format and its reference.
func (c compiler) resolve(document, part *node) error {
	switch part.Type {
	case "", "object", "array", "string", "number", "integer", "boolean", "null":
	default:
		return fmt.Errorf("the unknown type %q", part.Type)
	}
	if part.Format != "" {
		if part.hasFormat = c.formats[part.Format]; part.hasFormat == nil {
			return fmt.Errorf("the unknown format %q", part.Format)
		}
	}
	if part.Ref == "" {
		return nil
	}
	id, pointer, _ := strings.Cut(part.Ref, "#")
	if id != "" {
		document = c.documents[id]
	}
	name, isShared := strings.CutPrefix(pointer, "/$defs/")
	if document == nil || !isShared || document.Defs[name] == nil {
		return fmt.Errorf("the $ref %q leads nowhere: only $defs of the given schemas are referred to", part.Ref)
	}
	part.referred = document.Defs[name]
	return c.compile(document, part.referred)
}
