package contract_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// A text that a pattern, a format or an enumeration confines has nothing personal.
// Any other text may have.
func TestAMemberOfFreeTextIsMarkedPersonal(t *testing.T) {
	notPersonal := []string{"orderId"}
	paths, err := filepath.Glob("schema/*.json")
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, path := range paths {
		for place, member := range memberSchemas(t, path) {
			name := place[strings.LastIndexByte(place, '/')+1:]
			isPersonal := member["x-personal"] != nil
			if isPersonal {
				marked++
			}
			isFree := member["type"] == "string" && member["pattern"] == nil && member["format"] == nil && member["enum"] == nil
			if isFree && !slices.Contains(notPersonal, name) && !isPersonal {
				t.Errorf("%s: %s is a free text and not marked x-personal", path, place)
			}
			if isPersonal && member["x-personal"] != true {
				t.Errorf("%s: x-personal of %s is %v, and not true", path, place, member["x-personal"])
			}
		}
	}
	if marked == 0 {
		t.Error("no member is marked")
	}
}

// memberSchemas returns the schemas of all members in a file, and the shared ones, by
// their places in the file.
func memberSchemas(t *testing.T, path string) map[string]map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(readFile(t, path), &document); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]map[string]any)
	var walk func(place string, value any)
	walk = func(place string, value any) {
		object, _ := value.(map[string]any)
		for _, keyword := range []string{"properties", "$defs"} {
			members, _ := object[keyword].(map[string]any)
			for name, member := range members {
				found[place+"/"+name], _ = member.(map[string]any)
				walk(place+"/"+name, member)
			}
		}
		if items, isList := object["items"].(map[string]any); isList {
			walk(place, items)
		}
	}
	walk("", document)
	return found
}

func TestThePersonalMembersOfAnEventAreThoseThatItsSchemaMarks(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []struct {
		data []event.Data
		want []string
	}{
		{[]event.Data{contract.OrderPlaced{}}, []string{"customerId", "paymentMethod", "shippingAddress"}},
		{[]event.Data{contract.StockReserved{}}, []string{"customerId", "paymentMethod"}},
		{[]event.Data{contract.OrderShipped{}, contract.PaymentTaken{}}, []string{"customerId"}},
		{[]event.Data{contract.PointsAwarded{}, contract.OrderCancelled{}}, nil},
		{nil, nil},
	} {
		if got := language.PersonalMembers(test.data...); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v", event.Types(test.data...), got)
		}
	}
}

func TestAPersonalMemberIsValidatedLikeAnyOther(t *testing.T) {
	language := newLanguage(t)
	for _, data := range examples(t) {
		e := sealed(t, language, data)
		if !strings.Contains(string(e.Data), "customerId") {
			continue
		}
		e.Data = json.RawMessage(strings.Replace(string(e.Data), `"c-42"`, fmt.Sprintf("%q", strings.Repeat("c", 101)), 1))
		assertInvalid(t, language, e)
	}
}
