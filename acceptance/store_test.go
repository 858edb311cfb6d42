package acceptance

import (
	"crypto/rand"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/idempotency/dynamostore"
	"example.com/saga/pkg/idempotency/idempotencytest"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/payment/sandbox/ledgertest"
)

func TestTheDynamoDBStorePassesTheSuiteOfStores(t *testing.T) {
	c := startCloud(t)
	newStore := func(t *testing.T, options ...dynamo.Option) *dynamo.Store {
		t.Helper()
		return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t), options...)
	}
	participanttest.TestStore(t, func(t *testing.T) participant.Store { return newStore(t) })
	participanttest.TestBatches(t, func(t *testing.T) participanttest.BatchStore { return newStore(t) })
	participanttest.TestCounters(t, func(t *testing.T) participanttest.CounterStore { return newStore(t) })
	participanttest.TestDue(t, func(t *testing.T) participanttest.DueStore { return newStore(t) })
	t.Run("spread over partitions", func(t *testing.T) {
		participanttest.TestDue(t, func(t *testing.T) participanttest.DueStore { return newStore(t, dynamo.DuePartitions(9, 8)) })
	})
}

func TestTheDynamoDBStoreAddsUpTheEntriesInAnAccount(t *testing.T) {
	c := startCloud(t)
	participanttest.TestAccounts(t, func(t *testing.T) participanttest.Accounts {
		t.Helper()
		return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Loyalty/Table"], vocabulary(t))
	})
}

func TestTheDynamoDBLedgerPassesTheSuiteOfLedgers(t *testing.T) {
	c := startCloud(t)
	ledgertest.TestLedger(t, func(t *testing.T) sandbox.Ledger {
		t.Helper()
		return sandbox.Table{Client: dynamodb.NewFromConfig(c.aws(t)), Name: c.Tables["Payment/Table"]}
	})
}

func TestTheDynamoDBStoreOfAnswersPassesItsSuite(t *testing.T) {
	c := startCloud(t)
	client, table := dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"]
	add := func(name, condition string) types.TransactWriteItem {
		return types.TransactWriteItem{Update: &types.Update{
			TableName: &table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: name}},
			UpdateExpression: new("ADD pieces :one"), ConditionExpression: &condition,
			ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
		}}
	}
	idempotencytest.TestStore(t, func(*testing.T) idempotencytest.Fixture[types.TransactWriteItem] {
		return idempotencytest.Fixture[types.TransactWriteItem]{
			Store:   dynamostore.New(client, table),
			Add:     func(name string) types.TransactWriteItem { return add(name, "attribute_not_exists(never)") },
			Refused: func() types.TransactWriteItem { return add(rand.Text(), "attribute_exists(never)") },
			Count: func(t *testing.T, name string) int {
				t.Helper()
				counters, err := dynamo.NewStore(client, table, vocabulary(t)).Counters(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				return int(counters["pieces"])
			},
		}
	})
}
