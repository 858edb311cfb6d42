package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/dynamodb"
)

// sized is an attribute that makes the item "1" exactly so many bytes large:
// two names of one byte and the key's one byte go along.
func sized(bytes int) string { return `"x":{"S":"` + strings.Repeat("x", bytes-3) + `"}` }

func TestEveryCallCostsCapacity(t *testing.T) {
	const key = `{"TableName":"items","Key":{"p":{"S":"1"}}`
	const refusal = `,"ConditionExpression":"attribute_not_exists(p)"`
	big := `{"TableName":"items","Item":` + withKey(sized(2500))
	cases := []struct {
		name, before, operation, request string
		read, write                      float64
	}{
		{"a read of 4 KB, eventually consistent", sized(4096), "GetItem", key + `}`, 0.5, 0},
		{"a read of 4 KB, strongly consistent", sized(4096), "GetItem", key + `,"ConsistentRead":true}`, 1, 0},
		{"a read of one byte more", sized(4097), "GetItem", key + `,"ConsistentRead":true}`, 2, 0},
		{"a read of nothing", "", "GetItem", `{"TableName":"items","Key":{"p":{"S":"gone"}}}`, 0.5, 0},
		{"a projection reads the whole item", sized(4097), "GetItem", key + `,"ConsistentRead":true,"ProjectionExpression":"p"}`, 2, 0},
		{"a consistent batch reads each item", sized(4097), "BatchGetItem", `{"RequestItems":{"items":{"ConsistentRead":true,"Keys":[{"p":{"S":"1"}},{"p":{"S":"missing"}}]}}}`, 3, 0},
		{"an eventual batch reads half", sized(4097), "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}}]}}}`, 1, 0},
		{"a transaction reads twice", sized(4097), "TransactGetItems", `{"TransactItems":[{"Get":` + key + `}}]}`, 4, 0},
		{"a scan adds its items up", sized(10), "Scan", `{"TableName":"items"}`, 0.5, 0},
		{"a write of 1 KB", "", "PutItem", `{"TableName":"items","Item":` + withKey(sized(1024)) + `}`, 0, 1},
		{"a write of one byte more", "", "PutItem", `{"TableName":"items","Item":` + withKey(sized(1025)) + `}`, 0, 2},
		{"a smaller item in the place of a larger one", sized(3000), "PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}}}`, 0, 3},
		{"a larger item in the place of a smaller one", "", "PutItem", big + `}`, 0, 3},
		{"a delete", sized(3000), "DeleteItem", key + `}`, 0, 3},
		{"a delete of nothing", "", "DeleteItem", `{"TableName":"items","Key":{"p":{"S":"gone"}}}`, 0, 1},
		{"a refused put costs the item that it met", sized(1500), "PutItem", big + refusal + `}`, 0, 2},
		{"a transaction writes twice", sized(1500), "TransactWriteItems", transaction(putOf("2", ""), addOf("1")), 0, 6},
		{"a check costs as much as a write", sized(1500), "TransactWriteItems", transaction(checkOf("1", "attribute_exists(p)")), 0, 4},
		{"a cancelled transaction", sized(1500), "TransactWriteItems", transaction(putOf("1", isNew), addOf("2")), 0, 6},
		{"a request that is not valid costs nothing", "", "GetItem", `{"TableName":"items","Key":{}}`, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, c.before)
			before := cloud.Usage()["items"]
			body, failure := cloud.call(t, c.operation, strings.TrimSuffix(c.request, "}")+`,"ReturnConsumedCapacity":"TOTAL"}`)
			after := cloud.Usage()["items"]
			if read, write := after.ReadUnits-before.ReadUnits, after.WriteUnits-before.WriteUnits; read != c.read || write != c.write {
				t.Errorf("cost %v read and %v write units, want %v and %v", read, write, c.read, c.write)
			}
			consumed := fmt.Sprintf(`{"TableName":"items","CapacityUnits":%v`, c.read+c.write)
			switch c.operation { // https://github.com/aws/aws-cli/tree/develop/awscli/examples/dynamodb
			case "TransactGetItems":
				consumed += fmt.Sprintf(`,"ReadCapacityUnits":%v`, c.read)
			case "TransactWriteItems":
				consumed += fmt.Sprintf(`,"WriteCapacityUnits":%v`, c.write)
			}
			if failure == nil && !strings.Contains(body, consumed+"}") {
				t.Errorf("the answer is %s", body)
			}
			if calls := after.Calls[c.operation] - before.Calls[c.operation]; calls != 1 && c.read+c.write > 0 {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

func TestAnIndexCostsWhatChangesInIt(t *testing.T) {
	cases := []struct {
		name, before, after string
		write               float64
	}{
		{"an item in no index", ``, `"note":{"S":"x"}`, 1},
		{"a new item in both", ``, `"phase":{"S":"open"},"weekday":{"S":"mon"}`, 3},
		{"an attribute that one of them keeps", `"phase":{"S":"open"},"weekday":{"S":"mon"}`, `"phase":{"S":"open"},"weekday":{"S":"mon"},"amount":{"N":"1"}`, 2},
		{"a key that moves", `"phase":{"S":"open"},"weekday":{"S":"mon"}`, `"phase":{"S":"done"},"weekday":{"S":"mon"}`, 3},
		{"an item that leaves an index", `"phase":{"S":"open"},"weekday":{"S":"mon"}`, `"weekday":{"S":"mon"}`, 2},
		{"the same item again", `"phase":{"S":"open"},"weekday":{"S":"mon"}`, `"phase":{"S":"open"},"weekday":{"S":"mon"}`, 1},
	}
	put := func(tb testing.TB, cloud *cloud, attributes string) {
		tb.Helper()
		if attributes != "" {
			attributes = "," + attributes
		}
		cloud.must(tb, "PutItem", `{"TableName":"orders","Item":{"customer":{"S":"c"},"seq":{"N":"1"}`+attributes+`}}`)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cloud := newCloud(t)
			if c.before != "" {
				put(t, cloud, c.before)
			}
			before := cloud.Usage()["orders"].WriteUnits
			put(t, cloud, c.after)
			if got := cloud.Usage()["orders"].WriteUnits - before; got != c.write {
				t.Errorf("cost %v write units, want %v", got, c.write)
			}
		})
	}
}

func TestTheCostOfATableAndItsIndexesIsReturned(t *testing.T) {
	const put = `{"TableName":"orders","Item":{"customer":{"S":"c"},"seq":{"N":"1"},"phase":{"S":"open"},"weekday":{"S":"mon"},"x":{"S":"%s"}}%s}`
	cases := []struct{ operation, request, want string }{
		{
			"PutItem", fmt.Sprintf(put, strings.Repeat("x", 1500), `,"ReturnConsumedCapacity":"INDEXES"`),
			`{"TableName":"orders","CapacityUnits":5,"Table":{"CapacityUnits":2},"GlobalSecondaryIndexes":{"by-phase":{"CapacityUnits":2},"by-weekday":{"CapacityUnits":1}}}`,
		},
		{
			"BatchWriteItem", `{"RequestItems":{"orders":[{"DeleteRequest":{"Key":{"customer":{"S":"old"},"seq":{"N":"1"}}}}]},"ReturnConsumedCapacity":"INDEXES"}`,
			`[{"TableName":"orders","CapacityUnits":3,"Table":{"CapacityUnits":1},"GlobalSecondaryIndexes":{"by-phase":{"CapacityUnits":1},"by-weekday":{"CapacityUnits":1}}}]`,
		},
		{
			"TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"orders","Key":{"customer":{"S":"old"},"seq":{"N":"1"}}}}],"ReturnConsumedCapacity":"INDEXES"}`,
			`[{"TableName":"orders","CapacityUnits":4,"WriteCapacityUnits":4,"Table":{"CapacityUnits":2,"WriteCapacityUnits":2},
			  "GlobalSecondaryIndexes":{"by-phase":{"CapacityUnits":1,"WriteCapacityUnits":1},"by-weekday":{"CapacityUnits":1,"WriteCapacityUnits":1}}}]`,
		},
		{
			"Query", `{"TableName":"orders"` + orderQuery("weekday = :mon", `,"IndexName":"by-weekday","ReturnConsumedCapacity":"INDEXES"`) + `}`,
			`{"TableName":"orders","CapacityUnits":0.5,"Table":{"CapacityUnits":0},"GlobalSecondaryIndexes":{"by-weekday":{"CapacityUnits":0.5}}}`,
		},
		{
			"GetItem", `{"TableName":"orders","Key":{"customer":{"S":"old"},"seq":{"N":"1"}},"ConsistentRead":true,"ReturnConsumedCapacity":"INDEXES"}`,
			`{"TableName":"orders","CapacityUnits":1,"Table":{"CapacityUnits":1}}`,
		},
	}
	for _, c := range cases {
		t.Run(c.operation, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.must(t, "PutItem", `{"TableName":"orders","Item":{"customer":{"S":"old"},"seq":{"N":"1"},"phase":{"S":"open"},"weekday":{"S":"mon"}}}`)
			var out struct{ ConsumedCapacity json.RawMessage }
			if err := json.Unmarshal([]byte(cloud.must(t, c.operation, c.request)), &out); err != nil {
				t.Fatal(err)
			}
			same(t, string(out.ConsumedCapacity), c.want)
		})
	}
}

func TestARepeatedTransactionCostsReads(t *testing.T) {
	cloud := newCloud(t)
	request := withToken("t", transaction(addOf("1"), addOf("2")))
	cloud.must(t, "TransactWriteItems", request)
	cloud.must(t, "TransactWriteItems", request)
	want := dynamodb.Usage{Calls: map[string]int{"TransactWriteItems": 2}, ReadUnits: 4, WriteUnits: 4}
	if difference := cmp.Diff(want, cloud.Usage()["items"]); difference != "" {
		t.Error(difference)
	}
}

func TestAnItemIsAsLargeAsItsNamesAndValues(t *testing.T) {
	cases := []struct {
		attributes string
		size       int
	}{
		{``, 2},
		{`"näme":{"S":"ü"}`, 2 + 5 + 2},
		{`"n":{"N":"0"}`, 2 + 1 + 1},
		{`"n":{"N":"-123.40"}`, 2 + 1 + 2 + 1 + 1},
		{`"b":{"B":"AQID"}`, 2 + 1 + 3},
		{`"t":{"BOOL":true},"z":{"NULL":true}`, 2 + 2 + 2},
		{`"s":{"SS":["ab","c"]}`, 2 + 1 + 3},
		{`"l":{"L":[{"S":"ab"},{"L":[]}]}`, 2 + 1 + 3 + (2 + 1) + (3 + 1)},
		{`"m":{"M":{"ab":{"S":"c"}}}`, 2 + 1 + 3 + (2 + 1 + 1)},
	}
	for _, c := range cases {
		t.Run(c.attributes, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, c.attributes)
			out, err := cloud.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: "items"})
			if err != nil {
				t.Fatal(err)
			}
			if out.Table.TableSizeBytes != c.size {
				t.Errorf("%d bytes, want %d", out.Table.TableSizeBytes, c.size)
			}
		})
	}
}

