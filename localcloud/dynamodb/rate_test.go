package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/dynamodb"
)

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
func TestAPartitionTakesAThousandWriteUnitsInASecond(t *testing.T) {
	cloud := newCloud(t)
	for range 1000 {
		cloud.put(t, "")
	}
	failure := cloud.refused(t, "PutItem", putItem("1"), "ThrottlingException", "check if you have a hot key")
	reasons, err := json.Marshal(failure.Members["throttlingReasons"])
	if err != nil {
		t.Fatal(err)
	}
	same(t, string(reasons), `[{"reason":"TableWriteKeyRangeThroughputExceeded","resource":"arn:aws:dynamodb:eu-central-1:123456789012:table/items"}]`)
	t.Run("a refused condition too", func(t *testing.T) {
		cloud.refused(t, "DeleteItem", strings.TrimSuffix(keyItem("1"), "}")+isNew+"}", "ThrottlingException", "")
	})
	t.Run("reads and other partitions go on", func(t *testing.T) {
		cloud.must(t, "GetItem", keyItem("1"))
		cloud.must(t, "PutItem", putItem("2"))
	})
	t.Run("a transaction is cancelled", func(t *testing.T) {
		cloud.refused(t, "TransactWriteItems", transaction(putOf("3", ""), putOf("1", "")), "TransactionCanceledException", "[None, ThrottlingError]")
	})
	t.Run("a batch leaves it", func(t *testing.T) {
		same(t, cloud.must(t, "BatchWriteItem", writes(putting("1", ""), putting("4", ""))), `{"UnprocessedItems":{"items":[`+putting("1", "")+`]}}`)
		cloud.refused(t, "BatchWriteItem", writes(putting("1", "")), "ThrottlingException", "")
	})
	t.Run("each millisecond allows one unit more", func(t *testing.T) {
		cloud.now = cloud.now.Add(2 * time.Millisecond)
		cloud.put(t, "")
		cloud.put(t, "")
		cloud.refused(t, "PutItem", putItem("1"), "ThrottlingException", "")
	})
	t.Run("a second allows all of them", func(t *testing.T) {
		cloud.now = cloud.now.Add(time.Second)
		for range 1000 {
			cloud.put(t, "")
		}
		cloud.refused(t, "PutItem", putItem("1"), "ThrottlingException", "")
	})
}

func TestAPartitionTakesThreeThousandReadUnitsInASecond(t *testing.T) {
	cloud := newCloud(t)
	cloud.put(t, sized(300<<10))
	consistent := strings.TrimSuffix(keyItem("1"), "}") + `,"ConsistentRead":true}`
	for range 41 { // each reads 75 units, and the last one takes more than is left
		cloud.must(t, "GetItem", consistent)
	}
	failure := cloud.refused(t, "GetItem", consistent, "ThrottlingException", "")
	if reasons := fmt.Sprint(failure.Members["throttlingReasons"]); !strings.Contains(reasons, "TableReadKeyRangeThroughputExceeded") {
		t.Errorf("the reasons are %s", reasons)
	}
	cloud.refused(t, "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}}]}}}`, "ThrottlingException", "")
	same(t, cloud.must(t, "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}},{"p":{"S":"2"}}]}}}`),
		`{"Responses":{"items":[]},"UnprocessedKeys":{"items":{"Keys":[{"p":{"S":"1"}}]}}}`)
	cloud.refused(t, "TransactGetItems", `{"TransactItems":[{"Get":`+keyItem("2")+`},{"Get":`+keyItem("1")+`}]}`, "TransactionCanceledException", "[None, ThrottlingError]")
	cloud.must(t, "PutItem", putItem("1"))
}

func TestAPartitionOfAnIndexIsLimitedToo(t *testing.T) {
	cloud := newCloud(t)
	put := func(n int) string {
		return fmt.Sprintf(`{"TableName":"orders","Item":{"customer":{"S":"%d"},"seq":{"N":"1"},"phase":{"S":"open"},"weekday":{"S":"%d"}}}`, n, n)
	}
	for n := range 1000 {
		cloud.must(t, "PutItem", put(n))
	}
	failure := cloud.refused(t, "PutItem", put(1000), "ThrottlingException", "one or more global secondary indexes")
	reasons, err := json.Marshal(failure.Members["throttlingReasons"])
	if err != nil {
		t.Fatal(err)
	}
	same(t, string(reasons), `[{"reason":"IndexWriteKeyRangeThroughputExceeded","resource":"`+ordersARN+`/index/by-phase"}]`)
	t.Run("a write that does not change the index goes on", func(t *testing.T) {
		cloud.must(t, "PutItem", put(1))
	})
}

func TestAPartitionOfAProvisionedTableIsRefusedInItsOwnWay(t *testing.T) {
	cloud := newCloud(t)
	if err := cloud.Create(dynamodb.Table{
		Name: "provisioned", ARN: "arn:p", Key: dynamodb.KeySchema{Partition: "p"}, Attributes: map[string]string{"p": "S"}, Provisioned: true,
	}); err != nil {
		t.Fatal(err)
	}
	const request = `{"TableName":"provisioned","Item":{"p":{"S":"1"}}}`
	for range 1000 {
		cloud.must(t, "PutItem", request)
	}
	failure := cloud.refused(t, "PutItem", request, "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded")
	if failure.Members["ThrottlingReasons"] == nil {
		t.Errorf("the members are %v", failure.Members)
	}
	cloud.refused(t, "TransactWriteItems", transaction(`{"Put":`+request+`}`), "TransactionCanceledException", "[ProvisionedThroughputExceeded]")
}
