package conformance_test

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type (
	attributes = map[string]types.AttributeValue
	number     = types.AttributeValueMemberN
	text       = types.AttributeValueMemberS
)

// sameItem compares items.
func sameItem() cmp.Option {
	return cmpopts.IgnoreUnexported(text{}, number{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberNULL{},
		types.AttributeValueMemberL{}, types.AttributeValueMemberM{}, types.AttributeValueMemberSS{},
		types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{}, types.AttributeValueMemberB{})
}

// with adds attributes to a copy of an item.
func with(base attributes, name string, value types.AttributeValue) attributes {
	made := maps.Clone(base)
	made[name] = value
	return made
}

func tableName() *string { return aws.String(cloud.output("Table")) }

func put(t *testing.T, given attributes) {
	t.Helper()
	if _, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: given}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, key attributes) attributes {
	t.Helper()
	out, err := cloud.tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: tableName(), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

// update updates an item; the names of its values begin with a colon.
func update(t *testing.T, key attributes, expression string, values attributes) error {
	t.Helper()
	_, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: tableName(), Key: key, UpdateExpression: &expression, ExpressionAttributeValues: values,
	})
	return err
}

func TestARefusedConditionalWriteReturnsTheOldItem(t *testing.T) {
	t.Parallel()
	rule(t, "DD-26", "DD-31", "DD-32")
	key := item(unique(), "a")
	old := with(key, "n", &number{Value: "1"})
	absent := aws.String("attribute_not_exists(pk)")
	write := func(given attributes) error {
		_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: tableName(), Item: given, ConditionExpression: absent,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	}
	if err := write(old); err != nil {
		t.Fatalf("the first write is refused: %v", err)
	}
	err := write(with(key, "n", &number{Value: "2"}))
	wantRefusal(t, err, "ConditionalCheckFailedException", "The conditional request failed")
	if failure, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok || !cmp.Equal(old, failure.Item, sameItem()) {
		t.Errorf("the error is %v, want it to have the old item", err)
	}
	if got := get(t, key); !cmp.Equal(old, got, sameItem()) {
		t.Errorf("the item is %v after the refusal", got)
	}
	t.Run("an item that does not exist is not in the error", func(t *testing.T) {
		_, err := cloud.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: tableName(), Key: item(unique(), "a"), ConditionExpression: aws.String("attribute_exists(pk)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		failure, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
		if !ok || len(failure.Item) != 0 {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("nor is one that was not asked for", func(t *testing.T) {
		_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: old, ConditionExpression: absent})
		failure, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
		if !ok || len(failure.Item) != 0 {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestOfManyWritersUnderOneConditionOneWins(t *testing.T) {
	t.Parallel()
	rule(t, "DD-34")
	key := item(unique(), "a")
	const writers = 10
	results := make(chan error, writers)
	for i := range writers {
		go func() {
			_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
				TableName: tableName(), Item: with(key, "n", &number{Value: strconv.Itoa(i)}), ConditionExpression: aws.String("attribute_not_exists(pk)"),
			})
			results <- err
		}()
	}
	won := 0
	for range writers {
		err := <-results
		if err == nil {
			won++
			continue
		}
		wantRefusal(t, err, "ConditionalCheckFailedException", "")
	}
	if won != 1 {
		t.Errorf("%d writers win", won)
	}
}

func TestAQueryIsPagedInTheOrderOfTheSortKey(t *testing.T) {
	t.Parallel()
	rule(t, "DD-80", "DD-81", "DD-82", "DD-83")
	pk := unique()
	for _, sk := range []string{"c", "a", "e", "b", "d"} {
		put(t, with(item(pk, sk), "odd", &types.AttributeValueMemberBOOL{Value: strings.Contains("ace", sk)}))
	}
	query := func(change func(*dynamodb.QueryInput)) *dynamodb.QueryOutput {
		in := &dynamodb.QueryInput{
			TableName: tableName(), ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: item("", "", ":pk", pk),
		}
		change(in)
		out, err := cloud.tables.Query(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("pages", func(t *testing.T) {
		var pages []string
		var from attributes
		for {
			out := query(func(in *dynamodb.QueryInput) { in.Limit, in.ExclusiveStartKey = aws.Int32(2), from })
			pages = append(pages, keys(out.Items))
			if from = out.LastEvaluatedKey; from == nil {
				break
			}
		}
		if diff := cmp.Diff([]string{"a b", "c d", "e"}, pages); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("backwards", func(t *testing.T) {
		if got := keys(query(func(in *dynamodb.QueryInput) { in.ScanIndexForward = aws.Bool(false) }).Items); got != "e d c b a" {
			t.Errorf("the items come as %s", got)
		}
	})
	t.Run("a filter is applied after the limit", func(t *testing.T) {
		out := query(func(in *dynamodb.QueryInput) {
			in.Limit, in.FilterExpression = aws.Int32(2), aws.String("odd = :odd")
			in.ExpressionAttributeValues[":odd"] = &types.AttributeValueMemberBOOL{Value: true}
		})
		if got := keys(out.Items); got != "a" || out.Count != 1 || out.ScannedCount != 2 || textOf(out.LastEvaluatedKey["sk"]) != "b" {
			t.Errorf("the items are %s, %d of %d, up to %v", got, out.Count, out.ScannedCount, out.LastEvaluatedKey)
		}
	})
	for condition, want := range map[string]string{
		"pk = :pk AND sk > :b": "c d e", "pk = :pk AND sk <= :b": "a b", "pk = :pk AND sk BETWEEN :b AND :d": "b c d", "pk = :pk AND begins_with(sk, :d)": "d",
	} {
		t.Run(condition, func(t *testing.T) {
			out := query(func(in *dynamodb.QueryInput) {
				in.KeyConditionExpression = &condition
				for _, letter := range []string{"b", "d"} {
					if strings.Contains(condition, ":"+letter) {
						in.ExpressionAttributeValues[":"+letter] = &text{Value: letter}
					}
				}
			})
			if got := keys(out.Items); got != want {
				t.Errorf("the items are %s, want %s", got, want)
			}
		})
	}
}

// keys are the sort keys of items, in their order.
func keys(items []map[string]types.AttributeValue) string {
	var all []string
	for _, got := range items {
		all = append(all, textOf(got["sk"]))
	}
	return strings.Join(all, " ")
}

func TestEveryTypeOfValueComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rule(t, "DD-1", "DD-2")
	given := item(unique(), "a")
	for i, value := range []types.AttributeValue{
		&text{Value: ""}, &number{Value: "12345678901234567890123456789012345678"}, &types.AttributeValueMemberB{Value: []byte{0, 255}},
		&types.AttributeValueMemberBOOL{Value: true}, &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberSS{Value: []string{"one"}},
		&types.AttributeValueMemberNS{Value: []string{"1"}}, &types.AttributeValueMemberBS{Value: [][]byte{{0, 255}}},
		&types.AttributeValueMemberL{Value: []types.AttributeValue{&number{Value: "1"}, &text{Value: "two"}}},
		&types.AttributeValueMemberM{Value: attributes{"a.b": &number{Value: "-0.5"}}},
	} {
		given[fmt.Sprintf("v%d", i)] = value
	}
	put(t, given)
	if diff := cmp.Diff(given, get(t, item(textOf(given["pk"]), "a")), sameItem()); diff != "" {
		t.Error(diff)
	}
	if got := get(t, item(unique(), "a")); got != nil {
		t.Errorf("an item that does not exist is %v", got)
	}
}
