package acceptance

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/payment/sandbox/ledgertest"
)

func TestTheDynamoDBStorePassesTheSuiteOfStores(t *testing.T) {
	c := startCloud(t)
	participanttest.TestStore(t, func(t *testing.T) participanttest.Store {
		t.Helper()
		client, table := dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"]
		return removable{dynamo.NewStore(client, table, vocabulary(t)), client, table}
	})
}

// removable is a store with the removal of items, which only the operator does.
type removable struct {
	*dynamo.Store

	client dynamo.Deleter
	table  string
}

func (r removable) RemoveItem(ctx context.Context, item, counter string) (bool, error) {
	return dynamo.RemoveItem(ctx, r.client, r.table, item, counter)
}

func TestTheDynamoDBLedgerPassesTheSuiteOfLedgers(t *testing.T) {
	c := startCloud(t)
	ledgertest.TestLedger(t, func(t *testing.T) sandbox.Ledger {
		t.Helper()
		return sandbox.Table{Client: dynamodb.NewFromConfig(c.aws(t)), Name: c.Tables["Payment/Table"]}
	})
}
