package dynamo_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// shared is a layout in which every name is another one.
func shared(t *testing.T) dynamo.Vocabulary {
	t.Helper()
	v, err := dynamo.Vocabulary{}.WithLayout(dynamo.Layout{
		Attributes: map[string]string{
			"pk": "PK", "version": "v", "record": "r", "expires_at": "ttl", "open": "GSI1PK", "due": "GSI1SK",
			"account": "GSI2PK", "amount": "n", "until": "GSI2SK",
		},
		SortKey: "SK", SortValue: "stock", DueIndex: "GSI1", AccountIndex: "GSI2",
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestATableHasTheNamesOfItsLayout(t *testing.T) {
	c := newClient()
	store := dynamo.NewStore(c, table, shared(t))
	r := record()
	r.Due = time.Unix(7, 0).UTC()
	r.Entry = participant.Entry{Account: "customer#1", Amount: 3, ExpiresAt: time.Unix(9, 0).UTC()}
	err := store.Commit(t.Context(), r, []participant.Adjustment{{Item: "stock#1", Add: map[string]int64{"PK": 1, "SK": 2, "pk": 3, "ttl": 4}}})
	if err != nil {
		t.Fatal(err)
	}
	put, update := c.txs[0].TransactItems[0].Put, c.txs[0].TransactItems[1].Update
	assertEqual(t, map[string]types.AttributeValue{
		"PK": str("o-1"), "SK": str("stock"), "v": num("1"), "r": item(t, "1")["record"], "ttl": num("5005"),
		"GSI1PK": str("stock"), "GSI1SK": num("7"), "GSI2PK": str("customer#1"), "GSI2SK": num("9"), "n": num("3"),
	}, put.Item)
	assertEqual(t, map[string]string{"#pk": "PK"}, put.ExpressionAttributeNames)
	assertEqual(t, map[string]types.AttributeValue{"PK": str("stock#1"), "SK": str("stock")}, update.Key)
	assertEqual(t, map[string]string{"#c0": "#PK", "#c1": "#SK", "#c2": "#pk", "#c3": "#ttl"}, update.ExpressionAttributeNames)

	read, err := shared(t).Record(put.Item)
	if err != nil {
		t.Fatal(err)
	}
	r.Version = 1
	assertEqual(t, r, read)
	read.Version = 1
	if err := store.Commit(t.Context(), read, nil); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, map[string]string{"#version": "v"}, c.puts[0].ExpressionAttributeNames)
}

func TestTheItemsOfOthersInATableAreNotRead(t *testing.T) {
	own, err := shared(t).Item(participant.Record{Subject: "o-1", Owner: "stock", State: json.RawMessage(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	counters := map[string]types.AttributeValue{"PK": str("stock#1"), "SK": str("stock"), "on_hand": num("2")}
	other := map[string]types.AttributeValue{"PK": str("o-1"), "SK": str("invoice"), "r": num("1")}
	contents, err := dynamo.Scan(t.Context(), &pages{items: []map[string]types.AttributeValue{other, own, counters}}, table, shared(t))
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, dynamo.Contents{
		Records:  map[string]participant.Record{"o-1": {Subject: "o-1", Owner: "stock", Version: 1, State: json.RawMessage(`{}`)}},
		Counters: map[string]map[string]int64{"stock#1": {"on_hand": 2}},
	}, contents)

	c := newClient()
	entry := func(sk, amount string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"PK": str("o-" + amount), "SK": str(sk), "n": num(amount), "GSI1SK": num("8")}
	}
	c.pages = []*dynamodb.QueryOutput{
		{Items: []map[string]types.AttributeValue{entry("stock", "3"), entry("invoice", "4")}},
		{Items: []map[string]types.AttributeValue{entry("stock", "5")}},
	}
	store := dynamo.NewStore(c, table, shared(t))
	entries, err := store.Entries(t.Context(), "customer#1", time.Unix(1, 0))
	assertEqual(t, map[string]int64{"o-3": 3}, entries)
	if err != nil {
		t.Error(err)
	}
	due, err := store.Due(t.Context(), time.Unix(9, 0), 10)
	assertEqual(t, []string{"o-5"}, due)
	if err != nil {
		t.Error(err)
	}
	assertEqual(t, []string{"GSI2", "GSI1"}, []string{*c.queries[0].IndexName, *c.queries[1].IndexName})
	assertEqual(t, str("stock"), c.queries[1].ExpressionAttributeValues[":open"])
	assertEqual(t, map[string]string{"#open": "GSI1PK", "#due": "GSI1SK"}, c.queries[1].ExpressionAttributeNames)
}

func TestALayoutHasDistinctNamesOfWhatThereIs(t *testing.T) {
	for name, layout := range map[string]dynamo.Layout{
		"an unknown attribute":         {Attributes: map[string]string{"subject": "s"}},
		"no name":                      {Attributes: map[string]string{"pk": ""}},
		"a long name":                  {Attributes: map[string]string{"pk": strings.Repeat("x", 256)}},
		"the name of a counter":        {Attributes: map[string]string{"pk": "#pk"}},
		"one name for two":             {Attributes: map[string]string{"pk": "key", "record": "key"}},
		"the usual name of another":    {Attributes: map[string]string{"pk": "version"}},
		"a sort key without a value":   {SortKey: "sk"},
		"a value without a sort key":   {SortValue: "saga"},
		"a sort key like an attribute": {SortKey: "due", SortValue: "saga"},
	} {
		if _, err := (dynamo.Vocabulary{}).WithLayout(layout); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
	for name, layout := range map[string]dynamo.Layout{
		"exchanged names":     {Attributes: map[string]string{"pk": "record", "record": "pk"}},
		"a name of 255 bytes": {Attributes: map[string]string{"pk": strings.Repeat("x", 255)}},
	} {
		if _, err := (dynamo.Vocabulary{}).WithLayout(layout); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A store keeps its records in a table that has names of its own and a sort key, beside
// the items of others.
func ExampleVocabulary_WithLayout() {
	vocabulary, err := dynamo.Vocabulary{}.WithLayout(dynamo.Layout{
		Attributes: map[string]string{"pk": "PK", "expires_at": "ttl"}, SortKey: "SK", SortValue: "booking",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err := vocabulary.Item(participant.Record{Subject: "b-7", State: json.RawMessage(`{}`), ExpiresAt: time.Unix(1_800_000_000, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"PK", "SK", "ttl", "version"} {
		switch value := item[name].(type) {
		case *types.AttributeValueMemberS:
			fmt.Println(name, value.Value)
		case *types.AttributeValueMemberN:
			fmt.Println(name, value.Value)
		}
	}
	// Output:
	// PK b-7
	// SK booking
	// ttl 1800000000
	// version 1
}
