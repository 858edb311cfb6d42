package language_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

const schemaBase = "https://example.com/scales/schema/"

// weighed is an event in two versions: first in kilograms, then in grams.
type (
	weighed   struct{ Grams int64 }
	weighedV1 struct{ Kilograms int64 }
)

func (weighed) EventType() string   { return "scale.weighed" }
func (weighedV1) EventType() string { return "scale.weighed" }

func inGrams(old weighedV1) weighed { return weighed{Grams: 1000 * old.Kilograms} }

// inKilograms converts the newer version for a program that publishes the older.
func inKilograms(newer weighed) weighedV1 { return weighedV1{Kilograms: newer.Grams / 1000} }

// languageOf returns the language of one event, whose schemas have one member.
func languageOf(t *testing.T, spec language.Definition) *language.Language {
	t.Helper()
	files := fstest.MapFS{}
	for version, member := range map[string]string{"1": "Kilograms", "2": "Grams"} {
		files["schema/scale.weighed."+version+".json"] = &fstest.MapFile{Data: []byte(`{
			"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "` + schemaBase + `scale.weighed/` + version + `",
			"type": "object", "required": ["` + member + `"], "properties": {"` + member + `": {"type": "integer", "minimum": 1}}}`)}
	}
	language, err := language.New(language.Catalogue{SchemaBase: schemaBase, Schemas: files, Events: []language.Definition{spec}})
	if err != nil {
		t.Fatal(err)
	}
	return language
}

func weight(version, data string) event.Event {
	return event.Event{
		Type: "scale.weighed", Source: "scale", DataSchema: schemaBase + "scale.weighed/" + version, Data: json.RawMessage(data),
	}
}

func TestBothVersionsAreReadBeforeAndAfterTheNewOneIsPublished(t *testing.T) {
	for name, test := range map[string]struct {
		spec   language.Definition
		want   event.Data
		sealed string
	}{
		"before": {language.AlsoReads(language.Publish[weighedV1]("scale", "1"), "2", inKilograms), weighedV1{Kilograms: 3}, "1"},
		"after":  {language.AlsoReads(language.Publish[weighed]("scale", "2"), "1", inGrams), weighed{Grams: 3000}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			language := languageOf(t, test.spec)
			for version, data := range map[string]string{"1": `{"Kilograms": 3}`, "2": `{"Grams": 3000}`} {
				decoded, err := language.Decode(weight(version, data))
				if diff := cmp.Diff(test.want, decoded); diff != "" || err != nil {
					t.Errorf("version %s is decoded as (-want +got):\n%s%v", version, diff, err)
				}
			}
			encoded, err := json.Marshal(test.want)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := language.Seal(weight("", string(encoded)))
			if err != nil || !strings.HasSuffix(sealed.DataSchema, "/"+test.sealed) {
				t.Errorf("it is sealed with the schema %s, %v", sealed.DataSchema, err)
			}
		})
	}
}

func TestAVersionIsValidatedAgainstItsOwnSchema(t *testing.T) {
	language := languageOf(t, language.AlsoReads(language.Publish[weighed]("scale", "2"), "1", inGrams))
	for name, e := range map[string]event.Event{
		"the data of the other version": weight("1", `{"Grams": 3000}`),
		"against its schema":            weight("1", `{"Kilograms": 0}`),
		"another spelling":              weight("1", `{"Kilograms": 3, "kilograms": 4}`),
		"a version that is not read":    weight("3", `{"Grams": 3000}`),
	} {
		if data, err := language.Decode(e); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: decoded as %+v, %v", name, data, err)
		}
	}
}

func TestAVersionWithoutASchemaIsRefusedAtTheStart(t *testing.T) {
	_, err := language.New(language.Catalogue{
		SchemaBase: schemaBase, Schemas: fstest.MapFS{}, Events: []language.Definition{language.Publish[weighed]("scale", "2")},
	})
	if err == nil || !strings.Contains(err.Error(), `scale.weighed: no schema for version "2"`) {
		t.Errorf("the error is %v", err)
	}
}