func TestATableIsDescribed(t *testing.T) {
	cloud := withOrders(t)
	var described struct{ Table map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(cloud.must(t, "DescribeTable", `{"TableName":"orders"}`)), &described); err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]string{
		"TableStatus": `"ACTIVE"`, "TableArn": `"` + ordersARN + `"`, "ItemCount": `8`, "CreationDateTime": fmt.Sprint(start.Unix()),
		"KeySchema":            `[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"seq","KeyType":"RANGE"}]`,
		"AttributeDefinitions": `[{"AttributeName":"customer","AttributeType":"S"},{"AttributeName":"phase","AttributeType":"S"},{"AttributeName":"seq","AttributeType":"N"},{"AttributeName":"weekday","AttributeType":"S"}]`,
		"BillingModeSummary":   `{"BillingMode":"PAY_PER_REQUEST"}`,
	} {
		t.Run(member, func(t *testing.T) { same(t, string(described.Table[member]), want) })
	}
	t.Run("and listed", func(t *testing.T) {
		same(t, cloud.must(t, "ListTables", `{}`), `{"TableNames":["items","orders"]}`)
		same(t, cloud.must(t, "ListTables", `{"Limit":1}`), `{"TableNames":["items"],"LastEvaluatedTableName":"items"}`)
		same(t, cloud.must(t, "ListTables", `{"Limit":1,"ExclusiveStartTableName":"items"}`), `{"TableNames":["orders"]}`)
	})
}

