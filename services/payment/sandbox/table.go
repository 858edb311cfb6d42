package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/contract"
)

// Table is a Ledger in a DynamoDB table with the partition key pk. It needs the
// permissions dynamodb:PutItem and dynamodb:UpdateItem.
type Table struct {
	Client *dynamodb.Client
	Name   string
}

var _ Ledger = Table{}

type row struct {
	PK       string `dynamodbav:"pk"`
	Amount   int64  `dynamodbav:"amount"`
	Currency string `dynamodbav:"currency"`
	Accepted bool   `dynamodbav:"accepted"`
	Barred   bool   `dynamodbav:"barred"`
}

func key(reference string) string { return "charge#" + reference }

// Open implements Ledger.
func (t Table) Open(ctx context.Context, reference string, entry Entry) (Entry, error) {
	item, err := attributevalue.MarshalMap(row{
		PK: key(reference), Amount: entry.Amount.Amount, Currency: entry.Amount.Currency, Accepted: entry.Accepted,
	})
	if err != nil {
		return Entry{}, err
	}
	_, err = t.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &t.Name,
		Item:                                item,
		ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if stored, found := errors.AsType[*types.ConditionalCheckFailedException](err); found {
		return decode(stored.Item)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("open the entry of %s: %w", reference, err)
	}
	return entry, nil
}

// Bar implements Ledger.
func (t Table) Bar(ctx context.Context, reference string) (Entry, error) {
	out, err := t.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &t.Name,
		Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key(reference)}},
		UpdateExpression:          aws.String("SET barred = :yes"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":yes": &types.AttributeValueMemberBOOL{Value: true}},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return Entry{}, fmt.Errorf("bar %s: %w", reference, err)
	}
	return decode(out.Attributes)
}

func decode(item map[string]types.AttributeValue) (Entry, error) {
	var r row
	if err := attributevalue.UnmarshalMap(item, &r); err != nil {
		return Entry{}, fmt.Errorf("decode an entry: %w", err)
	}
	return Entry{
		Amount:   contract.Money{Amount: r.Amount, Currency: r.Currency},
		Accepted: r.Accepted,
		Barred:   r.Barred,
	}, nil
}
