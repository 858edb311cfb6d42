package language_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

const base = "https://example.com/travel/schema/"

// The events of a hotel.
type (
	requested struct {
		Guest  guest    `json:"guest"`
		Nights int      `json:"nights"`
		Rooms  []string `json:"rooms"`
	}
	confirmed struct {
		Room  int16 `json:"room"`
		Floor floor `json:"floor"`
		Beds  uint8 `json:"beds,omitempty"`
		Price *uint `json:"price,omitempty"`
		Level level `json:"level"`
	}
	guest struct {
		Name string `json:"name"`
	}
	floor int8
	// level has a decoder of its own.
	level int
)

func (requested) EventType() string { return "travel.booking-requested" }
func (confirmed) EventType() string { return "hotel.booking-confirmed" }

func (l *level) UnmarshalText(text []byte) error {
	*l = level(len(text))
	return nil
}

// schema returns a file with a schema.
func schema(name, keywords string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(
		`{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "` + base + name + `", "type": "object", ` + keywords + `}`)}
}

// hotel returns the catalogue of the hotel's events.
func hotel() language.Catalogue {
	return language.Catalogue{
		SchemaBase: base,
		Schemas: fstest.MapFS{
			"readme.md": {Data: []byte("no schema")},
			"people.json/1.json": schema("people/1", `"$defs": {
				"guest": {"type": "object", "properties": {"name": {"$ref": "#/$defs/name"}}},
				"name": {"type": "string", "x-personal": true},
				"unused": {"properties": {"secret": {"x-personal": true}}}}`),
			"travel/requested.json": schema("travel.booking-requested/1", `"description": "A guest wants a room.",
				"examples": [{"guest": {"name": "Ada"}, "nights": 2, "rooms": ["17"]}],
				"required": ["guest", "nights"], "properties": {
					"guest": {"$ref": "`+base+`people/1#/$defs/guest"},
					"nights": {"type": "integer", "minimum": 1},
					"rooms": {"type": "array", "items": {"allOf": [{"type": "string", "x-personal": true}]}}}`),
			"hotel/confirmed.json": schema("hotel.booking-confirmed/1", `"properties": {
				"room": {"type": "integer"}, "floor": {}, "beds": {"type": "integer"}, "price": {"type": "integer"},
				"level": {"type": "string", "x-personal": true}}`),
		},
		Events: []language.Definition{
			language.Publish[requested]("travel", "1").To("hotel", "billing"),
			language.Publish[confirmed]("hotel", "1").To("travel").By("reception"),
		},
		SubjectName: "booking_id",
	}
}

