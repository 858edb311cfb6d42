package contract

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// weighed is an event in two versions: in kilograms at first, then in grams.
type (
	weighed   struct{ Grams int64 }
	weighedV1 struct{ Kilograms int64 }
)

func (weighed) EventType() string   { return "scale.weighed" }
func (weighedV1) EventType() string { return "scale.weighed" }

func inGrams(old weighedV1) weighed { return weighed{Grams: 1000 * old.Kilograms} }

// inKilograms is what a program can make of the version to come.
func inKilograms(newer weighed) weighedV1 { return weighedV1{Kilograms: newer.Grams / 1000} }

// speaking makes the language of one event, whose schemas have one member.
func speaking(t *testing.T, d definition) *Language {
	t.Helper()
	schemas := fstest.MapFS{}
	for version, member := range map[string]string{"1": "Kilograms", "2": "Grams"} {
		schemas["schema/scale.weighed."+version+".json"] = &fstest.MapFile{Data: []byte(`{
			"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "` + schemaBase + `scale.weighed/` + version + `",
			"type": "object", "required": ["` + member + `"], "properties": {"` + member + `": {"type": "integer", "minimum": 1}}}`)}
	}
	language, err := newLanguage([]definition{d}, schemas)
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

func TestBothVersionsAreReadBeforeAndAfterTheNewOneIsWritten(t *testing.T) {
	for name, test := range map[string]struct {
		definition
		want    event.Data
		written string
	}{
		"before": {reads(define[weighedV1]("scale", "1"), "2", inKilograms), weighedV1{Kilograms: 3}, "1"},
		"after":  {reads(define[weighed]("scale", "2"), "1", inGrams), weighed{Grams: 3000}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			language := speaking(t, test.definition)
			for version, data := range map[string]string{"1": `{"Kilograms": 3}`, "2": `{"Grams": 3000}`} {
				read, err := language.Read(weight(version, data))
				if diff := cmp.Diff(test.want, read); diff != "" || err != nil {
					t.Errorf("version %s is read as (-want +got):\n%s%v", version, diff, err)
				}
			}
			encoded, err := json.Marshal(test.want)
			if err != nil {
				t.Fatal(err)
			}
			written, err := language.Write(weight("", string(encoded)))
			if err != nil || !strings.HasSuffix(written.DataSchema, "/"+test.written) {
				t.Errorf("it is written by the schema %s, %v", written.DataSchema, err)
			}
		})
	}
}

func TestAVersionIsHeldToItsOwnSchema(t *testing.T) {
	language := speaking(t, reads(define[weighed]("scale", "2"), "1", inGrams))
	for name, e := range map[string]event.Event{
		"the data of the other version": weight("1", `{"Grams": 3000}`),
		"against its schema":            weight("1", `{"Kilograms": 0}`),
		"another spelling":              weight("1", `{"Kilograms": 3, "kilograms": 4}`),
		"a version that is not read":    weight("3", `{"Grams": 3000}`),
	} {
		if data, err := language.Read(e); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: read as %+v, %v", name, data, err)
		}
	}
}

func TestAVersionWithoutASchemaIsRefusedAtOnce(t *testing.T) {
	_, err := newLanguage([]definition{define[weighed]("scale", "2")}, fstest.MapFS{})
	if err == nil || !strings.Contains(err.Error(), "schema of scale.weighed") {
		t.Errorf("the error is %v", err)
	}
}
