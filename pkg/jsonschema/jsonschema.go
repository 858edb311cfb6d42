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
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
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
	Dialect     string            `json:"$schema"`
	ID          string            `json:"$id"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Examples    []json.RawMessage `json:"examples"`
	IsPersonal  bool              `json:"x-personal"`

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
// ids. The error has everything that is wrong with them, a line for each.
func Compile(formats Formats, documents ...[]byte) (map[string]*Schema, error) {
	c := compiler{formats: Formats{"date-time": dateTime()}, documents: make(map[string]*node)}
	maps.Copy(c.formats, formats)
	for _, encoded := range documents {
		c.add(encoded)
	}
	schemas := make(map[string]*Schema)
	for _, id := range slices.Sorted(maps.Keys(c.documents)) {
		document := c.documents[id]
		c.compile(document, document)
		schemas[id] = &Schema{document}
	}
	if len(c.problems) > 0 {
		slices.SortFunc(c.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(c.problems...)
	}
	return schemas, nil
}

type compiler struct {
	formats   Formats
	documents map[string]*node
	problems  []error
}

// report adds a problem of a document.
func (c *compiler) report(document *node, format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s: %w", cmp.Or(document.ID, "a schema without $id"), fmt.Errorf(format, args...)))
}

// add adds a document.
func (c *compiler) add(encoded []byte) {
	document := &node{}
	err := jsonv2.Unmarshal(encoded, document, jsonv2.RejectUnknownMembers(true))
	switch {
	case err != nil:
		c.report(document, "%w", err)
	case document.ID == "":
		c.report(document, "give it one")
	case document.Dialect != dialect:
		c.report(document, "the $schema is %q, not %s", document.Dialect, dialect)
	case c.documents[document.ID] != nil:
		c.report(document, "there are two schemas")
	default:
		c.documents[document.ID] = document
	}
}

// compile compiles a part of a document, and all parts below it.
func (c *compiler) compile(document, part *node) {
	switch {
	case part == nil:
		c.report(document, "a part is null")
		return
	case part.progress == compiled:
		return
	case part.progress == begun:
		c.report(document, "a part contains itself")
		return
	}
	part.progress = begun
	c.resolve(document, part)
	for _, below := range part.below() {
		c.compile(document, below)
	}
	part.progress = compiled
}

// below returns the parts directly below a part.
func (n *node) below() []*node {
	parts := slices.Concat(n.AllOf, n.AnyOf)
	parts = slices.AppendSeq(parts, maps.Values(n.Properties))
	parts = slices.AppendSeq(parts, maps.Values(n.Defs))
	if n.Items != nil {
		parts = append(parts, n.Items)
	}
	return parts
}

// resolve resolves the names in a part: its type, its format and its reference.
func (c *compiler) resolve(document, part *node) {
	switch part.Type {
	case "", "object", "array", "string", "number", "integer", "boolean", "null":
	default:
		c.report(document, "the unknown type %q", part.Type)
	}
	if part.Format != "" {
		if part.hasFormat = c.formats[part.Format]; part.hasFormat == nil {
			c.report(document, "the unknown format %q", part.Format)
		}
	}
	if part.Ref == "" {
		return
	}
	id, pointer, _ := strings.Cut(part.Ref, "#")
	target := document
	if id != "" {
		target = c.documents[id]
	}
	name, isShared := strings.CutPrefix(pointer, "/$defs/")
	if target == nil || !isShared || target.Defs[name] == nil {
		c.report(document, "the $ref %q leads nowhere: only $defs of the given schemas are referred to", part.Ref)
		return
	}
	part.referred = target.Defs[name]
	c.compile(target, part.referred)
}
