package conformance_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// nested returns a list in a list, and so on, of the given depth.
func nested(depth int) types.AttributeValue {
	var value types.AttributeValue = &text{Value: "x"}
	for range depth {
		value = &types.AttributeValueMemberL{Value: []types.AttributeValue{value}}
	}
	return value
}

func TestTheLimitsOfAnItem(t *testing.T) {
	t.Parallel()
	key := item(unique(), "a")
	long := func(number int) string { return strings.Repeat("x", number) }
	for _, c := range []struct {
		id, rule string
		item     attributes
		part     string
	}{
		{"DD-1", "an empty string in a key", attributes{"pk": &text{}, "sk": &text{Value: "a"}}, "empty string value"},
		{"DD-1", "an empty set", with(key, "v", &types.AttributeValueMemberSS{Value: []string{}}), "empty"},
		{"DD-1", "a set with the same element twice", with(key, "v", &types.AttributeValueMemberSS{Value: []string{"a", "a"}}), "duplicates"},
		{"DD-2", "39 digits", with(key, "v", &number{Value: "1" + strings.Repeat("2", 38)}), "more than 38 significant digits"},
		{"DD-2", "a number that is too large", with(key, "v", &number{Value: "1E126"}), "Number overflow"},
		{"DD-2", "a number that is too small", with(key, "v", &number{Value: "1E-131"}), "Number underflow"},
		{"DD-2", "no number", with(key, "v", &number{Value: "one"}), "cannot be converted to a numeric value"},
		{"DD-4", "more than 32 levels", with(key, "v", nested(33)), "Nesting Levels have exceeded supported limits"},
		{"DD-4", "a partition key of more than 2,048 bytes", item(long(2049), "a"), "2048 bytes"},
		{"DD-4", "a sort key of more than 1,024 bytes", item(unique(), long(1025)), "1024 bytes"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: c.item})
			if err == nil {
				t.Fatal("it is taken")
			}
			wantRefusal(t, err, "ValidationException", c.part)
		})
	}
	t.Run("the limits themselves are no error", func(t *testing.T) {
		rule(t, "DD-2", "DD-4")
		at := item(unique()+long(2048-27), long(1024))
		at["n"], at["v"] = &number{Value: "9." + strings.Repeat("9", 37) + "E125"}, nested(31)
		put(t, at)
	})
}

func TestTheLimitsOfAnExpression(t *testing.T) {
	t.Parallel()
	pk := unique()
	put(t, sample(pk))
	operators := strings.Repeat("n = :1 OR ", 300) + "n = :1"
	for _, c := range []struct{ id, rule, condition, part string }{
		{"DD-5", "more than 4 KB", "n = :1 OR " + strings.Repeat("x", 4096) + " = :1", "Expression size has exceeded the maximum allowed size"},
		{"DD-5", "more than 300 operators", operators, "operators"},
		{"DD-15", "double parentheses", "((n = :1))", "redundant parentheses"},
		{"DD-22", "an order of booleans", "n < :true", "Incorrect operand type for operator or function; operator: <, operand type: BOOL"},
		{"DD-23", "ends of two types", "n BETWEEN :1 AND :text", "BETWEEN"},
		{"DD-23", "ends in the wrong order", "n BETWEEN :2 AND :1", "BETWEEN"},
		{"DD-24", "no operands", "n IN ()", "Syntax error"},
		{"DD-27", "a type that there is not", "attribute_type(n, :text)", "Invalid attribute type name found"},
		{"DD-28", "the beginning of a number", "begins_with(n, :1)", "Incorrect operand type for operator or function; operator or function: begins_with"},
		{"DD-29", "a path in itself", "contains(n, n)", "contains"},
		{"DD-30", "a size alone", "size(n)", "size"},
		{"DD-13", "a function in capitals", "ATTRIBUTE_EXISTS(n)", "Invalid function name"},
		{"DD-11", "a constant", "n = 1", "Syntax error"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			values := attributes{
				":1": &number{Value: "1"}, ":2": &number{Value: "2"}, ":text": &text{Value: "text"}, ":true": &types.AttributeValueMemberBOOL{Value: true},
			}
			_, err := cloud.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
				TableName: tableName(), Key: item(pk, "a"), ConditionExpression: &c.condition, ExpressionAttributeValues: used(c.condition, values),
			})
			if err == nil {
				t.Fatal("it is taken")
			}
			wantRefusal(t, err, "ValidationException", c.part)
		})
	}
}