func newHotel(t *testing.T) *language.Language {
	t.Helper()
	l, err := language.New(hotel())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestACatalogueHasTheChoreography(t *testing.T) {
	c := hotel()
	for what, test := range map[string]struct{ got, want any }{
		"all":             {c.All(), []event.Data{requested{}, confirmed{}}},
		"of a context":    {c.PublishedBy("travel"), []event.Data{requested{}}},
		"of a party":      {c.PublishedBy("reception"), []event.Data{confirmed{}}},
		"of its context":  {c.PublishedBy("hotel"), []event.Data(nil)},
		"consumed":        {c.ConsumedBy("billing"), []event.Data{requested{}}},
		"contexts":        {c.Contexts(), []string{"travel", "hotel"}},
		"by their source": {c.BySource(c.All()...), map[string][]string{"travel": {"travel.booking-requested"}, "hotel": {"hotel.booking-confirmed"}}},
		"words": {c.Words(), []string{
			"travel", "hotel", "travel.booking-requested", base + "travel.booking-requested/1",
			"hotel.booking-confirmed", base + "hotel.booking-confirmed/1",
		}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestALanguageHasTheWordsAndTheSubjectOfItsCatalogue(t *testing.T) {
	l := newHotel(t)
	if !slices.Equal(l.Words(), hotel().Words()) || l.SubjectName() != "booking_id" {
		t.Errorf("the words are %v, and the subject is %s", l.Words(), l.SubjectName())
	}
}

func TestAnEventIsDescribedByItsSchema(t *testing.T) {
	got, err := newHotel(t).Describe(requested{})
	want := language.Description{
		Meaning: "A guest wants a room.", Example: requested{Guest: guest{"Ada"}, Nights: 2, Rooms: []string{"17"}},
		Schema: base + "travel.booking-requested/1", Versions: []string{base + "travel.booking-requested/1"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if _, err := newHotel(t).Describe(confirmed{}); err == nil || !strings.Contains(err.Error(), "hotel.booking-confirmed: no example") {
		t.Errorf("without an example the error is %v", err)
	}
	c := hotel()
	c.Schemas.(fstest.MapFS)["hotel/confirmed.json"] = schema("hotel.booking-confirmed/1", `"examples": [{"room": 32768}]`)
	l, err := language.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Describe(confirmed{}); err == nil || !strings.Contains(err.Error(), "schema of hotel.booking-confirmed: the example: ") {
		t.Errorf("with an example that cannot be decoded the error is %v", err)
	}
	if _, err := newHotel(t).Describe(weighed{}); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("for an unknown event the error is %v", err)
	}
}

func TestTheDocumentsOfAllSchemasAreFoundByTheirIDs(t *testing.T) {
	documents := newHotel(t).Schemas()
	for _, name := range []string{"people/1", "travel.booking-requested/1", "hotel.booking-confirmed/1"} {
		if !strings.Contains(string(documents[base+name]), base+name) {
			t.Errorf("the document of %s is %s", name, documents[base+name])
		}
	}
	if len(documents) != 3 {
		t.Errorf("there are %d documents", len(documents))
	}
}

func TestAMemberIsPersonalWhereverItsSchemaIsMarked(t *testing.T) {
	for _, test := range []struct {
		data []event.Data
		want []string
	}{
		{[]event.Data{requested{}}, []string{"name", "rooms"}},
		{[]event.Data{weighed{}}, nil},
		{[]event.Data{requested{}, confirmed{}, requested{}}, []string{"level", "name", "rooms"}},
	} {
		if got := newHotel(t).PersonalMembers(test.data...); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v", event.Types(test.data...), got)
		}
	}
}

func TestAnIntegerOfASchemaIsDecodedIntoAnyTypeOfInteger(t *testing.T) {
	l, price := newHotel(t), uint(5)
	for data, want := range map[string]event.Data{
		`{"room": 17.0, "floor": 2e0, "price": 50e-1, "level": "high"}`: confirmed{Room: 17, Floor: 2, Price: &price, Level: 4},
		`{"room": -32768}`: confirmed{Room: -32768},
		`{"room": 32768}`:  nil,
		`{"floor": -129}`:  nil,
		`{"floor": 1.5}`:   nil,
		`{"floor": "two"}`: nil,
		`{"beds": 255}`:    confirmed{Beds: 255},
		`{"beds": 256}`:    nil,
		`{"price": -1}`:    nil,
		`{"price": 0}`:     confirmed{Price: new(uint(0))},
		`{"price": 9e18}`:  confirmed{Price: new(uint(9e18))},
	} {
		got, err := l.Decode(event.Event{
			Source: "hotel", Type: "hotel.booking-confirmed", DataSchema: base + "hotel.booking-confirmed/1", Data: json.RawMessage(data),
		})
		if (want == nil) != errors.Is(err, event.ErrInvalid) || !cmp.Equal(got, want) {
			t.Errorf("%s is decoded as %+v, %v", data, got, err)
		}
	}
}

// pointed is data with a method of its pointer.
type pointed struct{}

func (*pointed) EventType() string { return "hotel.pointed" }

// nameless is data without a type.
type nameless struct{}

func (nameless) EventType() string { return "" }

func TestEverythingThatIsWrongIsReportedAtOnce(t *testing.T) {
	toConfirmed := func(confirmed) confirmed { return confirmed{} }
	_, err := language.New(language.Catalogue{
		SchemaBase: "https://example.com/travel/schema",
		Schemas: fstest.MapFS{
			"a.json": {Data: []byte(`{`)},
			"b.json": {Data: []byte(`{"type": "object"}`)},
			"c.json": schema("c/1", `"patternProperties": {}`),
			"d.json": schema("d/1", `"properties": {"a": {"type": "text"}, "b": {"$ref": "#/$defs/none"}}`),
		},
		Events: []language.Definition{
			language.Publish[requested]("travel", "1").To("hotel", "hotel"),
			language.Publish[requested]("travel", "1").To(""),
			language.AlsoReads(language.AlsoReads(language.Publish[confirmed]("", ""), "2", toConfirmed), "2", toConfirmed).By(""),
			language.AlsoReads(language.Publish[weighed]("aws.scale", "1"), "2", toConfirmed),
			language.Publish[*pointed]("hotel", "1"),
			language.Publish[event.Data]("hotel", "1"),
			language.Publish[nameless]("hotel", "1"),
		},
	})
	if err == nil {
		t.Fatal("there is no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{
		`SchemaBase is "https://example.com/travel/schema", and not an absolute URI with a slash at its end`,
		"a.json: jsontext: unexpected EOF", "b.json: no $id", "c/1: ", `d/1: the unknown type "text"`, `d/1: the $ref "#/$defs/none"`,
		`travel.booking-requested: the consumer "hotel"`, `travel.booking-requested: the consumer ""`,
		"travel.booking-requested: it is defined twice",
		"hotel.booking-confirmed: no publisher", "source is missing", `hotel.booking-confirmed: no schema for version ""`,
		"hotel.booking-confirmed: version 2 is read twice",
		`scale.weighed: no schema for version "1"`, `scale.weighed: no schema for version "2"`,
		"scale.weighed: version 2 is converted to language_test.confirmed, not to language_test.weighed",
		"source begins with aws.",
		"event 5: ", "event 6: ", "event 7: each would be an invalid event: type is missing",
	} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("no line has %q:\n%v", want, err)
		}
	}
	if errors.Is(err, event.ErrInvalid) {
		t.Error("a definition is no invalid event")
	}
}

func TestACatalogueWithoutEventsOrSchemasIsNoLanguage(t *testing.T) {
	_, err := language.New(language.Catalogue{SchemaBase: base})
	if err == nil || !strings.Contains(err.Error(), "no Schemas") || !strings.Contains(err.Error(), "no Events") {
		t.Errorf("the error is %v", err)
	}
}

// unreadable are files that can be listed, and not be read.
type unreadable struct{ fs.FS }

func (u unreadable) Open(name string) (fs.File, error) {
	if path.Ext(name) == ".json" {
		return nil, fs.ErrPermission
	}
	return u.FS.Open(name)
}

func TestSchemasThatCannotBeReadAreNoLanguage(t *testing.T) {
	c := hotel()
	for want, files := range map[error]fs.FS{
		fs.ErrNotExist:   os.DirFS(filepath.Join(t.TempDir(), "none")),
		fs.ErrPermission: unreadable{fstest.MapFS{"a.json": schema("a/1", `"title": "a"`)}},
	} {
		c.Schemas = files
		if _, err := language.New(c); !errors.Is(err, want) {
			t.Errorf("the error is %v, not %v", err, want)
		}
	}
}

func TestTheErrorOfAnEventNamesThePlacesThatAreWrong(t *testing.T) {
	for _, test := range []struct{ eventType, data, want string }{
		{
			"travel.booking-requested", `{"guest": {"name": 42}, "rooms": ["17", 18]}`,
			"data of travel.booking-requested: / without nights, /guest/name against type, /rooms/1 against type",
		},
		{"travel.booking-requested", `{}`, "data of travel.booking-requested: / without guest, nights"},
		{
			"travel.booking-requested", `{"guest": {"name": "Ada", "NAME": "Bob"}}`,
			"data of travel.booking-requested: a member that differs from another in case alone at /guest/NAME",
		},
		{"travel.booking-declined", `{}`, `unknown type "travel.booking-declined"`},
	} {
		_, err := newHotel(t).Decode(event.Event{
			Source: "travel", Type: test.eventType, DataSchema: base + test.eventType + "/1", Data: json.RawMessage(test.data),
		})
		if !errors.Is(err, event.ErrInvalid) || err.Error() != "invalid event: "+test.want {
			t.Errorf("%s: the error is %v", test.data, err)
		}
	}
}

func TestTwoDefinitionsOfOneCatalogueShareNothing(t *testing.T) {
	published := language.Publish[weighed]("scale", "2")
	language.AlsoReads(published, "1", inGrams)
	_, err := language.New(language.Catalogue{SchemaBase: base, Schemas: fstest.MapFS{
		"a.json": schema("scale.weighed/2", `"title": "a weight"`),
	}, Events: []language.Definition{published}})
	if err != nil {
		t.Error(err)
	}
}

func TestASealedEventIsAccepted(t *testing.T) {
	l := newHotel(t)
	cause := event.Cause{Event: event.Event{ID: "e-1", Source: "web", Subject: "b-1", CorrelationID: "b-1"}, IsCommand: true}
	e, err := event.Caused(cause, "travel", requested{Guest: guest{"Ada"}, Nights: 2}, 0, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if e, err = l.Seal(e); err == nil {
		_, err = event.Encode(e)
	}
	if err == nil || !strings.Contains(err.Error(), "/rooms against type") {
		t.Errorf("a list that is null: the error is %v", err)
	}
}
