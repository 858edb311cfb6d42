package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

func TestARequiredMemberMustBeThere(t *testing.T) {
	language := newLanguage(t)
	for _, data := range examples(t) {
		complete := sealed(t, language, data)
		for _, path := range paths(decoded(t, complete.Data)) {
			t.Run(data.EventType()+" without "+strings.Join(path, "."), func(t *testing.T) {
				e := complete
				e.Data = without(t, complete.Data, path)
				assertInvalid(t, language, e)
			})
		}
	}
}

// paths returns the paths of the members of an object and of the objects in it.
func paths(object map[string]any) [][]string {
	var all [][]string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		all = append(all, []string{name})
		inner := object[name]
		if list, isList := inner.([]any); isList {
			inner = list[0]
		}
		if members, isObject := inner.(map[string]any); isObject {
			for _, path := range paths(members) {
				all = append(all, append([]string{name}, path...))
			}
		}
	}
	return all
}

// holder returns the object that holds the member at a path, in the first element
// of every list on the way.
func holder(object map[string]any, path []string) map[string]any {
	for _, name := range path[:len(path)-1] {
		switch inner := object[name].(type) {
		case map[string]any:
			object = inner
		case []any:
			object = inner[0].(map[string]any)
		}
	}
	return object
}

func without(t *testing.T, data json.RawMessage, path []string) json.RawMessage {
	t.Helper()
	document := decoded(t, data)
	delete(holder(document, path), path[len(path)-1])
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func decoded(t *testing.T, data json.RawMessage) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func assertInvalid(t *testing.T, language *language.Language, e event.Event) {
	t.Helper()
	if data, err := language.Decode(e); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("decoded as %+v, %v; it must be ErrInvalid", data, err)
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	language := newLanguage(t)
	for _, data := range examples(t) {
		t.Run(data.EventType(), func(t *testing.T) {
			e := sealed(t, language, data)
			document := decoded(t, e.Data)
			document["addedLater"] = map[string]any{"by": "a newer publisher"}
			encoded, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			e.Data = encoded
			decoded, err := language.Decode(e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(data, decoded); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEventAgainstItsSchemaIsNotDecoded(t *testing.T) {
	language := newLanguage(t)
	for name, spoil := range map[string]func(*event.Event){
		"an unknown type":          func(e *event.Event) { e.Type = "order.eaten" },
		"the source of another":    func(e *event.Event) { e.Source = contract.SourcePayment },
		"another schema version":   func(e *event.Event) { e.DataSchema = strings.TrimSuffix(e.DataSchema, "1") + "2" },
		"the schema of another":    func(e *event.Event) { e.DataSchema = "https://example.com/saga/schema/order.cancelled/1" },
		"no schema":                func(e *event.Event) { e.DataSchema = "" },
		"data that is no object":   func(e *event.Event) { e.Data = json.RawMessage(`[]`) },
		"data that is null":        func(e *event.Event) { e.Data = json.RawMessage(`null`) },
		"data that is no JSON":     func(e *event.Event) { e.Data = json.RawMessage(`{`) },
		"a number that is no int":  func(e *event.Event) { e.Data = json.RawMessage(`{"sku": "123", "quantity": 1.5}`) },
		"a number in a string":     func(e *event.Event) { e.Data = json.RawMessage(`{"sku": "123", "quantity": "1"}`) },
		"a number below its range": func(e *event.Event) { e.Data = json.RawMessage(`{"sku": "123", "quantity": 0}`) },
		"a number above its range": func(e *event.Event) { e.Data = json.RawMessage(`{"sku": "123", "quantity": 1e300}`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := sealed(t, language, contract.StockReceived{SKU: "123", Quantity: 1})
			spoil(&e)
			assertInvalid(t, language, e)
		})
	}
}

func TestWhatIsNotDecodedIsNotSealed(t *testing.T) {
	language := newLanguage(t)
	for name, e := range map[string]event.Event{
		"an unknown type":       {Type: "order.eaten", Source: contract.SourceOrder, Data: json.RawMessage(`{}`)},
		"the source of another": {Type: "payment.declined", Source: contract.SourceOrder, Data: json.RawMessage(`{"reason":"payment-declined"}`)},
		"a reason of another":   {Type: "payment.declined", Source: contract.SourcePayment, Data: json.RawMessage(`{"reason":"timed-out"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := language.Seal(e); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
		})
	}
}

// A member that differs in case alone is unknown to the schema, but encoding/json
// would decode it.
func TestAMemberCannotBeReplacedByOneThatDiffersInCase(t *testing.T) {
	language := newLanguage(t)
	for name, data := range map[string]string{
		"by a value that the schema refuses": `{"sku": "123", "quantity": 1, "Quantity": -9}`,
		"by a value that the schema allows":  `{"sku": "123", "quantity": 1, "QUANTITY": 9}`,
		"by a letter that folds to another":  `{"sku": "123", "quantity": 1, "\u017fku": "456"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := sealed(t, language, contract.StockReceived{SKU: "123", Quantity: 1})
			e.Data = json.RawMessage(data)
			assertInvalid(t, language, e)
		})
	}
	t.Run("in an object of a list", func(t *testing.T) {
		e := sealed(t, language, contract.StockReleased{Items: []contract.Stock{{SKU: "123", Quantity: 1}}, Reason: contract.TimedOut})
		e.Data = json.RawMessage(strings.Replace(string(e.Data), `"quantity":1`, `"quantity":1,"Quantity":-9`, 1))
		assertInvalid(t, language, e)
	})
	t.Run("nor by itself", func(t *testing.T) {
		e := sealed(t, language, contract.StockReceived{SKU: "123", Quantity: 1})
		e.Data = json.RawMessage(`{"sku": "123", "Quantity": 1}`)
		assertInvalid(t, language, e)
	})
}

// oddValues are JSON values: each member accepts some of them and refuses others.
func oddValues() []string {
	values := []string{
		`null`, `true`, `[]`, `{}`, `[{}]`, `""`, `" "`, `"x"`, `"123"`, `"EUR"`, `"eur"`, `"timed-out"`, `"Timed-Out"`,
		`0`, `-0`, `-0.0`, `0e5`, `1`, `-1`, `5.0`, `5e0`, `50e-1`, `0.5e1`, `1E3`, `1.5`, `1e-3`, `1000000.0`, `1000001`, `1e300`,
		`9007199254740991`, `9007199254740991.0`, `9007199254740992`, `9223372036854775807`, `9223372036854775807.0`,
	}
	for _, at := range []string{
		"2026-03-04T05:06:07Z", "2026-03-04t05:06:07z", "2026-03-04T05:06:07.5+02:00", "2026-03-04T05:06:07,5Z", "2026-03-04 05:06:07Z",
		"2026-03-04T05:06:07", "2026-03-04T5:06:07Z", "2026-03-04T24:00:00Z", "2016-12-31T23:59:60Z", "2026-02-29T00:00:00Z",
		"2024-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "2026-03-04T05:06:07+24:00",
		"2026-03-04T05:06:07+02:60", "2026-03-04T05:06:07.1234567890Z", "12026-03-04T05:06:07Z", "2026-03-04T05:06:07.Z",
	} {
		values = append(values, `"`+at+`"`)
	}
	return values
}

// replaced returns the data with the value of one member, or of its first
// element if it is a list, exchanged.
func replaced(t *testing.T, data json.RawMessage, path []string, value string) json.RawMessage {
	t.Helper()
	const mark = "\x00here"
	document := decoded(t, data)
	holder(document, path)[path[len(path)-1]] = mark
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(strings.Replace(string(encoded), `"\u0000here"`, value, 1))
}

func TestDecodingAgreesWithThePublishedSchema(t *testing.T) {
	language := newLanguage(t)
	accepted, refused := 0, 0
	for _, data := range examples(t) {
		complete := sealed(t, language, data)
		schema := compiled(t, data.EventType())
		for _, path := range paths(decoded(t, complete.Data)) {
			for _, value := range oddValues() {
				e := complete
				e.Data = replaced(t, complete.Data, path, value)
				instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
				if err != nil {
					t.Fatal(err)
				}
				invalid := schema.Validate(instance)
				decoded, err := language.Decode(e)
				switch {
				case invalid == nil && err == nil:
					accepted++
				case invalid != nil && errors.Is(err, event.ErrInvalid):
					refused++
				default:
					t.Errorf("%s with %s: %s\nagainst the schema: %v, decoded as %+v, %v", e.Type, strings.Join(path, "."), value, invalid, decoded, err)
				}
			}
		}
	}
	if accepted < 100 || refused < 100 {
		t.Errorf("only %d values were accepted and %d refused", accepted, refused)
	}
}

// compiled returns the schema of an event as another program gets it: from its files.
func compiled(t *testing.T, eventType string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, name := range []string{"types", eventType} {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, "schema/"+name+".1.json")))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("https://example.com/saga/schema/"+name+"/1", document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("https://example.com/saga/schema/" + eventType + "/1")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestAnErrorNamesMembersAndRepeatsNoValue(t *testing.T) {
	language := newLanguage(t)
	const secret = "4111 1111 1111 1111"
	for _, data := range examples(t) {
		complete := sealed(t, language, data)
		for _, path := range paths(decoded(t, complete.Data)) {
			for _, value := range []string{`"` + secret + `"`, `["` + secret + `"]`, `{"a": "` + secret + `"}`, `"` + strings.Repeat(secret, 60) + `"`, "-411111"} {
				e := complete
				e.Data = replaced(t, complete.Data, path, value)
				_, err := language.Decode(e)
				if err == nil {
					continue
				}
				if text := err.Error(); strings.Contains(text, "4111") || !strings.Contains(text, path[len(path)-1]) {
					t.Errorf("%s with %s: %.40s: the error is %s", e.Type, strings.Join(path, "."), value, text)
				}
			}
		}
	}
}
