package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/dynamodb/attribute"
)

func TestANumberIsStoredInItsNormalForm(t *testing.T) {
	cases := []struct{ sent, stored string }{
		{"0", "0"},
		{"-0", "0"},
		{"0.000", "0"},
		{"0E500", "0"},
		{"007", "7"},
		{"1.50", "1.5"},
		{"-12.340", "-12.34"},
		{"+5", "5"},
		{".5", "0.5"},
		{"5.", "5"},
		{"1e3", "1000"},
		{"1.25E+1", "12.5"},
		{"125E-4", "0.0125"},
		{"1E125", "1" + strings.Repeat("0", 125)},
		{"1E-130", "0." + strings.Repeat("0", 129) + "1"},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
	}
	for _, c := range cases {
		t.Run(c.sent, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, `"n":{"N":`+quoted(c.sent)+`}`)
			same(t, cloud.item(t), `{"Item":{"p":{"S":"1"},"n":{"N":"`+c.stored+`"}}}`)
		})
	}
}

func TestAnInvalidValueIsRefused(t *testing.T) {
	cases := []struct{ value, message string }{
		{`{"N":"123456789012345678901234567890123456789"}`, "Attempting to store more than 38 significant digits in a Number"},
		{`{"N":"1E126"}`, "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{`{"N":"1E99999999999999999999"}`, "Number overflow."},
		{`{"N":"-1E-131"}`, "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
		{`{"N":""}`, "The parameter cannot be converted to a numeric value"},
		{`{"N":"1e"}`, "The parameter cannot be converted to a numeric value: 1e"},
		{`{"N":"1x"}`, "The parameter cannot be converted to a numeric value: 1x"},
		{`{"N":"1 2"}`, "The parameter cannot be converted to a numeric value: 1 2"},
		{`{"N":"1e2e3"}`, "The parameter cannot be converted to a numeric value: 1e2e3"},
		{`{"N":"--1"}`, "The parameter cannot be converted to a numeric value: --1"},
		{`{"N":"NaN"}`, "The parameter cannot be converted to a numeric value: NaN"},
		{`{}`, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{`null`, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{`{"S":null}`, "Supplied AttributeValue is empty"},
		{`{"S":"a","N":"1"}`, "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
		{`{"NULL":false}`, "Null attribute value types must have the value of true"},
		{`{"SS":[]}`, "An string set  may not be empty"},
		{`{"NS":[]}`, "An number set  may not be empty"},
		{`{"BS":[]}`, "Binary sets should not be empty"},
		{`{"SS":["a","a"]}`, "Input collection [a, a] contains duplicates."},
		{`{"NS":["1","1.0"]}`, "Input collection contains duplicates"},
		{`{"L":[{"M":{"x":{"N":"x"}}}]}`, "The parameter cannot be converted to a numeric value: x"},
		{strings.Repeat(`{"L":[`, 33) + strings.Repeat(`]}`, 33), "Nesting Levels have exceeded supported limits"},
	}
	for _, c := range cases {
		t.Run(c.value, func(t *testing.T) {
			newCloud(t).refused(t, "PutItem", `{"TableName":"items","Item":`+withKey(`"a":`+c.value)+`}`, "ValidationException", c.message)
		})
	}
	for value, message := range map[string]string{
		`{"N":5}`:   "cannot unmarshal number",
		`{"X":"a"}`: `unknown field "X"`,
	} {
		t.Run("what is not the JSON of a value: "+value, func(t *testing.T) {
			newCloud(t).refused(t, "PutItem", `{"TableName":"items","Item":`+withKey(`"a":`+value)+`}`, "SerializationException", message)
		})
	}
	t.Run("32 levels are no more than enough", func(t *testing.T) {
		newCloud(t).put(t, `"a":`+strings.Repeat(`{"L":[`, 32)+strings.Repeat(`]}`, 32))
	})
}

func TestEveryTypeComesBackAsItWasStored(t *testing.T) {
	cloud := newCloud(t)
	cloud.put(t, `"s":{"S":""},"n":{"N":"1"},"b":{"B":""},"t":{"BOOL":false},"z":{"NULL":true},"l":{"L":[]},"m":{"M":{}},"ss":{"SS":["a"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ=="]}`)
	same(t, cloud.item(t), `{"Item":{"p":{"S":"1"},"s":{"S":""},"n":{"N":"1"},"b":{"B":""},"t":{"BOOL":false},"z":{"NULL":true},"l":{"L":[]},"m":{"M":{}},"ss":{"SS":["a"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ=="]}}}`)
}

func TestARequestThatDoesNotFitItsTableIsRefused(t *testing.T) {
	long := strings.Repeat("k", 2049)
	cases := []struct{ operation, request, code, message string }{
		{"PutItem", `{"TableName":"nowhere","Item":{"p":{"S":"1"}}}`, "ResourceNotFoundException", "Requested resource not found"},
		{"PutItem", `{"Item":{"p":{"S":"1"}}}`, "ValidationException", "Value null at 'tableName' failed to satisfy constraint: Member must not be null"},
		{"PutItem", `{"TableName":"items"}`, "ValidationException", "Value null at 'item' failed to satisfy constraint"},
		{"PutItem", `{"TableName":"items","Item":{"a":{"S":"1"}}}`, "ValidationException", "One or more parameter values were invalid: Missing the key p in the item"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"N":"1"}}}`, "ValidationException", "Type mismatch for key p expected: S actual: N"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":""}}}`, "ValidationException", "The AttributeValue for a key attribute cannot contain an empty string value. Key: p"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":"` + long + `"}}}`, "ValidationException", "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":"1"},"a":{"S":"` + strings.Repeat("x", 400<<10) + `"}}}`, "ValidationException", "Item size has exceeded the maximum allowed size"},
		{"PutItem", `{"TableName":"orders","Item":{"customer":{"S":"c"},"seq":{"N":"1"},"phase":{"N":"1"}}}`, "ValidationException", "Type mismatch for Index Key phase Expected: S Actual: N IndexName: by-phase"},
		{"PutItem", `{"TableName":"orders","Item":{"customer":{"S":"c"},"seq":{"N":"1"},"phase":{"S":""}}}`, "ValidationException", "cannot contain an empty string value. IndexName: by-phase, IndexKey: phase"},
		{"UpdateItem", `{"TableName":"orders","Key":{"customer":{"S":"c"},"seq":{"N":"1"}},"UpdateExpression":"SET #s = :n","ExpressionAttributeNames":{"#s":"phase"},"ExpressionAttributeValues":{":n":{"N":"1"}}}`, "ValidationException", "Type mismatch for Index Key phase"},
		{"GetItem", `{"TableName":"orders","Key":{"customer":{"S":"c"}}}`, "ValidationException", "The provided key element does not match the schema"},
		{"GetItem", `{"TableName":"items","Key":{"p":{"S":"1"},"q":{"S":"1"}}}`, "ValidationException", "The provided key element does not match the schema"},
		{"DeleteItem", `{"TableName":"items","Key":{"p":{"N":"1"}}}`, "ValidationException", "The provided key element does not match the schema"},
		{"UpdateItem", `{"TableName":"items"}`, "ValidationException", "Value null at 'key' failed to satisfy constraint"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}},"ReturnValues":"ALL_NEW"}`, "ValidationException", "ReturnValues can only be ALL_OLD or NONE"},
		{"UpdateItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ReturnValues":"SOME"}`, "ValidationException", "Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"},
		{"DeleteItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_NEW"}`, "ValidationException", "enum value set: [ALL_OLD, NONE]"},
		{"GetItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ReturnConsumedCapacity":"SOME"}`, "ValidationException", "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}},"Expected":{}}`, "ValidationException", `unknown field "Expected"`},
		{"UpdateItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"AttributeUpdates":{}}`, "ValidationException", `unknown field "AttributeUpdates"`},
		{"Query", `{"TableName":"items","KeyConditions":{}}`, "ValidationException", `unknown field "KeyConditions"`},
		{"Scan", `{"TableName":"items","TotalSegments":2}`, "ValidationException", `unknown field "TotalSegments"`},
	}
	for _, c := range cases {
		t.Run(c.operation+" "+c.message, func(t *testing.T) {
			newCloud(t).refused(t, c.operation, c.request, c.code, c.message)
		})
	}
}

func TestATableMayBeNamedByItsARN(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"`+ordersARN+`","Item":{"customer":{"S":"c"},"seq":{"N":"1.0"}}}`)
	same(t, cloud.must(t, "GetItem", `{"TableName":"orders","Key":{"customer":{"S":"c"},"seq":{"N":"1"}}}`),
		`{"Item":{"customer":{"S":"c"},"seq":{"N":"1"}}}`)
}

func TestARefusedWrite(t *testing.T) {
	const request = `{"TableName":"items","Item":{"p":{"S":"1"},"a":{"N":"2"}},"ConditionExpression":"attribute_not_exists(p)"`
	t.Run("returns the old item if requested", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.put(t, `"a":{"N":"1"}`)
		failure := cloud.refused(t, "PutItem", request+`,"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`, "ConditionalCheckFailedException", "The conditional request failed")
		body, err := json.Marshal(failure.Members)
		if err != nil {
			t.Fatal(err)
		}
		same(t, string(body), `{"Item":{"p":{"S":"1"},"a":{"N":"1"}}}`)
		same(t, cloud.item(t), `{"Item":{"p":{"S":"1"},"a":{"N":"1"}}}`)
	})
	t.Run("returns no item unless requested", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.put(t, "")
		if failure := cloud.refused(t, "PutItem", request+`}`, "ConditionalCheckFailedException", ""); failure.Members != nil {
			t.Errorf("the error has %v", failure.Members)
		}
	})
	t.Run("returns no item if there is none", func(t *testing.T) {
		failure := newCloud(t).refused(t, "DeleteItem",
			`{"TableName":"items","Key":{"p":{"S":"1"}},"ConditionExpression":"attribute_exists(p)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			"ConditionalCheckFailedException", "")
		if failure.Members != nil {
			t.Errorf("the error has %v", failure.Members)
		}
	})
}

func TestAWriteReturnsTheOldItem(t *testing.T) {
	cloud := newCloud(t)
	put := func(n int) string {
		return cloud.must(t, "PutItem", fmt.Sprintf(`{"TableName":"items","Item":{"p":{"S":"1"},"n":{"N":"%d"}},"ReturnValues":"ALL_OLD"}`, n))
	}
	remove := func() string {
		return cloud.must(t, "DeleteItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ReturnValues":"ALL_OLD"}`)
	}
	same(t, put(1), `{}`)
	same(t, put(2), `{"Attributes":{"p":{"S":"1"},"n":{"N":"1"}}}`)
	same(t, remove(), `{"Attributes":{"p":{"S":"1"},"n":{"N":"2"}}}`)
	same(t, remove(), `{}`)
}

