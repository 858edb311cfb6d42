package acceptance

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	store := dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t))
	participanttest.TestStore(t, func(*testing.T) participant.Store { return store })
	participanttest.TestBatches(t, func(*testing.T) participanttest.BatchStore { return store })
	participanttest.TestCounters(t, func(*testing.T) participanttest.CounterStore { return store })
	participanttest.TestDue(t, func(*testing.T) participanttest.DueStore { return store })
	spread := dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t), dynamo.DuePartitions(9, 8))
	t.Run("spread over partitions", func(t *testing.T) {
		participanttest.TestDue(t, func(*testing.T) participanttest.DueStore { return spread })
	})
}

// The names are reserved words of DynamoDB's expressions, but for those of keys, which are
// the table's.
func TestTheDynamoDBStorePassesTheSuiteWithNamesOfItsOwn(t *testing.T) {
	c := startCloud(t)
	names, err := vocabulary(t).WithLayout(dynamo.Layout{Attributes: map[string]string{"version": "size", "record": "value", "expires_at": "ttl"}})
	if err != nil {
		t.Fatal(err)
	}
	store := dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], names)
	participanttest.TestStore(t, func(*testing.T) participant.Store { return store })
	participanttest.TestCounters(t, func(*testing.T) participanttest.CounterStore { return store })
	participanttest.TestDue(t, func(*testing.T) participanttest.DueStore { return store })
}

func TestAWriteOfAContextsOwnIsCommittedWithItsRecordOrNotAtAll(t *testing.T) {
	c := startCloud(t)
	client, table := dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"]
	store := dynamo.NewStore(client, table, vocabulary(t))
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "invoice#7"}}
	once := []participant.Adjustment{{Item: "invoice#7", Write: types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: key, ConditionExpression: aws.String("attribute_not_exists(pk)"),
	}}}}
	if err := store.Commit(t.Context(), participant.Record{Subject: "b-1", State: []byte(`{}`)}, once); err != nil {
		t.Fatal(err)
	}
	if out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key}); err != nil || out.Item == nil {
		t.Errorf("the item of the context is %v, %v", out, err)
	}
	err := store.Commit(t.Context(), participant.Record{Subject: "b-2", State: []byte(`{}`)}, once)
	if refused, isRefused := errors.AsType[*participant.RefusedError](err); !isRefused || refused.Items[0] != "invoice#7" {
		t.Errorf("the error is %v", err)
	}
	if record, err := store.Load(t.Context(), "b-2"); err != nil || record.Version != 0 {
		t.Errorf("the record of a refused commit is %+v, %v", record, err)
	}
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
			TableName: &table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "pieces#" + name}},
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
				counters, err := dynamo.NewStore(client, table, vocabulary(t)).Counters(t.Context(), "pieces#"+name)
				if err != nil {
					t.Fatal(err)
				}
				return int(counters["pieces"])
			},
		}
	})
}