func TestARequestWithWhatExpressionsHaveReplacedIsRefused(t *testing.T) {
	t.Parallel()
	rule(t, "DD-16")
	_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: tableName(), Item: item(unique(), "a"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
		Expected: map[string]types.ExpectedAttributeValue{"n": {Exists: aws.Bool(false)}},
	})
	wantRefusal(t, err, "ValidationException", "Expected")
}

func TestAnUpdateCreatesAnItem(t *testing.T) {
	t.Parallel()
	rule(t, "DD-26", "DD-31", "DD-40")
	for sk, expression := range map[string]*string{"with": aws.String("SET made = :v"), "without": nil} {
		t.Run(sk, func(t *testing.T) {
			key := item(unique(), sk)
			in := &dynamodb.UpdateItemInput{TableName: tableName(), Key: key, UpdateExpression: expression, ConditionExpression: aws.String("attribute_not_exists(pk)")}
			if expression != nil {
				in.ExpressionAttributeValues = attributes{":v": &text{Value: "v"}}
			}
			if _, err := cloud.tables.UpdateItem(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			if got := get(t, key); got == nil || (textOf(got["made"]) == "v") != (expression != nil) {
				t.Errorf("the item is %v", got)
			}
		})
	}
}

func TestAPutReturnsTheOldItemOrNothing(t *testing.T) {
	t.Parallel()
	rule(t, "DD-55")
	given := item(unique(), "a", "kind", "old")
	put(t, given)
	write := func(returned types.ReturnValue) (*dynamodb.PutItemOutput, error) {
		return cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: given, ReturnValues: returned})
	}
	if out, err := write(types.ReturnValueAllOld); err != nil || textOf(out.Attributes["kind"]) != "old" {
		t.Errorf("it returns %+v, %v", out, err)
	}
	if out, err := write(types.ReturnValueNone); err != nil || out.Attributes != nil {
		t.Errorf("it returns %+v, %v", out, err)
	}
	_, err := write(types.ReturnValueUpdatedNew)
	wantRefusal(t, err, "ValidationException", "ReturnValues can only be ALL_OLD or NONE")
}

func TestAnUpdateReturnsTheBranchThatItNames(t *testing.T) {
	t.Parallel()
	rule(t, "DD-56")
	pk := unique()
	put(t, with(item(pk, "a"), "branch", &types.AttributeValueMemberM{Value: attributes{"one": &text{Value: "1"}, "two": &text{Value: "2"}}}))
	out, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: tableName(), Key: item(pk, "a"), UpdateExpression: aws.String("SET branch.one = :v"),
		ExpressionAttributeValues: attributes{":v": &text{Value: "new"}}, ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		t.Fatal(err)
	}
	branch, _ := out.Attributes["branch"].(*types.AttributeValueMemberM)
	if len(out.Attributes) != 1 || branch == nil || len(branch.Value) != 1 || textOf(branch.Value["one"]) != "new" {
		t.Errorf("it returns %v", out.Attributes)
	}
}

