package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABatchHasTheItemsThatExist(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"1"},"a":{"N":"1"},"b":{"N":"2"}}}`)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"2"},"a":{"N":"3"}}}`)
	same(t, cloud.must(t, "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}},{"p":{"S":"gone"}},{"p":{"S":"2"}}],"ProjectionExpression":"#a","ExpressionAttributeNames":{"#a":"a"}}}}`),
		`{"Responses":{"items":[{"a":{"N":"1"}},{"a":{"N":"3"}}]},"UnprocessedKeys":{}}`)
	same(t, cloud.must(t, "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"gone"}}]}}}`),
		`{"Responses":{"items":[]},"UnprocessedKeys":{}}`)
}

func TestABatchIsRefused(t *testing.T) {
	cloud := newCloud(t)
	keys := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"p":{"S":"%d"}}`, i))
		}
		return `{"RequestItems":{"items":{"Keys":[` + strings.Join(all, ",") + `]}}}`
	}
	cloud.must(t, "BatchGetItem", keys(100))
	for _, c := range []struct{ request, reason string }{
		{keys(101), "Too many items requested"},
		{keys(0), "length greater than or equal to 1"},
		{`{"RequestItems":{}}`, "length greater than or equal to 1"},
		{`{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}},{"p":{"S":"1"}}]}}}`, "contains duplicates"},
		{`{"RequestItems":{"items":{"Keys":[{"q":{"S":"1"}}]}}}`, "key"},
	} {
		cloud.refused(t, "BatchGetItem", c.request, "ValidationException", c.reason)
	}
	cloud.refused(t, "BatchGetItem", `{"RequestItems":{"missing":{"Keys":[{"p":{"S":"1"}}]}}}`, "ResourceNotFoundException", "not found")
}

func TestKeysThatDoNotFitIntoAnAnswerAreUnprocessed(t *testing.T) {
	cloud := newCloud(t)
	var keys []string
	for i := range 45 {
		key := fmt.Sprintf(`{"p":{"S":"%d"}}`, i)
		keys = append(keys, key)
		cloud.must(t, "PutItem", fmt.Sprintf(`{"TableName":"items","Item":{"p":{"S":"%d"},"a":{"S":"%s"}}}`, i, strings.Repeat("x", 390<<10)))
	}
	var out struct {
		Responses       map[string][]json.RawMessage
		UnprocessedKeys map[string]struct {
			Keys           []json.RawMessage
			ConsistentRead bool
		}
	}
	answer := cloud.must(t, "BatchGetItem", `{"RequestItems":{"items":{"ConsistentRead":true,"Keys":[`+strings.Join(keys, ",")+`]}}}`)
	if err := json.Unmarshal([]byte(answer), &out); err != nil {
		t.Fatal(err)
	}
	left := out.UnprocessedKeys["items"]
	if read := len(out.Responses["items"]); read != 42 || len(left.Keys) != 3 || !left.ConsistentRead {
		t.Errorf("%d items are read, and %d keys are left", read, len(left.Keys))
	}
}

// writes is a request of a BatchWriteItem on the table items.
func writes(elements ...string) string {
	return `{"RequestItems":{"items":[` + strings.Join(elements, ",") + `]}}`
}

func putting(key, more string) string {
	return `{"PutRequest":{"Item":{"p":{"S":"` + key + `"}` + more + `}}}`
}

func deleting(key string) string { return `{"DeleteRequest":{"Key":{"p":{"S":"` + key + `"}}}}` }

func TestABatchPutsAndDeletes(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"old"},"a":{"N":"1"}}}`)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"gone"}}}`)
	same(t, cloud.must(t, "BatchWriteItem", writes(putting("new", ""), putting("old", `,"b":{"N":"2"}`), deleting("gone"), deleting("never"))), `{"UnprocessedItems":{}}`)
	want := map[string]string{`{"S":"new"}`: `{}`, `{"S":"old"}`: `{"b":{"N":"2"}}`}
	if difference := cmp.Diff(want, cloud.contents(t)); difference != "" {
		t.Error(difference)
	}
}

func TestABatchOfWritesIsRefusedAsAWhole(t *testing.T) {
	cloud := newCloud(t)
	var many []string
	for i := range 26 {
		many = append(many, putting(fmt.Sprint(i), ""))
	}
	for _, c := range []struct{ request, reason string }{
		{writes(many...), "Too many items requested for the BatchWriteItem call"},
		{writes(), "length greater than or equal to 1"},
		{`{"RequestItems":{}}`, "length greater than or equal to 1"},
		{writes(putting("1", ""), deleting("1")), "contains duplicates"},
		{writes(putting("1", ""), `{}`), "exactly one of PutRequest and DeleteRequest"},
		{writes(putting("1", ""), `{"DeleteRequest":{"Key":{"q":{"S":"1"}}}}`), "The provided key element does not match the schema"},
		{writes(putting("1", ""), `{"PutRequest":{"Item":{"p":{"N":"1"}}}}`), "Type mismatch for key p"},
		{writes(putting("1", ""), putting("2", `,"x":{"S":"`+strings.Repeat("x", 400<<10)+`"}`)), "Item size has exceeded the maximum allowed size"},
		{writes(putting("1", ""), `{"PutRequest":{"Item":{"p":{"S":"2"}},"ConditionExpression":"p = p"}}`), "ConditionExpression"},
	} {
		cloud.refused(t, "BatchWriteItem", c.request, "ValidationException", c.reason)
	}
	cloud.refused(t, "BatchWriteItem", `{"RequestItems":{"missing":[`+putting("1", "")+`]}}`, "ResourceNotFoundException", "not found")
	if contents := cloud.contents(t); len(contents) > 0 {
		t.Errorf("something was written: %v", contents)
	}
	cloud.must(t, "BatchWriteItem", writes(many[:25]...))
}
