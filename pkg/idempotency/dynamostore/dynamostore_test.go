package dynamostore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/idempotency"
	"example.com/saga/pkg/idempotency/dynamostore"
)

// client is a DynamoDB client that fails with err, and keeps the names of its calls. That the
// conditions are right is tested in package acceptance, on the local cloud.
type client struct {
	err   error
	calls []string
	last  *dynamodb.TransactWriteItemsInput
}

func (c *client) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.calls = append(c.calls, "Put")
	return nil, c.err
}

func (c *client) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	c.calls = append(c.calls, "Update")
	return nil, c.err
}

func (c *client) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	c.calls = append(c.calls, "Delete")
	return nil, c.err
}

func (c *client) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.calls = append(c.calls, "Transact")
	c.last = in
	return nil, c.err
}

// canceled returns the error of a transaction with a reason for each write.
func canceled(codes ...string) error {
	reasons := make([]types.CancellationReason, len(codes))
	for i, code := range codes {
		reasons[i].Code = aws.String(code)
	}
	return &types.TransactionCanceledException{CancellationReasons: reasons}
}

func TestTheCallsAreThoseOfTheDocumentation(t *testing.T) {
	for name, test := range map[string]struct {
		writes []types.TransactWriteItem
		err    error
		want   []string
	}{
		"a first call":           {nil, nil, []string{"Put", "Update"}},
		"with own writes":        {make([]types.TransactWriteItem, 2), nil, []string{"Put", "Transact"}},
		"an error of a function": {nil, errors.New("refused"), []string{"Put", "Delete"}},
	} {
		c := &client{}
		runner, err := idempotency.New(idempotency.Config[types.TransactWriteItem]{Name: "book", Store: dynamostore.New(c, "table"), Retention: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		_, err = idempotency.Run(t.Context(), runner, "k", 1, func(context.Context) (int, []types.TransactWriteItem, error) {
			return 1, test.writes, test.err
		})
		if !errors.Is(err, test.err) || !slices.Equal(c.calls, test.want) {
			t.Errorf("%s: the calls are %v, %v", name, c.calls, err)
		}
	}
}

func TestTheReasonsOfACanceledTransactionBeginWithThoseOfTheOwnWrites(t *testing.T) {
	c := &client{err: canceled("ConditionalCheckFailed", "None", "None")}
	own := make([]types.TransactWriteItem, 2, 9)
	own[0].Put = &types.Put{TableName: aws.String("rooms")}
	err := dynamostore.New(c, "table").Complete(t.Context(), idempotency.Record{Key: "k"}, own)
	got, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || aws.ToString(got.CancellationReasons[0].Code) != "ConditionalCheckFailed" || c.last.TransactItems[0].Put != own[0].Put ||
		aws.ToString(c.last.TransactItems[2].Update.TableName) != "table" || own[:3][2].Update != nil {
		t.Errorf("%v, written is %+v", err, c.last.TransactItems)
	}
}

func TestAnErrorOfDynamoDBIsClassified(t *testing.T) {
	down := errors.New("the table is unavailable")
	conflict := &types.TransactionConflictException{}
	refused := canceled("ConditionalCheckFailed", "TransactionConflict")
	for name, test := range map[string]struct {
		given, want error
	}{
		"of the network":                      {down, down},
		"a concurrent transaction":            {conflict, idempotency.ErrConflict},
		"concurrent transactions":             {canceled("TransactionConflict", "None"), idempotency.ErrConflict},
		"a conflict beside a refusal":         {refused, refused},
		"another run":                         {canceled("None", "ConditionalCheckFailed"), idempotency.ErrTakenOver},
		"another run and an own write":        {canceled("ConditionalCheckFailed", "ConditionalCheckFailed"), idempotency.ErrTakenOver},
		"another run, without an own write":   {&types.ConditionalCheckFailedException{}, idempotency.ErrTakenOver},
		"a transaction canceled for no write": {canceled(), canceled()},
	} {
		err := dynamostore.New(&client{err: test.given}, "table").Complete(t.Context(), idempotency.Record{Key: "k", Run: "r"}, make([]types.TransactWriteItem, 1))
		if _, isCanceled := errors.AsType[*types.TransactionCanceledException](test.want); isCanceled {
			if !errors.As(err, new(*types.TransactionCanceledException)) || errors.Is(err, idempotency.ErrConflict) {
				t.Errorf("%s: the error is %v", name, err)
			}
		} else if !errors.Is(err, test.want) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestARecordThatCannotBeReadIsAnError(t *testing.T) {
	c := &client{err: &types.ConditionalCheckFailedException{Item: map[string]types.AttributeValue{"lease": &types.AttributeValueMemberS{Value: "soon"}}}}
	if standing, err := dynamostore.New(c, "table").Begin(t.Context(), idempotency.Record{Key: "k"}, time.Time{}); err == nil {
		t.Errorf("what stands is %+v", standing)
	}
}
