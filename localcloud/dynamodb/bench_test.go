package dynamodb_test

import (
	"encoding/json"
	"testing"
	"time"

	"example.com/saga/localcloud/dynamodb"
)

// BenchmarkConditionalPut is one commit of an event's state: a put of some
// 600 bytes on condition that the item's version has not changed.
func BenchmarkConditionalPut(b *testing.B) {
	const item = `"status":{"S":"reserved"},"version":{"N":"1"},"handled":{"M":{"0191f2c4-7d1e-5a55-8d3f-3f5c3a0b1c2d":{"L":[{"S":"{\"id\":\"1\",\"type\":\"warehouse.stock-reserved\"}"}]}}},` +
		`"items":{"L":[{"M":{"sku":{"S":"123"},"quantity":{"N":"2"},"price":{"N":"1250"}}}]},"address":{"S":"23 Fake Street"}`
	const request = `{"TableName":"items","Item":{"p":{"S":"1"},` + item + `},"ConditionExpression":"attribute_not_exists(p) OR #v = :v",` +
		`"ExpressionAttributeNames":{"#v":"version"},"ExpressionAttributeValues":{":v":{"N":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`
	b.Run("from JSON", func(b *testing.B) {
		cloud := newCloud(b)
		b.ReportAllocs()
		for b.Loop() {
			cloud.now = cloud.now.Add(time.Second)
			cloud.must(b, "PutItem", request)
		}
	})
	b.Run("in the engine", func(b *testing.B) {
		cloud := newCloud(b)
		var in dynamodb.PutItemInput
		if err := json.Unmarshal([]byte(request), &in); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			cloud.now = cloud.now.Add(time.Second)
			if _, err := cloud.PutItem(b.Context(), &in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