func TestTheLimitsOfATransaction(t *testing.T) {
	t.Parallel()
	pk := unique()
	var large []types.TransactWriteItem
	for i := range 11 {
		large = append(large, types.TransactWriteItem{Put: &types.Put{TableName: tableName(), Item: item(pk, strconv.Itoa(i), "padding", strings.Repeat("x", 399_000))}})
	}
	unconditional, empty := checking(item(pk, "a")), adding(item(pk, "a"))
	unconditional.ConditionCheck.ConditionExpression, empty.Update.UpdateExpression = aws.String(""), aws.String("")
	for _, c := range []struct {
		id, rule string
		writes   []types.TransactWriteItem
		part     string
	}{
		{"DD-63", "more than 4 MB", large, "size cannot exceed"},
		{"DD-61", "a check without a condition", []types.TransactWriteItem{unconditional}, "ConditionExpression"},
		{"DD-61", "an update without an expression", []types.TransactWriteItem{empty}, "UpdateExpression"},
		{"DD-60", "an action with nothing in it", []types.TransactWriteItem{{}}, ""},
		{"DD-60", "two actions in one", []types.TransactWriteItem{{Put: putting(item(pk, "a")).Put, Delete: deleting(item(pk, "b")).Delete}}, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			wantRefusal(t, transact(t, nil, c.writes...), "ValidationException", c.part)
		})
	}
	t.Run("a token of more than 36 characters", func(t *testing.T) {
		rule(t, "DD-71")
		token := strings.Repeat("x", 37)
		wantRefusal(t, transact(t, &token, adding(item(pk, "a"))), "ValidationException", "36")
	})
}

func TestAnUpdateThatFailsOnItsItemCancelsTheTransaction(t *testing.T) {
	t.Parallel()
	rule(t, "DD-45", "DD-64", "DD-67", "DD-70")
	pk := unique()
	put(t, item(pk, "a"))
	failing := adding(item(pk, "a"))
	failing.Update.UpdateExpression = aws.String("SET n = gone + :1")
	err := transact(t, nil, adding(item(pk, "new")), failing)
	wantRefusal(t, err, "TransactionCanceledException", "[None, ValidationError]")
	if got := get(t, item(pk, "new")); got != nil {
		t.Errorf("the cancelled transaction has written %v", got)
	}
}

func TestAnItemWhoseTimeIsOverIsThereUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	rule(t, "DD-88", "DD-89")
	// Items older than five years are never deleted, others after some days.
	for age, years := range map[string]int{"over for a day": 0, "over for ten years": 10} {
		t.Run(age, func(t *testing.T) {
			pk := unique()
			over := strconv.FormatInt(time.Now().AddDate(-years, 0, -1).Unix(), 10)
			put(t, with(item(pk, "a"), "expires", &number{Value: over}))
			if got := get(t, item(pk, "a")); got == nil {
				t.Fatal("the item is gone")
			}
			_, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: tableName(), Key: item(pk, "a"), ConditionExpression: aws.String("attribute_exists(pk)"),
				UpdateExpression:          aws.String("SET expires = :later"),
				ExpressionAttributeValues: attributes{":later": &number{Value: fmt.Sprint(time.Now().Add(time.Hour).Unix())}},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeyConditionsThatAreRefused(t *testing.T) {
	t.Parallel()
	rule(t, "DD-80", "DD-82")
	for _, c := range []struct{ rule, condition, filter, part string }{
		{"two conditions on one key", "pk = :a AND sk = :a AND sk = :b", "", "KeyConditionExpressions must only contain one condition per key"},
		{"an alternative", "pk = :a OR pk = :b", "", "Invalid operator used in KeyConditionExpression: OR"},
		{"a range of the partition key", "pk > :a", "", "Query key condition not supported"},
		{"the wrong type", "pk = :1", "", "Condition parameter type does not match schema type"},
		{"a filter on the key", "pk = :a", "sk = :b", "Filter Expression can only contain non-primary key attributes"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := &dynamodb.QueryInput{TableName: tableName(), KeyConditionExpression: &c.condition}
			in.ExpressionAttributeValues = used(c.condition+" "+c.filter, attributes{":a": &text{Value: "a"}, ":b": &text{Value: "b"}, ":1": &number{Value: "1"}})
			if c.filter != "" {
				in.FilterExpression = &c.filter
			}
			_, err := cloud.tables.Query(t.Context(), in)
			if err == nil {
				t.Fatal("it is taken")
			}
			wantRefusal(t, err, "ValidationException", c.part)
		})
	}
}