func TestWhatIsStoredIsNotTheCallersToChange(t *testing.T) {
	cloud := newCloud(t)
	item := attribute.Item{"p": attribute.String("1"), "a": attribute.String("stored")}
	if _, err := cloud.PutItem(t.Context(), &dynamodb.PutItemInput{Put: dynamodb.Put{TableName: "items", Item: item}}); err != nil {
		t.Fatal(err)
	}
	item["a"] = attribute.String("changed after the put")
	get := func() attribute.Item {
		out, err := cloud.GetItem(t.Context(), &dynamodb.GetItemInput{Get: dynamodb.Get{TableName: "items", Key: attribute.Item{"p": attribute.String("1")}}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Item
	}
	get()["a"] = attribute.String("changed after the get")
	if got := get()["a"].Text(); got != "stored" {
		t.Errorf("the item has %q", got)
	}
}

func TestOfManyConditionalCreationsOfAnItemOneSucceeds(t *testing.T) {
	cloud := newCloud(t)
	var group sync.WaitGroup
	created := make(chan bool, 50)
	for n := range cap(created) {
		group.Go(func() {
			_, failure := cloud.call(t, "PutItem", fmt.Sprintf(`{"TableName":"items","Item":{"p":{"S":"1"},"by":{"N":"%d"}},"ConditionExpression":"attribute_not_exists(p)"}`, n))
			created <- failure == nil
			cloud.must(t, "UpdateItem", `{"TableName":"items","Key":{"p":{"S":"sum"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`)
			cloud.must(t, "Scan", `{"TableName":"items"}`)
		})
	}
	group.Wait()
	close(created)
	winners := 0
	for won := range created {
		if won {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d succeeded", winners)
	}
	same(t, cloud.must(t, "GetItem", `{"TableName":"items","Key":{"p":{"S":"sum"}},"ProjectionExpression":"n"}`), `{"Item":{"n":{"N":"50"}}}`)
}
