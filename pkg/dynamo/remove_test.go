package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
)

// deleter answers each request with one error.
type deleter struct {
	err error
	in  *dynamodb.DeleteItemInput
}

func (d *deleter) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	d.in = in
	return &dynamodb.DeleteItemOutput{}, d.err
}

func TestAnItemIsRemovedOnTheConditionThatItsCounterIsZero(t *testing.T) {
	d := &deleter{}
	if gone, err := dynamo.RemoveItem(t.Context(), d, table, "customer#c-42", "points"); !gone || err != nil {
		t.Errorf("removed is %t, %v", gone, err)
	}
	if *d.in.TableName != table || text(d.in.Key["pk"]) != "customer#c-42" ||
		*d.in.ConditionExpression != "attribute_not_exists(#counter) OR #counter = :nothing" ||
		d.in.ExpressionAttributeNames["#counter"] != "points" {
		t.Errorf("the request is %+v", d.in)
	}
}

func TestAnItemWithACounterAboveZeroIsNotRemoved(t *testing.T) {
	d := &deleter{err: &types.ConditionalCheckFailedException{}}
	if gone, err := dynamo.RemoveItem(t.Context(), d, table, "customer#c-42", "points"); gone || err != nil {
		t.Errorf("removed is %t, %v", gone, err)
	}
}

func TestAFailedRemovalIsAnErrorWithoutTheItem(t *testing.T) {
	d := &deleter{err: errLost}
	gone, err := dynamo.RemoveItem(t.Context(), d, table, "customer#c-42", "points")
	if gone || !errors.Is(err, errLost) || !strings.Contains(err.Error(), table) || strings.Contains(err.Error(), "c-42") {
		t.Errorf("removed is %t, %v", gone, err)
	}
}
