package conformance_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
)

// shelved returns an item that is in the index by its shelf and its place there.
func shelved(pk, sk, shelf, place string) attributes {
	return with(item(pk, sk, "shelf", shelf, "title", "T", "secret", "S"), "place", &number{Value: place})
}

// awaitShelf reads the index, which follows the table with a delay, until its items
// are those that are wanted.
func awaitShelf(t *testing.T, shelf, want string) *dynamodb.QueryOutput {
	t.Helper()
	var out *dynamodb.QueryOutput
	eventually(t, "the items "+want+" in the index", func() (err error) {
		if out, err = queryShelf(t, shelf, func(*dynamodb.QueryInput) {}); err != nil {
			t.Fatal(err)
		}
		if got := keys(out.Items); got != want {
			return fmt.Errorf("there are %s", got)
		}
		return nil
	})
	return out
}

func queryShelf(t *testing.T, shelf string, change func(*dynamodb.QueryInput)) (*dynamodb.QueryOutput, error) {
	t.Helper()
	in := &dynamodb.QueryInput{
		TableName: tableName(), IndexName: aws.String("byShelf"),
		KeyConditionExpression: aws.String("shelf = :shelf"), ExpressionAttributeValues: item("", "", ":shelf", shelf),
	}
	change(in)
	return cloud.tables.Query(t.Context(), in)
}

func TestAnIndexHasTheItemsWithItsKeyInTheOrderOfItsSortKey(t *testing.T) {
	t.Parallel()
	rule(t, "IX-1", "DD-81")
	pk, shelf := unique(), unique()
	put(t, shelved(pk, "ten", shelf, "10"))
	put(t, shelved(pk, "nine", shelf, "9"))
	put(t, shelved(pk, "elsewhere", shelf+"other", "1"))
	// Without all of the index's key an item is in the table only.
	put(t, item(pk, "without-place", "shelf", shelf))
	put(t, shelved(pk+"other", "minus", shelf, "-1"))
	out := awaitShelf(t, shelf, "minus nine ten")
	want := shelved(pk+"other", "minus", shelf, "-1")
	delete(want, "secret")
	if diff := cmp.Diff(want, out.Items[0], sameItem()); diff != "" {
		t.Errorf("the index has not the keys and what it includes: %s", diff)
	}
	t.Run("pages go on from the keys of the index and of the table", func(t *testing.T) {
		first, err := queryShelf(t, shelf, func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(1) })
		if err != nil {
			t.Fatal(err)
		}
		from := with(item(pk+"other", "minus", "shelf", shelf), "place", &number{Value: "-1"})
		if diff := cmp.Diff(from, first.LastEvaluatedKey, sameItem()); diff != "" {
			t.Error(diff)
		}
		rest, err := queryShelf(t, shelf, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = first.LastEvaluatedKey })
		if err != nil || keys(rest.Items) != "nine ten" {
			t.Errorf("the rest is %v, %v", rest, err)
		}
	})
}

func TestAnIndexFollowsTheTable(t *testing.T) {
	t.Parallel()
	rule(t, "IX-2")
	pk, shelf := unique(), unique()
	put(t, shelved(pk, "a", shelf, "1"))
	put(t, shelved(pk, "b", shelf, "2"))
	awaitShelf(t, shelf, "a b")
	if err := update(t, item(pk, "a"), "SET place = :three", attributes{":three": &number{Value: "3"}}); err != nil {
		t.Fatal(err)
	}
	awaitShelf(t, shelf, "b a")
	if err := update(t, item(pk, "b"), "REMOVE shelf", nil); err != nil {
		t.Fatal(err)
	}
	awaitShelf(t, shelf, "a")
	if _, err := cloud.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: tableName(), Key: item(pk, "a")}); err != nil {
		t.Fatal(err)
	}
	awaitShelf(t, shelf, "")
}

func TestAnIndexIsNotReadConsistently(t *testing.T) {
	t.Parallel()
	rule(t, "DD-83")
	_, err := queryShelf(t, unique(), func(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) })
	wantRefusal(t, err, "ValidationException", "Consistent reads are not supported on global secondary indexes")
	_, err = queryShelf(t, unique(), func(in *dynamodb.QueryInput) { in.IndexName = aws.String("none") })
	wantRefusal(t, err, "ValidationException", "The table does not have the specified index")
}

func TestAnAttributeOfAnIndexesKeyHasItsType(t *testing.T) {
	t.Parallel()
	rule(t, "IX-3")
	_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: item(unique(), "a", "shelf", "s", "place", "first")})
	wantRefusal(t, err, "ValidationException", "Type mismatch for Index Key place Expected: N Actual: S")
}
