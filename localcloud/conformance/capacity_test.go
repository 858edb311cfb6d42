package conformance_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// units is a ConsumedCapacity in short: of the table and of its indexes together, of
// the table alone, and of each index.
type units struct {
	Total, Reads, Writes, Table float64
	Indexes                     map[string]float64
}

func unitsOf(t *testing.T, consumed *types.ConsumedCapacity) units {
	t.Helper()
	if consumed == nil || aws.ToString(consumed.TableName) != *tableName() {
		t.Fatalf("the consumed capacity is %v", consumed)
	}
	got := units{
		Total: aws.ToFloat64(consumed.CapacityUnits), Reads: aws.ToFloat64(consumed.ReadCapacityUnits), Writes: aws.ToFloat64(consumed.WriteCapacityUnits),
	}
	if consumed.Table != nil {
		got.Table = aws.ToFloat64(consumed.Table.CapacityUnits)
	}
	for name, of := range consumed.GlobalSecondaryIndexes {
		if got.Indexes == nil {
			got.Indexes = map[string]float64{}
		}
		got.Indexes[name] = aws.ToFloat64(of.CapacityUnits)
	}
	return got
}

func wantUnits(t *testing.T, consumed *types.ConsumedCapacity, want units) {
	t.Helper()
	if diff := cmp.Diff(want, unitsOf(t, consumed)); diff != "" {
		t.Errorf("the consumed capacity (-want +got):\n%s", diff)
	}
}

// sizedItem returns an item of about so many bytes, which is in no index.
func sizedItem(key attributes, bytes int) attributes {
	return with(key, "x", &text{Value: strings.Repeat("x", bytes)})
}

func TestAReadCostsHalfAUnitForEachFourKilobytesAndAConsistentOneAUnit(t *testing.T) {
	t.Parallel()
	rule(t, "DD-57", "DD-91")
	key := item(unique(), "a")
	put(t, sizedItem(key, 4500))
	read := func(key attributes, consistent bool) *types.ConsumedCapacity {
		out, err := cloud.tables.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: tableName(), Key: key, ConsistentRead: &consistent, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.ConsumedCapacity
	}
	wantUnits(t, read(key, false), units{Total: 1})
	wantUnits(t, read(key, true), units{Total: 2})
	wantUnits(t, read(item(unique(), "missing"), true), units{Total: 1})
}

func TestAWriteCostsAUnitForEachKilobyteOfTheLargerItem(t *testing.T) {
	t.Parallel()
	rule(t, "DD-57", "DD-92")
	key := item(unique(), "a")
	write := func(given attributes) *types.ConsumedCapacity {
		out, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: tableName(), Item: given, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.ConsumedCapacity
	}
	wantUnits(t, write(sizedItem(key, 500)), units{Total: 1})
	wantUnits(t, write(sizedItem(key, 1500)), units{Total: 2})
	wantUnits(t, write(key), units{Total: 2})
	t.Run("a delete of nothing costs one", func(t *testing.T) {
		out, err := cloud.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: tableName(), Key: item(unique(), "missing"), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			t.Fatal(err)
		}
		wantUnits(t, out.ConsumedCapacity, units{Total: 1})
	})
}

func TestAWriteCostsWhatItChangesInIndexes(t *testing.T) {
	t.Parallel()
	rule(t, "DD-57", "DD-92")
	pk, shelf := unique(), unique()
	out, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: tableName(), Item: shelved(pk, "a", shelf, "1"), ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantUnits(t, out.ConsumedCapacity, units{Total: 3, Table: 1, Indexes: map[string]float64{"byShelf": 1, "keysOfShelf": 1}})
	for expression, want := range map[string]units{
		"SET title = :new":  {Total: 2, Table: 1, Indexes: map[string]float64{"byShelf": 1}},
		"SET secret = :new": {Total: 1, Table: 1},
		// An entry that moves is removed at one key and added at another.
		"SET shelf = :new": {Total: 5, Table: 1, Indexes: map[string]float64{"byShelf": 2, "keysOfShelf": 2}},
	} {
		t.Run(expression, func(t *testing.T) {
			out, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: tableName(), Key: item(pk, "a"), UpdateExpression: &expression,
				ExpressionAttributeValues: attributes{":new": &text{Value: unique()}}, ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
			})
			if err != nil {
				t.Fatal(err)
			}
			wantUnits(t, out.ConsumedCapacity, want)
		})
	}
}

