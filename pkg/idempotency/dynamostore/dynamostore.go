// Package dynamostore stores the answers of package idempotency in a DynamoDB table with the
// partition key pk, which may be a table with other items.
//
//	pk (S)          the name of the function, # and the key
//	content (S)     the hash of the content
//	run (S)         the random id of the run
//	lease (N)       epoch milliseconds, the end of the run's lease
//	expires_at (N)  epoch seconds, the table's time to live
//	answer (B)      the answer as JSON, once the run is done
//
// The cost of a call in write units, with n own writes. A unit is 1 KB of an item, and the record
// has up to 1 KB beside its answer. Nothing is read.
//
//	                          calls                write units
//	first call                Put Update           2
//	  with n own writes       Put Transact         1 + 2 + 2n
//	repeated call             Put                  1, or the size of the answer in KB
//	in progress, or with
//	other content             Put                  as a repeated call
//	error of the function     Put Delete           2
//	takeover after a crash    Put, Put Update      3
//
// A condition that fails costs the size of the item that stands, at least one unit
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html).
//
// A Store needs the permissions dynamodb:PutItem, dynamodb:UpdateItem and dynamodb:DeleteItem on
// the table, and for own writes the permissions of each of them: a transaction needs no other
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/idempotency"
)

// Client is the part of the DynamoDB client that a Store uses.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store is an idempotency.Store. If one of the own writes is refused, the error wraps the
// *types.TransactionCanceledException, whose reasons begin with those of the own writes.
type Store struct {
	client Client
	table  string
}

var _ idempotency.Store[types.TransactWriteItem] = (*Store)(nil)

// New makes a store on the named table.
func New(client Client, table string) *Store { return &Store{client, table} }

// isInProgress is the condition that the record is that of a run in progress.
const isInProgress = "run = :run AND attribute_not_exists(answer)"

// item is a record as it is stored.
type item struct {
	Key       string `dynamodbav:"pk"`
	Content   string `dynamodbav:"content"`
	Run       string `dynamodbav:"run"`
	Lease     int64  `dynamodbav:"lease"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
	Answer    []byte `dynamodbav:"answer,omitempty"`
}

func decode(attributes map[string]types.AttributeValue) (idempotency.Record, error) {
	var i item
	if err := attributevalue.UnmarshalMap(attributes, &i); err != nil {
		return idempotency.Record{}, fmt.Errorf("decode a record: %w", err)
	}
	return idempotency.Record{
		Key: i.Key, Content: i.Content, Run: i.Run, Until: time.UnixMilli(i.Lease).UTC(), ExpiresAt: time.Unix(i.ExpiresAt, 0).UTC(), Answer: i.Answer,
	}, nil
}

// Begin implements idempotency.Store. The SDK may repeat a call whose answer was lost: then the
// record of the same run stands.
func (s *Store) Begin(ctx context.Context, record idempotency.Record, now time.Time) (*idempotency.Record, error) {
	attributes, err := attributevalue.MarshalMap(item{
		Key: record.Key, Content: record.Content, Run: record.Run, Lease: record.Until.UnixMilli(), ExpiresAt: record.ExpiresAt.Unix(),
	})
	if err != nil {
		return nil, err
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: attributes,
		ConditionExpression: aws.String("attribute_not_exists(pk) OR expires_at <= :seconds OR run = :run OR " +
			"(attribute_not_exists(answer) AND content = :content AND lease <= :milliseconds)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":seconds": number(now.Unix()), ":milliseconds": number(now.UnixMilli()), ":run": text(record.Run), ":content": text(record.Content),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, isRefused := errors.AsType[*types.ConditionalCheckFailedException](err); isRefused {
		standing, err := decode(refused.Item)
		return &standing, err
	}
	return nil, writeError(err)
}

// Complete implements idempotency.Store.
func (s *Store) Complete(ctx context.Context, record idempotency.Record, writes []types.TransactWriteItem) error {
	update := types.Update{
		TableName: &s.table, Key: key(record), UpdateExpression: aws.String("SET answer = :answer"),
		ConditionExpression: aws.String(isInProgress),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":run": text(record.Run), ":answer": &types.AttributeValueMemberB{Value: record.Answer},
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var err error
	if len(writes) > 0 {
		_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: append(slices.Clip(writes), types.TransactWriteItem{Update: &update}),
		})
	} else {
		_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: update.TableName, Key: update.Key, UpdateExpression: update.UpdateExpression, ConditionExpression: update.ConditionExpression,
			ExpressionAttributeValues:           update.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: update.ReturnValuesOnConditionCheckFailure,
		})
	}
	standing, isRefused := refusal(err)
	if !isRefused {
		return writeError(err)
	}
	done, err := decode(standing)
	switch {
	case err != nil:
		return err
	case done.Run == record.Run: // The answer of an earlier attempt was lost.
		return nil
	}
	return idempotency.ErrTakenOver
}

// Release implements idempotency.Store.
func (s *Store) Release(ctx context.Context, record idempotency.Record) error {
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.table, Key: key(record), ConditionExpression: aws.String(isInProgress),
		ExpressionAttributeValues: map[string]types.AttributeValue{":run": text(record.Run)},
	})
	if _, isRefused := refusal(err); isRefused {
		return nil
	}
	return writeError(err)
}

// refusal returns the item that stands if the condition on the record failed.
func refusal(err error) (standing map[string]types.AttributeValue, isRefused bool) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, true
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok && len(canceled.CancellationReasons) > 0 {
		last := canceled.CancellationReasons[len(canceled.CancellationReasons)-1]
		return last.Item, aws.ToString(last.Code) == "ConditionalCheckFailed"
	}
	return nil, false
}

// writeError returns the error of a write. It does not name the key, because an error is logged.
func writeError(err error) error {
	if err == nil {
		return nil
	}
	_, isConflict := errors.AsType[*types.TransactionConflictException](err)
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, reason := range canceled.CancellationReasons {
			switch aws.ToString(reason.Code) {
			case "TransactionConflict":
				isConflict = true
			case "None":
			default: // A write that is refused is refused again.
				return fmt.Errorf("write a record: %w", err)
			}
		}
	}
	if isConflict {
		return fmt.Errorf("%w: %w", idempotency.ErrConflict, err)
	}
	return fmt.Errorf("write a record: %w", err)
}

func key(record idempotency.Record) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(record.Key)}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}
