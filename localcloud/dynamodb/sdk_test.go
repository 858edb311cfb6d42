package dynamodb_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/localcloud/wire"
)

// newClient is the real client, speaking to the engine over HTTP.
func newClient(tb testing.TB) *awsdynamodb.Client {
	tb.Helper()
	server := httptest.NewServer(wire.Handler(newCloud(tb).API()))
	tb.Cleanup(server.Close)
	return awsdynamodb.New(awsdynamodb.Options{
		BaseEndpoint: &server.URL, Region: "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int) types.AttributeValue     { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }

func TestTheClientGetsTheOldItemOfARefusedPut(t *testing.T) {
	client := newClient(t)
	put := func(by string) error {
		_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{
			TableName: aws.String("items"), Item: map[string]types.AttributeValue{"p": text("1"), "by": text(by)},
			ConditionExpression:                 aws.String("attribute_not_exists(p)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	}
	if err := put("first"); err != nil {
		t.Fatal(err)
	}
	var refused *types.ConditionalCheckFailedException
	if err := put("second"); !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
	if by, ok := refused.Item["by"].(*types.AttributeValueMemberS); !ok || by.Value != "first" {
		t.Errorf("the old item is %v", refused.Item)
	}
}

func TestTheClientGetsTheReasonsOfACancelledTransaction(t *testing.T) {
	client := newClient(t)
	elements := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: aws.String("items"), Key: map[string]types.AttributeValue{"p": text("stock")},
			UpdateExpression: aws.String("ADD onHand :n"), ExpressionAttributeValues: map[string]types.AttributeValue{":n": num(1)},
		}},
		{Put: &types.Put{
			TableName: aws.String("items"), Item: map[string]types.AttributeValue{"p": text("order")},
			ConditionExpression:                 aws.String("attribute_not_exists(p)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
	}
	// The client makes a token of its own for each call.
	if _, err := client.TransactWriteItems(t.Context(), &awsdynamodb.TransactWriteItemsInput{TransactItems: elements}); err != nil {
		t.Fatal(err)
	}
	_, err := client.TransactWriteItems(t.Context(), &awsdynamodb.TransactWriteItemsInput{TransactItems: elements})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		t.Fatalf("got %v", err)
	}
	if len(cancelled.CancellationReasons) != 2 {
		t.Fatalf("%d reasons", len(cancelled.CancellationReasons))
	}
	first, second := cancelled.CancellationReasons[0], cancelled.CancellationReasons[1]
	if aws.ToString(first.Code) != "None" || first.Message != nil {
		t.Errorf("the first reason is %v", first)
	}
	if aws.ToString(second.Code) != "ConditionalCheckFailed" || second.Item["p"] == nil {
		t.Errorf("the second reason is %v", second)
	}
}

func TestTheClientPagesThroughAQuery(t *testing.T) {
	client := newClient(t)
	for n := range 25 {
		_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{
			TableName: aws.String("orders"),
			Item:      map[string]types.AttributeValue{"customer": text("a"), "seq": num(n), "phase": text("open"), "weekday": text("mon")},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, index := range []*string{nil, aws.String("by-phase")} {
		t.Run(aws.ToString(index), func(t *testing.T) {
			condition := "customer = :key"
			key := text("a")
			if index != nil {
				condition, key = "phase = :key", text("open")
			}
			pages, items := 0, 0
			paginator := awsdynamodb.NewQueryPaginator(client, &awsdynamodb.QueryInput{
				TableName: aws.String("orders"), IndexName: index, Limit: aws.Int32(10),
				KeyConditionExpression: &condition, ExpressionAttributeValues: map[string]types.AttributeValue{":key": key},
			})
			for paginator.HasMorePages() {
				page, err := paginator.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				pages++
				items += len(page.Items)
			}
			if pages != 3 || items != 25 {
				t.Errorf("%d items on %d pages", items, pages)
			}
		})
	}
}

func TestTheClientUpdatesReadsAndDeletes(t *testing.T) {
	client := newClient(t)
	key := map[string]types.AttributeValue{"p": text("1")}
	updated, err := client.UpdateItem(t.Context(), &awsdynamodb.UpdateItemInput{
		TableName: aws.String("items"), Key: key, UpdateExpression: aws.String("SET #l = list_append(if_not_exists(#l, :none), :more)"),
		ExpressionAttributeNames: map[string]string{"#l": "list"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":none": &types.AttributeValueMemberL{}, ":more": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberB{Value: []byte{1, 2}}}},
		},
		ReturnValues: types.ReturnValueUpdatedNew, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, ok := updated.Attributes["list"].(*types.AttributeValueMemberL); !ok || len(list.Value) != 1 || aws.ToFloat64(updated.ConsumedCapacity.CapacityUnits) != 1 {
		t.Errorf("got %v and %v", updated.Attributes, updated.ConsumedCapacity)
	}
	if _, err := client.DeleteItem(t.Context(), &awsdynamodb.DeleteItemInput{TableName: aws.String("items"), Key: key}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetItem(t.Context(), &awsdynamodb.GetItemInput{TableName: aws.String("items"), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil || got.Item != nil {
		t.Errorf("after the delete: %v, %v", got, err)
	}
	described, err := client.DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: aws.String("items")})
	if err != nil || described.Table.TableStatus != types.TableStatusActive || !described.Table.CreationDateTime.Equal(start) {
		t.Errorf("described as %v, %v", described, err)
	}
}

func TestWhatIsNotSupportedIsAnErrorOfTheClient(t *testing.T) {
	client := newClient(t)
	t.Run("an operation", func(t *testing.T) {
		_, err := client.DeleteTable(t.Context(), &awsdynamodb.DeleteTableInput{TableName: aws.String("items")})
		if err == nil || !strings.Contains(err.Error(), "DeleteTable") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a member", func(t *testing.T) {
		_, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{
			TableName: aws.String("items"), Item: map[string]types.AttributeValue{"p": text("1")},
			ReturnItemCollectionMetrics: types.ReturnItemCollectionMetricsSize,
		})
		if err == nil || !strings.Contains(err.Error(), "ReturnItemCollectionMetrics") {
			t.Errorf("got %v", err)
		}
	})
}
