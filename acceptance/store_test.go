package acceptance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"
	"example.com/saga/services/payment/sandbox"
	"example.com/saga/services/payment/sandbox/ledgertest"
)

func TestTheDynamoDBStorePassesTheSuiteOfStores(t *testing.T) {
	c := startCloud(t)
	newStore := func(t *testing.T) *dynamo.Store {
		t.Helper()
		return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t))
	}
	participanttest.TestStore(t, func(t *testing.T) participant.Store { return newStore(t) })
	participanttest.TestBatches(t, func(t *testing.T) participanttest.BatchStore { return newStore(t) })
	participanttest.TestCounters(t, func(t *testing.T) participanttest.CounterStore { return newStore(t) })
	participanttest.TestDue(t, func(t *testing.T) participanttest.DueStore { return newStore(t) })
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
