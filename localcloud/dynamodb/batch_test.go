package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
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
