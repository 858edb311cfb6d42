package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Deleter is the part of the DynamoDB client that RemoveItem uses.
type Deleter interface {
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// RemoveItem removes an adjusted item unless its counter is above 0, and reports
// whether the item is gone. It is for operators: a participant never removes an item.
// It needs the permission dynamodb:DeleteItem, and costs one write unit.
func RemoveItem(ctx context.Context, client Deleter, table, item, counter string) (bool, error) {
	_, err := client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 &table,
		Key:                       key(item),
		ConditionExpression:       aws.String("attribute_not_exists(#counter) OR #counter = :nothing"),
		ExpressionAttributeNames:  map[string]string{"#counter": counter},
		ExpressionAttributeValues: map[string]types.AttributeValue{":nothing": number(0)},
	})
	if _, isHeld := errors.AsType[*types.ConditionalCheckFailedException](err); isHeld {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("remove an adjusted item of %s: %w", table, err)
	}
	return true, nil
}
