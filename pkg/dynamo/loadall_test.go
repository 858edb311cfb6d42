package dynamo_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

func TestRecordsAreLoadedWithOneConsistentReadForEveryHundred(t *testing.T) {
	c := newClient()
	var subjects []string
	for n := range 201 {
		subjects = append(subjects, fmt.Sprintf("o-%d", n))
	}
	c.items["o-1"] = item(t, "3")
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).LoadAll(t.Context(), subjects)
	if err != nil {
		t.Fatal(err)
	}
	want := record()
	want.Version = 3
	assertEqual(t, want, got["o-1"])
	assertEqual(t, participant.Record{Subject: "o-200"}, got["o-200"])
	assertEqual(t, 201, len(got))
	assertEqual(t, []string{"BatchGetItem", "BatchGetItem", "BatchGetItem"}, c.calls)
	if request := c.batches[0].RequestItems[table]; !*request.ConsistentRead || len(request.Keys) != 100 {
		t.Errorf("the first request has %d keys, consistent: %t", len(request.Keys), *request.ConsistentRead)
	}
}

func TestARecordThatABatchDoesNotHaveOrThatCannotBeReadIsLeftOut(t *testing.T) {
	c := newClient()
	unprocessed := []string{"left", "left too"}
	for _, subject := range append(unprocessed, "read", "unread", "unread too") {
		c.items[subject] = item(t, "3")
		c.items[subject]["pk"] = str(subject)
	}
	for _, subject := range []string{"unread", "unread too"} {
		c.items[subject]["record"] = &types.AttributeValueMemberB{Value: []byte{0}}
	}
	c.unprocessed = unprocessed
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).LoadAll(t.Context(), append(unprocessed, "read", "unread", "unread too", "absent", ""))
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"absent", "read"}, slices.Sorted(maps.Keys(got)))
	assertEqual(t, []int64{0, 3}, []int64{got["absent"].Version, got["read"].Version})
	assertEqual(t, []string{"BatchGetItem"}, c.calls)
}

func TestCountersThatABatchDoesNotHaveAreAnError(t *testing.T) {
	c := newClient()
	c.items["stock#a"] = map[string]types.AttributeValue{"pk": str("stock#a"), "on_hand": num("1")}
	c.items["stock#b"] = map[string]types.AttributeValue{"pk": str("stock#b"), "on_hand": str("one")}
	c.items["stock#c"] = map[string]types.AttributeValue{"pk": str("stock#c"), "on_hand": num("3")}
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	got, err := store.CountersOf(t.Context(), "stock#a", "absent", "stock#c")
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, participant.Counters{"stock#a": {"on_hand": 1}, "absent": nil, "stock#c": {"on_hand": 3}}, got)
	if _, err := store.CountersOf(t.Context(), "stock#b"); err == nil {
		t.Error("a text is a counter")
	}
	if _, err := store.Counters(t.Context(), "stock#b"); err == nil {
		t.Error("a text is a counter")
	}
	c.unprocessed = []string{"stock#a"}
	if got, err := store.CountersOf(t.Context(), "stock#a"); err == nil {
		t.Errorf("what was left out is %v", got)
	}
}

// DynamoDB rejects a BatchGetItem that has one key twice.
func TestAnItemThatIsNamedTwiceIsReadOnce(t *testing.T) {
	c := newClient()
	c.items["stock#a"] = map[string]types.AttributeValue{"pk": str("stock#a"), "on_hand": num("1")}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).CountersOf(t.Context(), "stock#a", "absent", "stock#a", "absent")
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, participant.Counters{"stock#a": {"on_hand": 1}, "absent": nil}, got)
	if keys := c.batches[0].RequestItems[table].Keys; len(keys) != 2 {
		t.Errorf("the request has %d keys", len(keys))
	}
}

func TestABatchThatCannotBeLoadedIsAnError(t *testing.T) {
	c := newClient()
	c.err = errors.New("connection refused")
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	if _, err := store.LoadAll(t.Context(), []string{"o-1", "o-2"}); !errors.Is(err, c.err) {
		t.Errorf("the error is %v", err)
	}
}