func TestAQueryCostsWhatItsItemsCostTogether(t *testing.T) {
	t.Parallel()
	rule(t, "DD-57", "DD-91")
	pk, shelf := unique(), unique()
	put(t, sizedItem(item(pk, "a"), 3000))
	put(t, sizedItem(item(pk, "b"), 3000))
	out, err := cloud.tables.Query(t.Context(), &dynamodb.QueryInput{
		TableName: tableName(), ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: item("", "", ":pk", pk), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantUnits(t, out.ConsumedCapacity, units{Total: 2})
	t.Run("in an index", func(t *testing.T) {
		out, err := queryShelf(t, shelf, func(in *dynamodb.QueryInput) { in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes })
		if err != nil {
			t.Fatal(err)
		}
		wantUnits(t, out.ConsumedCapacity, units{Total: 0.5, Indexes: map[string]float64{"byShelf": 0.5}})
	})
}

func TestATransactionCostsTwice(t *testing.T) {
	t.Parallel()
	rule(t, "DD-57", "DD-78")
	pk := unique()
	put(t, item(pk, "checked"))
	written, err := cloud.tables.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{
		TransactItems:          []types.TransactWriteItem{putting(sizedItem(item(pk, "a"), 1500)), checking(item(pk, "checked"))},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil || len(written.ConsumedCapacity) != 1 {
		t.Fatalf("the answer is %v, %v", written, err)
	}
	wantUnits(t, &written.ConsumedCapacity[0], units{Total: 6, Writes: 6})
	read, err := cloud.tables.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{
		TransactItems: []types.TransactGetItem{
			{Get: &types.Get{TableName: tableName(), Key: item(pk, "a")}}, {Get: &types.Get{TableName: tableName(), Key: item(pk, "missing")}},
		},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil || len(read.ConsumedCapacity) != 1 {
		t.Fatalf("the answer is %v, %v", read, err)
	}
	wantUnits(t, &read.ConsumedCapacity[0], units{Total: 4, Reads: 4})
}

func TestAProjectionKeepsTheNestingOfWhatItTakes(t *testing.T) {
	t.Parallel()
	rule(t, "DD-84")
	key := item(unique(), "a")
	nested := &types.AttributeValueMemberM{Value: attributes{
		"kept": &types.AttributeValueMemberL{Value: []types.AttributeValue{&text{Value: "0"}, &text{Value: "1"}}}, "left": &text{Value: "x"},
	}}
	put(t, with(with(key, "m", nested), "n", &number{Value: "1"}))
	get := func(expression string) (attributes, error) {
		out, err := cloud.tables.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: tableName(), Key: key, ConsistentRead: aws.Bool(true), ProjectionExpression: &expression,
		})
		if err != nil {
			return nil, err
		}
		return out.Item, nil
	}
	got, err := get("m.kept[1], n, nothing")
	if err != nil {
		t.Fatal(err)
	}
	want := attributes{
		"m": &types.AttributeValueMemberM{Value: attributes{"kept": &types.AttributeValueMemberL{Value: []types.AttributeValue{&text{Value: "1"}}}}},
		"n": &number{Value: "1"},
	}
	if diff := cmp.Diff(want, got, sameItem()); diff != "" {
		t.Error(diff)
	}
	_, err = get("m, m.kept")
	wantRefusal(t, err, "ValidationException", "Two document paths overlap with each other")
}

func TestAnIndexOfKeysHasTheKeysOfItsItemsAlone(t *testing.T) {
	t.Parallel()
	rule(t, "DD-84")
	pk, shelf := unique(), unique()
	put(t, shelved(pk, "a", shelf, "1"))
	eventually(t, "the item in the index", func() error {
		out, err := queryShelf(t, shelf, func(in *dynamodb.QueryInput) { in.IndexName = aws.String("keysOfShelf") })
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Items) == 0 {
			return errors.New("there is none")
		}
		if diff := cmp.Diff(item(pk, "a", "shelf", shelf), out.Items[0], sameItem()); diff != "" {
			t.Error(diff)
		}
		return nil
	})
	_, err := queryShelf(t, shelf, func(in *dynamodb.QueryInput) {
		in.IndexName, in.ProjectionExpression = aws.String("keysOfShelf"), aws.String("title")
	})
	wantRefusal(t, err, "ValidationException", "does not project [title]")
	_, err = queryShelf(t, shelf, func(in *dynamodb.QueryInput) { in.Select = types.SelectAllAttributes })
	wantRefusal(t, err, "ValidationException", "Select type ALL_ATTRIBUTES is not supported for global secondary index byShelf")
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func TestABatchWritePutsAndDeletesItems(t *testing.T) {
	t.Parallel()
	rule(t, "DD-94")
	pk := unique()
	put(t, item(pk, "old"))
	out, err := cloud.tables.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*tableName(): {
		{PutRequest: &types.PutRequest{Item: item(pk, "new")}}, {DeleteRequest: &types.DeleteRequest{Key: item(pk, "old")}},
	}}})
	if err != nil || len(out.UnprocessedItems) != 0 {
		t.Fatalf("the answer is %v, %v", out, err)
	}
	if get(t, item(pk, "new")) == nil || get(t, item(pk, "old")) != nil {
		t.Error("the items are not put and deleted")
	}
	_, err = cloud.tables.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*tableName(): {
		{PutRequest: &types.PutRequest{Item: item(pk, "new")}}, {DeleteRequest: &types.DeleteRequest{Key: item(pk, "new")}},
	}}})
	wantRefusal(t, err, "ValidationException", "Provided list of item keys contains duplicates")
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
func TestTheTimeToLiveOfATableIsDescribed(t *testing.T) {
	t.Parallel()
	rule(t, "DD-85")
	out, err := cloud.tables.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: tableName()})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.TimeToLiveDescription; got.TimeToLiveStatus != types.TimeToLiveStatusEnabled || aws.ToString(got.AttributeName) != "expires" {
		t.Errorf("the time to live is %+v", got)
	}
}

// On AWS a table may take more than that for a moment, so this is a test of the local
// cloud alone.
func TestAPartitionThatIsUsedTooMuchIsThrottled(t *testing.T) {
	t.Parallel()
	rule(t, "DD-93")
	if os.Getenv("CONFORMANCE_STACK") != "" {
		t.Skip("on AWS it is not certain which write is throttled")
	}
	given := sizedItem(item(unique(), "a"), 300<<10)
	once := func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
	for range 100 {
		_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: given}, once)
		if err == nil {
			continue
		}
		throttled, ok := errors.AsType[*types.ThrottlingException](err)
		if !ok || len(throttled.ThrottlingReasons) != 1 || aws.ToString(throttled.ThrottlingReasons[0].Reason) != "TableWriteKeyRangeThroughputExceeded" {
			t.Fatalf("the error is %v", err)
		}
		return
	}
	t.Error("no write is throttled")
}
