package dynamo_test

import (
	"context"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ledger is a DynamoDB table that evaluates the conditions of a store, and counts the
// calls and the units that AWS bills: a read unit for each 4 KB of a consistent read;
// a write unit for each KB of the larger of the old and the new item, twice as much in
// a transaction, and the same if the condition fails. A unit more is for the entry in the
// account index that a put makes, changes or removes; if its key changes, they are two.
type ledger struct {
	client // It answers queries.

	items         map[string]map[string]types.AttributeValue
	calls         []string
	reads, writes int

	// before runs before a write has its effect, after runs after that.
	before, after func() error
}

func newLedger() *ledger {
	return &ledger{items: make(map[string]map[string]types.AttributeValue)}
}

// aside runs a function without counting its cost.
func (l *ledger) aside(run func() error) error {
	calls, reads, writes := l.calls, l.reads, l.writes
	before, after := l.before, l.after
	l.before, l.after = nil, nil
	err := run()
	l.calls, l.reads, l.writes = calls, reads, writes
	l.before, l.after = before, after
	return err
}

func (l *ledger) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	l.calls = append(l.calls, "GetItem")
	found := l.items[text(in.Key["pk"])]
	l.reads += units(found, 4096)
	return &dynamodb.GetItemOutput{Item: maps.Clone(found)}, nil
}

func (l *ledger) BatchGetItem(
	_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options),
) (*dynamodb.BatchGetItemOutput, error) {
	l.calls = append(l.calls, "BatchGetItem")
	out := &dynamodb.BatchGetItemOutput{Responses: make(map[string][]map[string]types.AttributeValue)}
	for _, key := range in.RequestItems[table].Keys {
		found := l.items[text(key["pk"])]
		l.reads += units(found, 4096)
		if found != nil {
			out.Responses[table] = append(out.Responses[table], maps.Clone(found))
		}
	}
	return out, nil
}

func (l *ledger) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	l.calls = append(l.calls, "PutItem")
	if err := once(&l.before); err != nil {
		return nil, err
	}
	l.writes += l.cost(in.Item)
	if !l.holds(in.Item, *in.ConditionExpression, in.ExpressionAttributeValues) {
		return nil, &types.ConditionalCheckFailedException{Item: l.standing(in.Item, in.ReturnValuesOnConditionCheckFailure)}
	}
	l.writes += costOfIndex(l.items[text(in.Item["pk"])], in.Item)
	l.items[text(in.Item["pk"])] = in.Item
	return &dynamodb.PutItemOutput{}, once(&l.after)
}

func (l *ledger) TransactWriteItems(
	_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options),
) (*dynamodb.TransactWriteItemsOutput, error) {
	l.calls = append(l.calls, "TransactWriteItems")
	if err := once(&l.before); err != nil {
		return nil, err
	}
	written := make(map[string]map[string]types.AttributeValue)
	codes := make([]string, len(in.TransactItems))
	refused := false
	for n, action := range in.TransactItems {
		item, holds := l.action(action)
		l.writes += 2 * l.cost(item)
		written[text(item["pk"])] = item
		codes[n] = "None"
		if !holds {
			codes[n], refused = "ConditionalCheckFailed", true
		}
	}
	if refused {
		failed := canceled(codes...)
		for n, action := range in.TransactItems {
			if put := action.Put; codes[n] != "None" && put != nil {
				failed.CancellationReasons[n].Item = l.standing(put.Item, put.ReturnValuesOnConditionCheckFailure)
			}
		}
		return nil, failed
	}
	maps.Copy(l.items, written)
	return &dynamodb.TransactWriteItemsOutput{}, once(&l.after)
}

// action returns the item that an action writes, and whether its condition holds.
func (l *ledger) action(action types.TransactWriteItem) (map[string]types.AttributeValue, bool) {
	if put := action.Put; put != nil {
		return put.Item, l.holds(put.Item, *put.ConditionExpression, put.ExpressionAttributeValues)
	}
	update := action.Update
	item := maps.Clone(update.Key)
	maps.Copy(item, l.items[text(update.Key["pk"])])
	holds := true
	for placeholder, counter := range update.ExpressionAttributeNames {
		value := update.ExpressionAttributeValues
		n := placeholder[len("#c"):]
		stored, atLeast := integer(item[counter]), integer(value[":m"+n])
		holds = holds && stored >= atLeast
		item[counter] = num(strconv.Itoa(stored + integer(value[":a"+n])))
	}
	return item, holds
}

func (l *ledger) holds(item map[string]types.AttributeValue, condition string, values map[string]types.AttributeValue) bool {
	old, exists := l.items[text(item["pk"])]
	switch condition {
	case "attribute_not_exists(#pk)":
		return !exists
	case "#version = :loaded":
		return exists && integer(old["version"]) == integer(values[":loaded"])
	}
	panic("unknown condition " + condition)
}

// standing returns the item that a failed condition returns.
func (l *ledger) standing(item map[string]types.AttributeValue, values types.ReturnValuesOnConditionCheckFailure) map[string]types.AttributeValue {
	if values != types.ReturnValuesOnConditionCheckFailureAllOld {
		return nil
	}
	return l.items[text(item["pk"])]
}

func (l *ledger) cost(item map[string]types.AttributeValue) int {
	return max(units(item, 1024), units(l.items[text(item["pk"])], 1024))
}

// costOfIndex returns the units of the account index when an item is replaced.
func costOfIndex(before, after map[string]types.AttributeValue) int {
	entry := func(item map[string]types.AttributeValue) (key [2]string, amount int, isIndexed bool) {
		account, isIndexed := item["account"]
		if isIndexed {
			key = [2]string{text(account), strconv.Itoa(integer(item["until"]))}
		}
		return key, integer(item["amount"]), isIndexed
	}
	oldKey, oldAmount, hadEntry := entry(before)
	newKey, newAmount, hasEntry := entry(after)
	switch {
	case hadEntry && hasEntry && oldKey != newKey:
		return 2
	case hadEntry != hasEntry, oldAmount != newAmount:
		return 1
	}
	return 0
}

// once runs a fault and removes it.
func once(fault *func() error) error {
	run := *fault
	*fault = nil
	if run == nil {
		return nil
	}
	return run()
}

func integer(value types.AttributeValue) int {
	number, isNumber := value.(*types.AttributeValueMemberN)
	if !isNumber {
		return 0
	}
	n, err := strconv.Atoi(number.Value)
	if err != nil {
		panic(err)
	}
	return n
}

func units(item map[string]types.AttributeValue, step int) int {
	return max(1, (bytes(&types.AttributeValueMemberM{Value: item})+step-1)/step)
}

func bytes(value types.AttributeValue) int {
	size := 0
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		size = len(value.Value)
	case *types.AttributeValueMemberN:
		size = len(value.Value)/2 + 2
	case *types.AttributeValueMemberB:
		size = len(value.Value)
	case *types.AttributeValueMemberM:
		for name, inner := range value.Value {
			size += 1 + len(name) + bytes(inner)
		}
	}
	return size
}
