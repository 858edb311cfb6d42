package contract_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

// examples returns the example of each event's data.
func examples(t *testing.T) []event.Data {
	t.Helper()
	language := newLanguage(t)
	var all []event.Data
	for _, data := range contract.Catalogue().All() {
		described, err := language.Describe(data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, described.Example)
	}
	return all
}

func newLanguage(tb testing.TB) *language.Language {
	tb.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		tb.Fatal(err)
	}
	return language
}

// sealed makes an event of data as its publisher does.
func sealed(tb testing.TB, language *language.Language, data event.Data) event.Event {
	tb.Helper()
	cause := event.Event{ID: "e-1", Source: "test", Subject: "o-1", CorrelationID: "c-1"}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	e, err := event.Caused(event.Cause{Event: cause}, sourceOf(tb, data), data, 0, at)
	if err != nil {
		tb.Fatal(err)
	}
	if e, err = language.Seal(e); err != nil {
		tb.Fatal(err)
	}
	return e
}

func sourceOf(tb testing.TB, data event.Data) string {
	tb.Helper()
	for source := range contract.Catalogue().BySource(data) {
		return source
	}
	tb.Fatalf("%s has no source", data.EventType())
	return ""
}

func TestEveryEventHasASchemaFileAndEverySchemaFileAnEvent(t *testing.T) {
	paths, err := filepath.Glob("schema/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, path := range paths {
		if name, version, _ := cut(strings.TrimSuffix(filepath.Base(path), ".json")); name != "types" {
			described = append(described, name)
			if version != "1" {
				t.Errorf("%s: a new version needs a line in the catalogue and in this test", path)
			}
		}
	}
	if diff := cmp.Diff(event.Types(contract.Catalogue().All()...), described); diff != "" {
		t.Errorf("the catalogue (-) and the schema files (+) differ:\n%s", diff)
	}
}

// cut splits warehouse.stock-reserved.1 before the version.
func cut(name string) (before, version string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

func TestEveryEventIsDescribedWithAnExampleThatHasEveryMember(t *testing.T) {
	language := newLanguage(t)
	for _, data := range contract.Catalogue().All() {
		described, err := language.Describe(data)
		if err != nil || described.Meaning == "" {
			t.Fatalf("%s means %q, %v", data.EventType(), described.Meaning, err)
		}
		value := reflect.ValueOf(described.Example)
		if value.Type() != reflect.TypeOf(data) {
			t.Errorf("the example of %s is a %s", data.EventType(), value.Type())
		}
		for i := range value.NumField() {
			if value.Field(i).IsZero() {
				t.Errorf("the example of %s leaves %s empty", data.EventType(), value.Type().Field(i).Name)
			}
		}
	}
}

type unknown struct{}

func (unknown) EventType() string { return "order.eaten" }

func TestAnUnknownEventIsNotDescribed(t *testing.T) {
	if described, err := newLanguage(t).Describe(unknown{}); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("described as %+v, %v", described, err)
	}
}

func TestDataIsDecodedAsItWasSealed(t *testing.T) {
	language := newLanguage(t)
	for _, data := range examples(t) {
		t.Run(data.EventType(), func(t *testing.T) {
			encoded, err := json.Marshal(sealed(t, language, data))
			if err != nil {
				t.Fatal(err)
			}
			e, err := event.Parse(encoded)
			if err != nil {
				t.Fatal(err)
			}
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

func TestACompensationMayHaveNothingToUndo(t *testing.T) {
	language := newLanguage(t)
	for _, data := range []event.Data{
		contract.PaymentRefunded{Reason: contract.TimedOut},
		contract.PointsRevoked{Reason: contract.TimedOut},
		contract.StockReleased{Items: []contract.Stock{}, Reason: contract.TimedOut},
	} {
		t.Run(data.EventType(), func(t *testing.T) {
			decoded, err := language.Decode(sealed(t, language, data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(data, decoded); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEventsAreGroupedByTheirSource(t *testing.T) {
	got := contract.Catalogue().BySource(contract.PaymentTaken{}, contract.OrderPlaced{}, contract.PaymentDeclined{}, contract.StockReceived{})
	want := map[string][]string{
		"order":     {"order.placed"},
		"payment":   {"payment.declined", "payment.taken"},
		"warehouse": {"warehouse.stock-received"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryTypeBeginsWithItsSource(t *testing.T) {
	for source, types := range contract.Catalogue().BySource(contract.Catalogue().All()...) {
		for _, eventType := range types {
			if !strings.HasPrefix(eventType, source+".") {
				t.Errorf("%s has the source %s", eventType, source)
			}
		}
	}
}

func TestEveryEventHasOnePublisherAndAConsumerThatIsAParty(t *testing.T) {
	parties := append(contract.Catalogue().Contexts(), contract.Operator, contract.Notification)
	published, consumed := make(map[string]int), make(map[string]int)
	for _, party := range parties {
		for _, eventType := range event.Types(contract.Catalogue().PublishedBy(party)...) {
			published[eventType]++
		}
		for _, eventType := range event.Types(contract.Catalogue().ConsumedBy(party)...) {
			consumed[eventType]++
		}
	}
	for _, eventType := range event.Types(contract.Catalogue().All()...) {
		if published[eventType] != 1 || consumed[eventType] == 0 {
			t.Errorf("%s has %d publishers and %d consumers among %v", eventType, published[eventType], consumed[eventType], parties)
		}
	}
}

func TestAContextPublishesItsOwnEventsAndAnOperatorReceivesStock(t *testing.T) {
	sources := contract.Catalogue().BySource(contract.Catalogue().All()...)
	for _, context := range contract.Catalogue().Contexts() {
		for source := range contract.Catalogue().BySource(contract.Catalogue().PublishedBy(context)...) {
			if source != context {
				t.Errorf("%s publishes events of %s", context, source)
			}
		}
		if len(sources[context]) == 0 {
			t.Errorf("%s has no event", context)
		}
	}
	if diff := cmp.Diff([]event.Data{contract.StockReceived{}}, contract.Catalogue().PublishedBy(contract.Operator)); diff != "" {
		t.Errorf("the events of an operator (-want +got):\n%s", diff)
	}
}

func TestTheTotalOfAnOrderIsThatOfItsLines(t *testing.T) {
	order := contract.OrderPlaced{Items: []contract.Item{
		{SKU: "a", Quantity: 2, Price: 1250, Currency: "EUR"},
		{SKU: "b", Quantity: 3, Price: 1, Currency: "EUR"},
	}}
	if diff := cmp.Diff(contract.Money{Amount: 2503, Currency: "EUR"}, order.Total()); diff != "" {
		t.Error(diff)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	encoded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestTheSchemasAreThoseThatAreReadAndTheSharedTypes(t *testing.T) {
	language := newLanguage(t)
	want := []string{"https://example.com/saga/schema/types/1"}
	for _, data := range contract.Catalogue().All() {
		described, err := language.Describe(data)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(described.Versions, described.Schema) {
			t.Errorf("%s is published as %s, and read as %v", data.EventType(), described.Schema, described.Versions)
		}
		want = append(want, described.Versions...)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(language.Schemas()))); diff != "" {
		t.Errorf("the schemas (-want +got):\n%s", diff)
	}
}
