package conformance_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func transact(t *testing.T, token *string, writes ...types.TransactWriteItem) error {
	t.Helper()
	_, err := cloud.tables.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{ClientRequestToken: token, TransactItems: writes})
	return err
}

// putting puts an item that must not exist, and shows the old one if it does.
func putting(given attributes) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: tableName(), Item: given, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// adding adds one to an item's number.
func adding(key attributes) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: tableName(), Key: key, UpdateExpression: aws.String("ADD n :1"), ExpressionAttributeValues: attributes{":1": &number{Value: "1"}},
	}}
}

// checking checks that an item exists.
func checking(key attributes) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: tableName(), Key: key, ConditionExpression: aws.String("attribute_exists(pk)")}}
}

func deleting(key attributes) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: tableName(), Key: key}}
}

func TestATransactionWritesAllOfItsItems(t *testing.T) {
	t.Parallel()
	rule(t, "DD-60", "DD-64")
	pk := unique()
	put(t, item(pk, "checked"))
	put(t, item(pk, "deleted"))
	err := transact(t, nil, putting(item(pk, "put")), adding(item(pk, "updated")), checking(item(pk, "checked")), deleting(item(pk, "deleted")))
	if err != nil {
		t.Fatal(err)
	}
	for sk, exists := range map[string]bool{"put": true, "updated": true, "checked": true, "deleted": false} {
		if got := get(t, item(pk, sk)); (got != nil) != exists {
			t.Errorf("the item %s is %v", sk, got)
		}
	}
}

func TestACancelledTransactionWritesNothingAndReturnsAReasonForEachOfItsWrites(t *testing.T) {
	t.Parallel()
	rule(t, "DD-64", "DD-65", "DD-66", "DD-67", "DD-68")
	pk := unique()
	old := item(pk, "existing", "kind", "old")
	put(t, old)
	err := transact(t, nil, adding(item(pk, "new")), putting(item(pk, "existing")), checking(item(pk, "missing")))
	wantRefusal(t, err, "TransactionCanceledException", "[None, ConditionalCheckFailed, ConditionalCheckFailed]")
	failure, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		t.Fatalf("the error is %v", err)
	}
	type reason struct {
		Code, Message string
		Item          attributes
	}
	var got []reason
	for _, given := range failure.CancellationReasons {
		got = append(got, reason{aws.ToString(given.Code), aws.ToString(given.Message), given.Item})
	}
	want := []reason{
		{Code: "None"},
		// The old item is returned only if it was requested.
		{"ConditionalCheckFailed", "The conditional request failed", old},
		{"ConditionalCheckFailed", "The conditional request failed", nil},
	}
	if diff := cmp.Diff(want, got, sameItem()); diff != "" {
		t.Error(diff)
	}
	if got := get(t, item(pk, "new")); got != nil {
		t.Errorf("the cancelled transaction has written %v", got)
	}
}

func TestAWriteThatIsWrongCancelsTheTransactionAsAValidationError(t *testing.T) {
	t.Parallel()
	rule(t, "DD-67", "DD-69")
	pk := unique()
	wrong := with(item(pk, "a"), "sk", &number{Value: "1"})
	err := transact(t, nil, adding(item(pk, "new")), types.TransactWriteItem{Put: &types.Put{TableName: tableName(), Item: wrong}})
	failure, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(failure.CancellationReasons) != 2 || aws.ToString(failure.CancellationReasons[0].Code) != "None" || aws.ToString(failure.CancellationReasons[1].Code) != "ValidationError" {
		t.Errorf("the error is %v", err)
	}
}

func TestATransactionsTokenMakesItHappenOnce(t *testing.T) {
	t.Parallel()
	rule(t, "DD-71")
	key, token := item(unique(), "a"), aws.String(unique())
	for range 2 {
		if err := transact(t, token, adding(key)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(with(key, "n", &number{Value: "1"}), get(t, key), sameItem()); diff != "" {
		t.Error(diff)
	}
	err := transact(t, token, adding(key), adding(item(unique(), "other")))
	wantRefusal(t, err, "IdempotentParameterMismatchException", "")
}

// Whether the token of a cancelled transaction may be used again is documented
// only for completed ones, indirectly.
func TestACancelledTransactionMayBeTriedAgainWithItsToken(t *testing.T) {
	t.Parallel()
	rule(t, "DD-72")
	key, token := item(unique(), "a"), aws.String(unique())
	first := transact(t, token, checking(key))
	wantRefusal(t, first, "TransactionCanceledException", "ConditionalCheckFailed")
	put(t, key)
	if err := transact(t, token, checking(key)); err != nil {
		t.Error(err)
	}
}

func TestTransactionsThatAreRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	rule(t, "DD-60", "DD-62", "DD-69")
	pk := unique()
	var tooMany []types.TransactWriteItem
	for range 101 {
		tooMany = append(tooMany, adding(item(pk, unique())))
	}
	unused := adding(item(pk, "a"))
	unused.Update.ExpressionAttributeValues[":2"] = &number{Value: "2"}
	for _, c := range []struct {
		rule   string
		writes []types.TransactWriteItem
		part   string
	}{
		{"no writes", []types.TransactWriteItem{}, "transactItems"},
		{"more than a hundred writes", tooMany, "Member must have length less than or equal to 100"},
		{"two writes of one item", []types.TransactWriteItem{adding(item(pk, "a")), deleting(item(pk, "a"))}, "Transaction request cannot include multiple operations on one item"},
		{"a write and a check of one item", []types.TransactWriteItem{adding(item(pk, "a")), checking(item(pk, "a"))}, "Transaction request cannot include multiple operations on one item"},
		{"an expression that is wrong", []types.TransactWriteItem{unused}, "unused in expressions"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			wantRefusal(t, transact(t, nil, c.writes...), "ValidationException", c.part)
		})
	}
}

func TestATransactionalReadSeesItemsInTheOrderOfTheRequest(t *testing.T) {
	t.Parallel()
	rule(t, "DD-75")
	pk := unique()
	put(t, item(pk, "a", "kind", "first"))
	out, err := cloud.tables.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: tableName(), Key: item(pk, "missing")}},
		{Get: &types.Get{TableName: tableName(), Key: item(pk, "a")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Responses) != 2 || out.Responses[0].Item != nil || textOf(out.Responses[1].Item["kind"]) != "first" {
		t.Errorf("the items are %+v", out.Responses)
	}
}

func TestABatchReadHasTheItemsThatExistInAnyOrder(t *testing.T) {
	t.Parallel()
	rule(t, "BG-1")
	pk := unique()
	put(t, item(pk, "a", "kind", "first"))
	put(t, item(pk, "b", "kind", "second"))
	out, err := cloud.tables.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		*tableName(): {ConsistentRead: new(true), Keys: []map[string]types.AttributeValue{item(pk, "missing"), item(pk, "a"), item(pk, "b")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]bool)
	for _, found := range out.Responses[*tableName()] {
		kinds[textOf(found["kind"])] = true
	}
	if len(kinds) != 2 || !kinds["first"] || !kinds["second"] || len(out.UnprocessedKeys) != 0 {
		t.Errorf("the items are %v, unprocessed are %v", kinds, out.UnprocessedKeys)
	}
}
