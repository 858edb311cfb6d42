package document

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/generated"
	"example.com/saga/operator/catalogue"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/ijson"
	"example.com/saga/pkg/jsonschema"
)

const asyncAPI = "docs/asyncapi.json"

func prodCatalogue(t *testing.T) catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.New([]byte(read(t, "infra/testdata/prod.golden.json")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheGeneratedAsyncAPIDocumentIsCurrent(t *testing.T) {
	document, err := prodCatalogue(t).AsyncAPI()
	if err != nil {
		t.Fatal(err)
	}
	generated.Check(t, root+"/"+asyncAPI, string(document), *update)
}

// asyncDocument is the part of an AsyncAPI document that these tests read.
type asyncDocument struct {
	Operations map[string]struct {
		Action   string
		Channel  pointer
		Messages []pointer
	}
	Channels   map[string]struct{ Messages map[string]pointer }
	Components struct {
		Messages map[string]struct {
			Payload  json.RawMessage
			Examples []struct{ Payload json.RawMessage }
		}
		Schemas map[string]json.RawMessage
	}
}

type pointer struct {
	To string `json:"$ref"`
}

// name is the last part of the pointer.
func (p pointer) name() string { return p.To[strings.LastIndexByte(p.To, '/')+1:] }

func readAsyncAPI(t *testing.T) asyncDocument {
	t.Helper()
	var document asyncDocument
	decode(t, []byte(read(t, asyncAPI)), &document)
	return document
}

func TestTheAsyncAPIDocumentHasEveryEventWithItsPublisherAndItsConsumers(t *testing.T) {
	document := readAsyncAPI(t)
	types := event.Types(contract.Catalogue().All()...)
	if diff := cmp.Diff(types, slices.Sorted(maps.Keys(document.Components.Messages))); diff != "" {
		t.Errorf("the messages (- language, + document):\n%s", diff)
	}
	got := make(map[string]map[string][]string)
	for id, operation := range document.Operations {
		party := owner(id)
		if strings.HasPrefix(id, contract.Operator) {
			party = contract.Operator
		}
		// A rule that forwards to a bus has no consumer.
		if party == "" || strings.Contains(id, "Forward") {
			continue
		}
		if got[operation.Action] == nil {
			got[operation.Action] = make(map[string][]string)
		}
		for _, message := range operation.Messages {
			got[operation.Action][party] = append(got[operation.Action][party], message.name())
			if document.Channels[operation.Channel.name()].Messages[message.name()].To == "" {
				t.Errorf("%s has %s, which is not in its channel", id, message.name())
			}
		}
		slices.Sort(got[operation.Action][party])
	}
	want := map[string]map[string][]string{"send": {}, "receive": {}}
	for _, party := range append(parties(), contract.Operator) {
		if published := contract.Catalogue().PublishedBy(party); len(published) > 0 {
			want["send"][party] = event.Types(published...)
		}
		if consumed := contract.Catalogue().ConsumedBy(party); len(consumed) > 0 {
			want["receive"][party] = event.Types(consumed...)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the operations (- language, + document):\n%s", diff)
	}
}

func TestTheEventsOfAContextBehindItsOwnBusArePublishedThere(t *testing.T) {
	for id, want := range map[string]string{"loyaltyPublishes": "LoyaltyBus", "warehousePublishes": "GlobalBus", "operatorPublishes": "GlobalBus"} {
		if got := readAsyncAPI(t).Operations[id].Channel.name(); got != want {
			t.Errorf("%s on %q, want %s", id, got, want)
		}
	}
}

// payloads compiles the schemas of the payloads, by the types of the messages.
func payloads(t *testing.T, document asyncDocument) map[string]*jsonschema.Schema {
	t.Helper()
	const base, dialect = "https://example.com/test/", "https://json-schema.org/draft/2020-12/schema"
	local := func(value any) []byte {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.ReplaceAll(encoded, []byte(`"#/components/schemas/`), []byte(`"`+base+`components#/$defs/`))
	}
	documents := [][]byte{local(map[string]any{"$schema": dialect, "$id": base + "components", "$defs": document.Components.Schemas})}
	for name, message := range document.Components.Messages {
		var payload map[string]any
		decode(t, message.Payload, &payload)
		payload["$schema"], payload["$id"] = dialect, base+name
		documents = append(documents, local(payload))
	}
	compiled, err := jsonschema.Compile(nil, documents...)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]*jsonschema.Schema)
	for name := range document.Components.Messages {
		all[name] = compiled[base+name]
	}
	return all
}

func TestEveryExampleIsAnEventOfTheLanguageAndFitsItsMessageAlone(t *testing.T) {
	document := readAsyncAPI(t)
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	schemas := payloads(t, document)
	for name, message := range document.Components.Messages {
		if len(message.Examples) == 0 {
			t.Errorf("%s has no example", name)
		}
		for _, example := range message.Examples {
			parsed, err := event.Parse(example.Payload)
			if err == nil {
				_, err = language.Decode(parsed)
			}
			if err != nil {
				t.Errorf("the example of %s: %v", name, err)
			}
			for other, schema := range schemas {
				if got, want := fits(t, schema, example.Payload), other == name; got != want {
					t.Errorf("the example of %s fits the message %s: %t", name, other, got)
				}
			}
		}
	}
}

func fits(t *testing.T, schema *jsonschema.Schema, encoded []byte) bool {
	t.Helper()
	value, err := ijson.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return len(schema.Validate(value)) == 0
}

func TestTheEnvelopeOfAMessageRequiresWhatAnEventRequires(t *testing.T) {
	document := readAsyncAPI(t)
	const name = "payment.taken"
	schema, valid := payloads(t, document)[name], document.Components.Messages[name].Examples[0].Payload
	var members map[string]any
	decode(t, valid, &members)
	for member := range members {
		without := maps.Clone(members)
		delete(without, member)
		encoded, err := json.Marshal(without)
		if err != nil {
			t.Fatal(err)
		}
		_, failure := event.Parse(encoded)
		if got, want := fits(t, schema, encoded), failure == nil; got != want {
			t.Errorf("without %s the document accepts it: %t, the code: %v", member, got, failure)
		}
	}
}
