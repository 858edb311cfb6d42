package dynamo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
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
	assertEqual(t, want, got[1])
	assertEqual(t, participant.Record{Subject: "o-200"}, got[200])
	assertEqual(t, []string{"BatchGetItem", "BatchGetItem", "BatchGetItem"}, c.calls)
	if request := c.batches[0].RequestItems[table]; !*request.ConsistentRead || len(request.Keys) != 100 {
		t.Errorf("the first request has %d keys, consistent: %t", len(request.Keys), *request.ConsistentRead)
	}
}

func TestAKeyThatABatchLeavesUnprocessedIsReadAlone(t *testing.T) {
	c := newClient()
	c.items["o-1"] = item(t, "3")
	c.unprocessed = []string{"o-1"}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).LoadAll(t.Context(), []string{"o-1", "o-2"})
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []int64{3, 0}, []int64{got[0].Version, got[1].Version})
	assertEqual(t, []string{"BatchGetItem", "GetItem"}, c.calls)
}

func TestABatchThatCannotBeLoadedIsAnError(t *testing.T) {
	c := newClient()
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	if _, err := store.LoadAll(t.Context(), []string{"o-1", ""}); !errors.Is(err, event.ErrInvalid) || len(c.calls) != 0 {
		t.Errorf("for an empty key the error is %v after %v", err, c.calls)
	}
	c.items["o-1"] = item(t, "3")
	c.items["o-1"]["record"] = &types.AttributeValueMemberB{Value: []byte{0}}
	if _, err := store.LoadAll(t.Context(), []string{"o-1", "o-2"}); err == nil {
		t.Error("a record of an unknown format is loaded")
	}
	c.err = errors.New("connection refused")
	if _, err := store.LoadAll(t.Context(), []string{"o-1", "o-2"}); !errors.Is(err, c.err) {
		t.Errorf("the error is %v", err)
	}
}