func TestTheTimeToLiveOfATableIsDescribed(t *testing.T) {
	cloud := newCloud(t)
	if err := cloud.Create(dynamodb.Table{
		Name: "expiring", ARN: "arn:e", Key: dynamodb.KeySchema{Partition: "p"}, Attributes: map[string]string{"p": "S"}, TimeToLive: "until",
	}); err != nil {
		t.Fatal(err)
	}
	same(t, cloud.must(t, "DescribeTimeToLive", `{"TableName":"expiring"}`), `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"until"}}`)
	same(t, cloud.must(t, "DescribeTimeToLive", `{"TableName":"items"}`), `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`)
	cloud.refused(t, "DescribeTimeToLive", `{"TableName":"missing"}`, "ResourceNotFoundException", "not found")
}

func TestATableOfProvisionedCapacityIsDescribedSo(t *testing.T) {
	cloud := newCloud(t)
	if err := cloud.Create(dynamodb.Table{
		Name: "provisioned", ARN: "arn:p", Key: dynamodb.KeySchema{Partition: "p"}, Attributes: map[string]string{"p": "S"}, Provisioned: true,
	}); err != nil {
		t.Fatal(err)
	}
	out, err := cloud.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: "provisioned"})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Table.BillingModeSummary.BillingMode; got != "PROVISIONED" {
		t.Errorf("the billing mode is %s", got)
	}
}

