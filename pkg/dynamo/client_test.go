package dynamo_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const table = "dedup"

// client is a DynamoDB client that answers from a script and keeps its requests. An
// item that was put can be read; conditions are not evaluated.
type client struct {
	err   error
	items map[string]map[string]types.AttributeValue

	calls   []string
	gets    []*dynamodb.GetItemInput
	batches []*dynamodb.BatchGetItemInput
	// unprocessed are the subjects that BatchGetItem leaves out.
	unprocessed []string
	puts        []*dynamodb.PutItemInput
	txs         []*dynamodb.TransactWriteItemsInput

	queries []dynamodb.QueryInput
	pages   []*dynamodb.QueryOutput
}

func newClient() *client {
	return &client{items: make(map[string]map[string]types.AttributeValue)}
}

func (c *client) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.calls = append(c.calls, "GetItem")
	c.gets = append(c.gets, in)
	if c.err != nil {
		return nil, c.err
	}
	return &dynamodb.GetItemOutput{Item: c.items[text(in.Key["pk"])]}, nil
}

// BatchGetItem leaves the keys in unprocessed out of its answer.
func (c *client) BatchGetItem(
	_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options),
) (*dynamodb.BatchGetItemOutput, error) {
	c.calls = append(c.calls, "BatchGetItem")
	c.batches = append(c.batches, in)
	if c.err != nil {
		return nil, c.err
	}
	out := &dynamodb.BatchGetItemOutput{
		Responses: make(map[string][]map[string]types.AttributeValue), UnprocessedKeys: make(map[string]types.KeysAndAttributes),
	}
	for _, key := range in.RequestItems[table].Keys {
		subject := text(key["pk"])
		switch item := c.items[subject]; {
		case slices.Contains(c.unprocessed, subject):
			left := out.UnprocessedKeys[table]
			left.Keys = append(left.Keys, key)
			out.UnprocessedKeys[table] = left
		case item != nil:
			out.Responses[table] = append(out.Responses[table], item)
		}
	}
	return out, nil
}

func (c *client) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.calls = append(c.calls, "PutItem")
	c.puts = append(c.puts, in)
	if c.err != nil {
		return nil, c.err
	}
	c.items[text(in.Item["pk"])] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (c *client) TransactWriteItems(
	_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options),
) (*dynamodb.TransactWriteItemsOutput, error) {
	c.calls = append(c.calls, "TransactWriteItems")
	c.txs = append(c.txs, in)
	if c.err != nil {
		return nil, c.err
	}
	c.items[text(in.TransactItems[0].Put.Item["pk"])] = in.TransactItems[0].Put.Item
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

func (c *client) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.calls = append(c.calls, "Query")
	c.queries = append(c.queries, *in)
	if c.err != nil {
		return nil, c.err
	}
	page := c.pages[0]
	c.pages = c.pages[1:]
	return page, nil
}

// text returns a text, or "" for an absent one.
func text(value types.AttributeValue) string {
	if value == nil {
		return ""
	}
	return value.(*types.AttributeValueMemberS).Value
}

func str(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func num(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} }

// unexported makes cmp compare the fields of cost.
var unexported = cmp.AllowUnexported(cost{})

func assertEqual(t *testing.T, want, got any, options ...cmp.Option) {
	t.Helper()
	ignore := cmpopts.IgnoreUnexported(
		dynamodb.GetItemInput{}, dynamodb.PutItemInput{}, dynamodb.TransactWriteItemsInput{}, dynamodb.QueryInput{}, types.TransactWriteItem{}, types.Put{},
		types.Update{}, types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{},
	)
	if diff := cmp.Diff(want, got, append(options, ignore, cmpopts.EquateEmpty())...); diff != "" {
		t.Errorf("expected (-), got (+):\n%s", diff)
	}
}
