package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// journal is where the probe notes what it got. A test's notes have its name as
// their partition key, and the time as the beginning of their sort key.
type journal struct {
	client *dynamodb.Client
	table  string
	clock  func() time.Time
}

// The outcomes of a record or an invocation.
const (
	outcomeBegun  = "begun"
	outcomeDone   = "done"
	outcomeFailed = "failed"
	outcomeLeft   = "left"
)

// note writes down what the probe got for an order, and what becomes of it.
func (j journal) note(ctx context.Context, o instruction, outcome string, payload []byte) error {
	request := ""
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		request = invocation.AwsRequestID
	}
	_, err := j.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &j.table, Item: map[string]types.AttributeValue{
		"pk":      text(o.Test),
		"sk":      text(fmt.Sprintf("note %020d %s %s", j.clock().UnixNano(), request, o.Step)),
		"step":    text(o.Step),
		"request": text(request),
		"outcome": text(outcome),
		"payload": text(string(payload)),
	}})
	return err
}

// count counts the calls that belong to an order.
func (j journal) count(ctx context.Context, o instruction) (int, error) {
	out, err := j.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &j.table,
		Key:                       map[string]types.AttributeValue{"pk": text(o.Test), "sk": text("count")},
		UpdateExpression:          new("ADD calls :one"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, err
	}
	calls, ok := out.Attributes["calls"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("the count of %s is not a number", o.Test)
	}
	return strconv.Atoi(calls.Value)
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }
