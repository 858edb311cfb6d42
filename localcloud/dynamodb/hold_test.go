package dynamodb_test

import (
	"encoding/json"
	"testing"

	"example.com/saga/localcloud/wire"
)

// during runs a test while a call is not answered yet.
func (c *cloud) during(t *testing.T, operation, request string, test func()) {
	t.Helper()
	waits, answer := make(chan struct{}), make(chan struct{})
	ctx := wire.WithDelay(t.Context(), func() {
		close(waits)
		<-answer
	})
	result := make(chan error, 1)
	go func() {
		_, err := c.API().Operations[operation](ctx, []byte(request))
		result <- err
	}()
	<-waits
	test()
	close(answer)
	if err := <-result; err != nil {
		t.Errorf("the %s fails: %v", operation, err)
	}
}

const conflict = "Transaction is ongoing for the item"

func putItem(key string) string { return `{"TableName":"items","Item":{"p":{"S":"` + key + `"}}}` }

func keyItem(key string) string { return `{"TableName":"items","Key":{"p":{"S":"` + key + `"}}}` }

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
func TestAWriteToAnItemInAnOngoingTransactionConflicts(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", putItem("checked"))
	held := transaction(putOf("put", ""), addOf("updated"), deleteOf("deleted", ""), checkOf("checked", "attribute_exists(p)"))
	cloud.during(t, "TransactWriteItems", held, func() {
		for _, key := range []string{"put", "updated", "deleted", "checked"} {
			cloud.refused(t, "PutItem", putItem(key), "TransactionConflictException", conflict)
			cloud.refused(t, "UpdateItem", keyItem(key), "TransactionConflictException", conflict)
			cloud.refused(t, "DeleteItem", keyItem(key), "TransactionConflictException", conflict)
		}
		cloud.must(t, "PutItem", putItem("free"))
	})
	for _, key := range []string{"put", "updated", "deleted", "checked"} {
		cloud.must(t, "PutItem", putItem(key))
	}
}

func TestATransactionOverAnItemOfAnOngoingOneIsCancelled(t *testing.T) {
	cloud := newCloud(t)
	cloud.during(t, "TransactWriteItems", transaction(putOf("held", "")), func() {
		failure := cloud.refused(t, "TransactWriteItems", transaction(addOf("free"), addOf("held"), checkOf("missing", "attribute_exists(p)")),
			"TransactionCanceledException", "[None, TransactionConflict, ConditionalCheckFailed]")
		reasons, err := json.Marshal(failure.Members["CancellationReasons"])
		if err != nil {
			t.Fatal(err)
		}
		same(t, string(reasons), `[{"Code":"None"},{"Code":"TransactionConflict","Message":"Transaction is ongoing for the item"},
			{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]`)
		cloud.must(t, "TransactWriteItems", transaction(addOf("free")))
	})
	cloud.must(t, "TransactWriteItems", transaction(deleteOf("held", isThere)))
}

func TestATransactionalReadOfAnItemThatIsBeingWrittenIsCancelled(t *testing.T) {
	read := `{"TransactItems":[{"Get":` + keyItem("free") + `},{"Get":` + keyItem("held") + `}]}`
	for operation, request := range map[string]string{
		"TransactWriteItems": transaction(putOf("held", "")),
		"PutItem":            putItem("held"),
		"UpdateItem":         keyItem("held"),
		"DeleteItem":         keyItem("held"),
		"BatchWriteItem":     writes(putting("held", "")),
	} {
		t.Run(operation, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.during(t, operation, request, func() {
				cloud.refused(t, "TransactGetItems", read, "TransactionCanceledException", "[None, TransactionConflict]")
			})
			cloud.must(t, "TransactGetItems", read)
		})
	}
}

func TestReadsMeetNoConflict(t *testing.T) {
	cloud := newCloud(t)
	cloud.during(t, "TransactWriteItems", transaction(putOf("held", "")), func() {
		cloud.must(t, "GetItem", keyItem("held"))
		cloud.must(t, "BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"held"}}]}}}`)
		cloud.must(t, "Scan", `{"TableName":"items"}`)
	})
}

func TestTwoWritesDoNotConflict(t *testing.T) {
	cloud := newCloud(t)
	cloud.during(t, "PutItem", putItem("1"), func() {
		cloud.must(t, "PutItem", putItem("1"))
		cloud.must(t, "TransactWriteItems", transaction(addOf("1")))
	})
}

func TestABatchLeavesTheWriteThatConflicts(t *testing.T) {
	cloud := newCloud(t)
	cloud.during(t, "TransactWriteItems", transaction(putOf("held", "")), func() {
		same(t, cloud.must(t, "BatchWriteItem", writes(putting("free", ""), deleting("held"))), `{"UnprocessedItems":{"items":[`+deleting("held")+`]}}`)
	})
	if len(cloud.contents(t)) != 2 {
		t.Errorf("the table has %v", cloud.contents(t))
	}
}

func TestATokenOfAnOngoingTransactionIsInProgress(t *testing.T) {
	cloud := newCloud(t)
	request := withToken("t", transaction(addOf("1")))
	cloud.during(t, "TransactWriteItems", request, func() {
		cloud.refused(t, "TransactWriteItems", request, "TransactionInProgressException", "already in progress")
		cloud.refused(t, "TransactWriteItems", withToken("t", transaction(addOf("2"))), "IdempotentParameterMismatchException", "")
	})
	cloud.must(t, "TransactWriteItems", request)
}

func TestATransactionThatIsNotDoneHoldsNothing(t *testing.T) {
	cloud := newCloud(t)
	ctx := wire.WithDelay(t.Context(), func() { t.Error("the items are held") })
	if _, err := cloud.API().Operations["TransactWriteItems"](ctx, []byte(transaction(addOf("1"), checkOf("2", "attribute_exists(p)")))); err == nil {
		t.Error("the transaction is done")
	}
}
