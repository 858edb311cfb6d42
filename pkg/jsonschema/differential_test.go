package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	library "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"pgregory.net/rapid"

	"example.com/saga/pkg/jsonschema"
)

// known are the currencies of the format iso-4217 in these tests.
func known() []string { return []string{"EUR", "USD", "JPY"} }

func isKnown(code string) bool { return slices.Contains(known(), code) }

// schemaFiles returns the JSON Schemas of the repository.
func schemaFiles(t *testing.T) [][]byte {
	t.Helper()
	var files [][]byte
	for _, root := range []string{"..", "../../services"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Base(filepath.Dir(path)) != "schema" || filepath.Ext(path) != ".json" {
				return err
			}
			file, err := os.ReadFile(path)
			files = append(files, file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// pair is a schema, compiled by this package and by the library.
type pair struct {
	ours     *jsonschema.Schema
	theirs   *library.Schema
	document map[string]any
}

// pairs returns all schemas by their ids, and the documents that they are in.
func pairs(t *testing.T) map[string]pair {
	t.Helper()
	files := schemaFiles(t)
	ours, err := jsonschema.Compile(jsonschema.Formats{"iso-4217": isKnown}, files...)
	if err != nil {
		t.Fatal(err)
	}
	compiler := library.NewCompiler()
	compiler.AssertFormat()
	compiler.RegisterFormat(&library.Format{Name: "iso-4217", Validate: func(value any) error {
		if code, isText := value.(string); isText && !isKnown(code) {
			return errors.New("not a currency")
		}
		return nil
	}})
	documents := make(map[string]map[string]any)
	for _, file := range files {
		document := decode(t, file).(map[string]any)
		id := document["$id"].(string)
		if err := compiler.AddResource(id, document); err != nil {
			t.Fatal(err)
		}
		documents[id] = document
	}
	all := make(map[string]pair)
	for id, schema := range ours {
		theirs, err := compiler.Compile(id)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = pair{schema, theirs, documents[id]}
	}
	return all
}

func decode(t interface{ Fatal(...any) }, text []byte) any {
	value, err := library.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// violation is a violation without what the library does not report.
type violation struct{ place, keyword, names string }

func violationsOfOurs(found []jsonschema.Violation) []violation {
	var all []violation
	for _, each := range found {
		all = append(all, violation{fmt.Sprintf("%q", each.Place), each.Keyword, fmt.Sprintf("%q", each.Names)})
	}
	return sorted(all)
}

func violationsOfTheirs(err error) []violation {
	invalid, ok := errors.AsType[*library.ValidationError](err)
	if !ok {
		return nil
	}
	var all []violation
	var walk func(*library.ValidationError)
	walk = func(cause *library.ValidationError) {
		for _, deeper := range cause.Causes {
			walk(deeper)
		}
		if len(cause.Causes) > 0 {
			return
		}
		var names []string
		switch broken := cause.ErrorKind.(type) {
		case *kind.Required:
			names = broken.Missing
		case *kind.AdditionalProperties:
			names = slices.Sorted(slices.Values(broken.Properties))
		}
		keyword := strings.Join(cause.ErrorKind.KeywordPath(), "/")
		all = append(all, violation{fmt.Sprintf("%q", cause.InstanceLocation), keyword, fmt.Sprintf("%q", names)})
	}
	walk(invalid)
	return sorted(all)
}

func sorted(all []violation) []violation {
	slices.SortFunc(all, func(a, b violation) int {
		return strings.Compare(a.place+a.keyword+a.names, b.place+b.keyword+b.names)
	})
	return slices.Compact(all)
}

// withoutElementsTooMany removes the violations in elements after maxItems, which this
// package does not validate. In these schemas maxItems is 50, and in no array of an
// array.
func withoutElementsTooMany(all []violation) []violation {
	if !slices.ContainsFunc(all, func(v violation) bool { return v.keyword == "maxItems" }) {
		return all
	}
	return slices.DeleteFunc(all, func(v violation) bool {
		names := strings.Fields(strings.Trim(v.place, "[]"))
		if len(names) < 2 {
			return false
		}
		index, err := strconv.Atoi(strings.Trim(names[1], `"`))
		return err == nil && index >= 50
	})
}

// The library is the reference: whatever the document, both find the same violations in
// the same places.
func TestTheViolationsOfAnyDocumentAreThoseThatALibraryFinds(t *testing.T) {
	all := pairs(t)
	if len(all) < 19 {
		t.Fatalf("only %d schemas were found", len(all))
	}
	for id, each := range all {
		t.Run(id, func(t *testing.T) {
			g := generator{all, id}
			valid, invalid := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				text := g.document(t, each.document)
				value := decode(t, []byte(text))
				theirs := each.theirs.Validate(value)
				if theirs == nil {
					valid++
				} else {
					invalid++
				}
				found := each.ours.Validate(value)
				if (theirs == nil) != (len(found) == 0) {
					t.Fatalf("%s\nthe library: %v, we: %+v", text, theirs, found)
				}
				if diff := cmp.Diff(withoutElementsTooMany(violationsOfTheirs(theirs)), violationsOfOurs(found), cmp.AllowUnexported(violation{})); diff != "" {
					t.Fatalf("%s\n(- the library, + we)\n%s", text, diff)
				}
			})
			isOpen := each.document["type"] == nil
			if valid == 0 || invalid == 0 && !isOpen {
				t.Errorf("%d documents were valid and %d not", valid, invalid)
			}
		})
	}
}

// generator generates JSON texts that a schema accepts, or nearly.
type generator struct {
	all map[string]pair
	id  string
}

// document generates a text that is valid, has some mistakes, or is anything.
func (g generator) document(t *rapid.T, schema map[string]any) string {
	mistakes := rapid.SampledFrom([]int{0, 0, 5, 20, 100}).Draw(t, "mistakes in 100 values")
	return g.value(t, schema, mistakes)
}

func (g generator) value(t *rapid.T, schema map[string]any, mistakes int) string {
	if rapid.IntRange(1, 100).Draw(t, "is wrong") <= mistakes {
		return anything(t, 2)
	}
	if ref, refers := schema["$ref"].(string); refers {
		return g.referred(ref).value(t, g.shared(ref), mistakes)
	}
	for _, keyword := range []string{"anyOf", "allOf"} {
		if parts, has := schema[keyword].([]any); has && schema["type"] == nil {
			return g.value(t, rapid.SampledFrom(parts).Draw(t, keyword).(map[string]any), mistakes)
		}
	}
	if constant, has := schema["const"]; has {
		return encode(t, constant)
	}
	if values, has := schema["enum"].([]any); has {
		return encode(t, rapid.SampledFrom(values).Draw(t, "enum"))
	}
	switch schema["type"] {
	case "object":
		return g.object(t, schema, mistakes)
	case "array":
		return g.array(t, schema, mistakes)
	case "integer":
		return integer(t, schema, mistakes)
	}
	return encode(t, textOf(t, schema, mistakes))
}

// referred returns the generator of the schema that a reference is to.
func (g generator) referred(ref string) generator {
	if id, _, _ := strings.Cut(ref, "#"); id != "" {
		return generator{g.all, id}
	}
	return g
}

func (g generator) shared(ref string) map[string]any {
	shared := g.all[g.referred(ref).id].document["$defs"].(map[string]any)
	return shared[ref[strings.LastIndexByte(ref, '/')+1:]].(map[string]any)
}

func (g generator) object(t *rapid.T, schema map[string]any, mistakes int) string {
	var members []string
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		isMissing := rapid.IntRange(1, 100).Draw(t, "is missing") <= mistakes
		if isOptional := !slices.Contains(required, any(name)); isMissing || isOptional && rapid.Bool().Draw(t, "is left out") {
			continue
		}
		members = append(members, encode(t, name)+":"+g.value(t, properties[name].(map[string]any), mistakes))
	}
	if rapid.IntRange(1, 100).Draw(t, "has another member") <= mistakes {
		other := rapid.SampledFrom([]string{"", "a", "SKU", "Items", "ſku", "a/b", "~", "0"}).Draw(t, "other")
		members = append(members, encode(t, other)+":"+anything(t, 1))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (g generator) array(t *rapid.T, schema map[string]any, mistakes int) string {
	length := rapid.IntRange(1, 3).Draw(t, "length")
	if mistakes > 0 {
		length = rapid.SampledFrom([]int{0, 1, 2, 49, 50, 51, 52}).Draw(t, "wrong length")
	}
	elements := make([]string, length)
	for i := range elements {
		elements[i] = g.value(t, schema["items"].(map[string]any), mistakes)
	}
	return "[" + strings.Join(elements, ",") + "]"
}

// integer generates an integer within the limits, or else near them, in any spelling.
func integer(t *rapid.T, schema map[string]any, mistakes int) string {
	lowest, highest := limit(t, schema, "minimum"), limit(t, schema, "maximum")
	spellings := []string{"%d", "%d", "%d.0", "%d.00", "%de0", "%d0e-1", "%d000E-3"}
	values := rapid.OneOf(rapid.Int64Range(lowest, highest), rapid.SampledFrom([]int64{lowest, highest}))
	if mistakes > 0 {
		values = rapid.OneOf(values, rapid.SampledFrom([]int64{lowest - 1, highest + 1}))
		spellings = append(spellings, "%d.5", "%d0E-2", "%d.0000000000000000000000001")
	}
	value := values.Draw(t, "integer")
	if value == 0 {
		return rapid.SampledFrom([]string{"0", "-0", "0.0", "0e9", "0E-9"}).Draw(t, "zero")
	}
	return fmt.Sprintf(rapid.SampledFrom(spellings).Draw(t, "spelling"), value)
}

func limit(t *rapid.T, schema map[string]any, keyword string) int64 {
	limit, err := schema[keyword].(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

// textOf generates a text that fits a schema, or else one that may fit.
func textOf(t *rapid.T, schema map[string]any, mistakes int) string {
	options := []*rapid.Generator[string]{rapid.SampledFrom([]string{"card", "card-2024", "c"})}
	if pattern, has := schema["pattern"].(string); has {
		options = []*rapid.Generator[string]{rapid.StringMatching(pattern)}
	}
	switch schema["format"] {
	case "iso-4217":
		options = []*rapid.Generator[string]{rapid.SampledFrom(known())}
	case "date-time":
		options = []*rapid.Generator[string]{rapid.SampledFrom([]string{"2026-03-04T05:06:07Z", "2024-02-29T23:59:59.999999999-23:59"})}
	}
	lengths := []int{-1, 0}
	if mistakes > 0 {
		options = append(options, rapid.SampledFrom(texts()))
		lengths = append(lengths, 1)
	}
	if schema["maxLength"] != nil {
		for _, piece := range []string{"x", "街", "😀", "e\u0301"} {
			for _, more := range lengths {
				length := int(limit(t, schema, "maxLength")) + more
				options = append(options, rapid.Just(strings.Repeat(piece, length/utf8.RuneCountInString(piece))))
			}
		}
	}
	return rapid.OneOf(options...).Draw(t, "text")
}

// anything generates a JSON value of at most some levels.
func anything(t *rapid.T, levels int) string {
	kinds := []string{"text", "number", "word", "number", "text", "array", "object"}
	if levels == 0 {
		kinds = kinds[:3]
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "text":
		return encode(t, rapid.OneOf(rapid.SampledFrom(texts()), rapid.String()).Draw(t, "any text"))
	case "number":
		return rapid.SampledFrom(numbers()).Draw(t, "any number")
	case "array":
		return "[" + strings.Repeat(anything(t, levels-1)+",", rapid.IntRange(0, 2).Draw(t, "elements")) + anything(t, levels-1) + "]"
	case "object":
		name := rapid.SampledFrom([]string{"sku", "quantity", "amount", "currency", "x"}).Draw(t, "name")
		return "{" + encode(t, name) + ":" + anything(t, levels-1) + "}"
	}
	return rapid.SampledFrom([]string{"null", "true", "false", "{}", "[]"}).Draw(t, "word")
}

func encode(t interface{ Fatal(...any) }, value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// numbers are spellings of numbers that a float64 cannot hold, or of which readers
// differ, and others. They are small enough for the library, which expands them.
func numbers() []string {
	return []string{
		"0", "-0", "-0.0", "0e5", "0E-5", "1", "-1", "5.0", "5e0", "50e-1", "0.5e1", "1E3", "1.5", "1e-3", "1000000.0", "1000001", "1e300", "-1e300", "1e-300",
		"9007199254740991", "9007199254740991.0", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551616",
		"99999999999.99999999999999999999", "100000000000", "100000000000.00000000000000000001", "1e11", "10e10", "0.1e12", "1000000000001e-1", "1e400", "-1e-400",
	}
}

// texts are texts at the borders of patterns and formats.
func texts() []string {
	all := []string{
		"", " ", "x", "123", "EUR", "eur", "ZZZ", "EURO", "timed-out", "Timed-Out", "undeliverable", "card", "card-4111", "card-41111", "a\nb", "a\r\nb", "a\rb", "\u2028", "\ufeff",
		"\ufffd", "\ufffe", "\U0001ffff", "\u202e", "\u00a0\u3000", "\u200b", "23 Fake Street", "c-42", "o-1", "A.b_c-9", strings.Repeat("s", 64), strings.Repeat("s", 65),
	}
	return append(all,
		"2026-03-04T05:06:07Z", "2026-03-04t05:06:07z", "2026-03-04T05:06:07.5+02:00", "2026-03-04T05:06:07,5Z", "2026-03-04 05:06:07Z",
		"2026-03-04T05:06:07", "2026-03-04T5:06:07Z", "2026-03-04T24:00:00Z", "2016-12-31T23:59:60Z", "2016-12-31T22:59:60Z", "2016-12-31T22:59:60-01:00",
		"2016-12-31T23:59:61Z", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59",
		"2026-03-04T05:06:07+24:00", "2026-03-04T05:06:07+02:60", "2026-03-04T05:06:07.1234567890Z", "12026-03-04T05:06:07Z", "2026-03-04T05:06:07.Z",
		"2026-03-04T05:06:60", "2026-03-04T05:06:6", "2026-03-04T05:06:07+0200", "2026-3-4T05:06:07Z", "2026-03-04T05:06:07ſ",
	)
}