func TestATableIsCreatedOnce(t *testing.T) {
	service := dynamodb.New(dynamodb.Config{Clock: time.Now})
	table := dynamodb.Table{Name: "t", ARN: "arn:t", Key: dynamodb.KeySchema{Partition: "p"}, Attributes: map[string]string{"p": "S"}}
	if err := service.Create(table); err != nil {
		t.Fatal(err)
	}
	if err := service.Create(table); err == nil {
		t.Error("it was created again")
	}
}

func TestTheUsageOfOneKindOfItemsIsCountedApart(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}}}`)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"charge#1"}}}`)
	if _, err := cloud.call(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"charge#1"}},"ConditionExpression":"attribute_not_exists(p)"}`); err == nil {
		t.Error("an item is put twice")
	}
	cloud.must(t, "GetItem", `{"TableName":"items","Key":{"p":{"S":"charge#1"}},"ConsistentRead":true}`)
	charges := dynamodb.Usage{Calls: map[string]int{"PutItem": 2, "GetItem": 1}, ReadUnits: 1, WriteUnits: 2}
	want := dynamodb.Usage{
		Calls: map[string]int{"PutItem": 3, "GetItem": 1}, ReadUnits: 1, WriteUnits: 3, Kinds: map[string]dynamodb.Usage{"charge": charges},
	}
	if difference := cmp.Diff(want, cloud.Usage()["items"]); difference != "" {
		t.Error(difference)
	}
}
