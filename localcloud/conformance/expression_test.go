package conformance_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// sample is the item that the expressions are about.
func sample(pk string) attributes {
	made := item(pk, "a", "text", "hello")
	made["n"] = &number{Value: "10"}
	made["nothing"] = &types.AttributeValueMemberNULL{Value: true}
	made["list"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&number{Value: "1"}, &text{Value: "b"}}}
	made["map"] = &types.AttributeValueMemberM{Value: attributes{"k": &text{Value: "v"}}}
	made["set"] = &types.AttributeValueMemberSS{Value: []string{"x"}}
	return made
}

// reservedNames are placeholders for names that are reserved words.
func reservedNames() map[string]string {
	return map[string]string{"#text": "text", "#list": "list", "#map": "map", "#set": "set"}
}

// used picks the placeholders that an expression uses: DynamoDB refuses others.
func used[V any](expression string, placeholders map[string]V) map[string]V {
	var picked map[string]V
	for _, name := range regexp.MustCompile(`[:#]\w+`).FindAllString(expression, -1) {
		if value, known := placeholders[name]; known {
			if picked == nil {
				picked = map[string]V{}
			}
			picked[name] = value
		}
	}
	return picked
}

func TestConditions(t *testing.T) {
	t.Parallel()
	values := attributes{
		":10": &number{Value: "10.0"}, ":20": &number{Value: "20"}, ":hell": &text{Value: "hell"}, ":b": &text{Value: "b"}, ":x": &text{Value: "x"}, ":N": &text{Value: "N"}, ":s10": &text{Value: "10"},
	}
	names := reservedNames()
	pk := unique()
	put(t, sample(pk))
	for _, c := range []struct {
		id, rule, condition string
		want                bool
	}{
		{"DD-20", "numbers are equal by value", "n = :10", true},
		{"DD-20", "a number is not its text", "n = :s10", false},
		{"DD-21", "another type is different", "n <> :s10", true},
		{"DD-20", "a missing attribute is equal to nothing", "gone = :10", false},
		{"DD-21", "a missing attribute is different from everything", "gone <> :10", true},
		{"DD-22", "less", "n < :20", true},
		{"DD-22", "types are not compared", "n < :hell", false},
		{"DD-23", "between includes its ends", "n BETWEEN :10 AND :20", true},
		{"DD-24", "in", "n IN (:20, :10)", true},
		{"DD-25", "exists", "attribute_exists(nothing)", true},
		{"DD-25", "does not exist", "attribute_not_exists(gone)", true},
		{"DD-10", "a path into a map", "attribute_exists(#map.k)", true},
		{"DD-10", "a path into a list", "#list[1] = :b", true},
		{"DD-27", "type", "attribute_type(n, :N)", true},
		{"DD-28", "begins with", "begins_with(#text, :hell)", true},
		{"DD-29", "contains in a text", "contains(#text, :hell)", true},
		{"DD-29", "contains in a list", "contains(#list, :b)", true},
		{"DD-29", "contains in a set", "contains(#set, :x)", true},
		{"DD-30", "size", "size(#text) < :10", true},
		{"DD-11", "and binds before or", "n = :10 OR n = :20 AND n = :20", true},
		{"DD-11", "not binds before and", "NOT n = :20 AND n = :10", true},
		{"DD-11", "parentheses", "(n = :10 OR n = :20) AND n = :20", false},
		{"DD-13", "keywords have no case", "n = :10 and not n = :20", true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			in := &dynamodb.UpdateItemInput{
				TableName: tableName(), Key: item(pk, "a"), ConditionExpression: &c.condition,
				ExpressionAttributeNames: used(c.condition, names), ExpressionAttributeValues: used(c.condition, values),
			}
			_, err := cloud.tables.UpdateItem(t.Context(), in)
			_, refused := errors.AsType[*types.ConditionalCheckFailedException](err)
			if (err == nil) != c.want || refused == c.want {
				t.Errorf("%s returns %v", c.condition, err)
			}
		})
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	one := attributes{":1": &number{Value: "1"}}
	list := func(values ...types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberL{Value: values}
	}
	for _, c := range []struct {
		id, rule, expression string
		values               attributes
		name                 string
		want                 types.AttributeValue
	}{
		{"DD-44", "set", "SET made = :1", one, "made", &number{Value: "1"}},
		{"DD-44", "add to a number", "SET n = n + :1", one, "n", &number{Value: "11"}},
		{"DD-44", "subtract", "SET n = n - :1", one, "n", &number{Value: "9"}},
		{"DD-45", "a counter that begins", "SET gone = if_not_exists(gone, :1) + :1", one, "gone", &number{Value: "2"}},
		{"DD-45", "a counter that goes on", "SET n = if_not_exists(n, :1) + :1", one, "n", &number{Value: "11"}},
		{"DD-50", "ADD begins at 0", "ADD gone :1", one, "gone", &number{Value: "1"}},
		{"DD-42", "a value is the old one, also if it is changed by then", "SET m = n, n = :1", one, "m", &number{Value: "10"}},
		{"DD-46", "append to a list", "SET #list = list_append(#list, :l)", attributes{":l": list(&text{Value: "c"})}, "list", list(&number{Value: "1"}, &text{Value: "b"}, &text{Value: "c"})},
		{"DD-47", "an index beyond the end appends", "SET #list[99] = :1", one, "list", list(&number{Value: "1"}, &text{Value: "b"}, &number{Value: "1"})},
		{"DD-49", "indices are those of the old list", "REMOVE #list[0], #list[5]", nil, "list", list(&text{Value: "b"})},
		{"DD-48", "into a map", "SET #map.k = :1", one, "map", &types.AttributeValueMemberM{Value: attributes{"k": &number{Value: "1"}}}},
		{"DD-49", "remove", "REMOVE n, gone", nil, "n", nil},
		{"DD-50", "ADD to a set", "ADD #set :s", attributes{":s": &types.AttributeValueMemberSS{Value: []string{"x"}}}, "set", &types.AttributeValueMemberSS{Value: []string{"x"}}},
		{"DD-51", "a set that is emptied is gone", "DELETE #set :s", attributes{":s": &types.AttributeValueMemberSS{Value: []string{"x", "y"}}}, "set", nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			pk := unique()
			put(t, sample(pk))
			out, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: tableName(), Key: item(pk, "a"), UpdateExpression: &c.expression, ReturnValues: types.ReturnValueAllNew,
				ExpressionAttributeNames: used(c.expression, reservedNames()), ExpressionAttributeValues: c.values,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.Attributes[c.name], sameItem()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnUpdateReturnsWhatIsRequested(t *testing.T) {
	t.Parallel()
	rule(t, "DD-55", "DD-56")
	pk := unique()
	put(t, sample(pk))
	for _, c := range []struct {
		returned types.ReturnValue
		n        types.AttributeValue
		all      bool
	}{
		{types.ReturnValueNone, nil, false},
		{types.ReturnValueUpdatedOld, &number{Value: "11"}, false},
		{types.ReturnValueUpdatedNew, &number{Value: "13"}, false},
		{types.ReturnValueAllOld, &number{Value: "13"}, true},
		{types.ReturnValueAllNew, &number{Value: "15"}, true},
	} {
		t.Run(string(c.returned), func(t *testing.T) {
			out, err := cloud.tables.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: tableName(), Key: item(pk, "a"), UpdateExpression: aws.String("ADD n :1"),
				ExpressionAttributeValues: attributes{":1": &number{Value: "1"}}, ReturnValues: c.returned,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.n, out.Attributes["n"], sameItem()); diff != "" || (out.Attributes["pk"] != nil) != c.all {
				t.Errorf("it returns %v: %s", out.Attributes, diff)
			}
		})
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	key := item(unique(), "a")
	put(t, sample(textOf(key["pk"])))
	one := attributes{":1": &number{Value: "1"}}
	for _, c := range []struct {
		id, rule, expression string
		values               attributes
		part                 string
	}{
		{"DD-14", "nothing", "", nil, "The expression can not be empty"},
		{"DD-10", "a reserved word as a name", "SET name = :1", one, "reserved keyword: name"},
		{"DD-12", "a value that is not given", "SET made = :2", one, "An expression attribute value used in expression is not defined; attribute value: :2"},
		{"DD-12", "a name that is not given", "SET #made = :1", one, "An expression attribute name used in the document path is not defined; attribute name: #made"},
		{"DD-12", "a value that is not used", "REMOVE made", one, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:1}"},
		{"DD-41", "an attribute of the key", "SET sk = :1", one, "Cannot update attribute sk. This attribute is part of the key"},
		{"DD-43", "two paths of which one is in the other", "SET made = :1, made.k = :1", one, "Two document paths overlap"},
		{"DD-45", "a calculation with what is not there", "SET made = gone + :1", one, "The provided expression refers to an attribute that does not exist in the item"},
		{"DD-45", "a calculation with a text", "SET made = nothing + :1", one, "An operand in the update expression has an incorrect data type"},
		{"DD-48", "a path through what is no map", "SET n.k = :1", one, "The document path provided in the update expression is invalid for update"},
		{"DD-44", "a clause twice", "SET a = :1 SET b = :1", one, ""},
		{"DD-44", "no clause", "made = :1", one, "Syntax error"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			err := update(t, key, c.expression, c.values)
			if err == nil {
				t.Fatal("it is taken")
			}
			wantRefusal(t, err, "ValidationException", c.part)
		})
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	numeric := with(item("a", "b"), "sk", &number{Value: "1"})
	partial := attributes{"pk": &text{Value: "a"}}
	for _, c := range []struct {
		id, rule string
		do       func() error
		part     string
	}{
		{"DD-6", "an item without its sort key", func() error {
			_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: partial})
			return err
		}, "Missing the key sk in the item"},
		{"DD-6", "a key of another type", func() error {
			_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: numeric})
			return err
		}, "Type mismatch for key sk expected: S actual: N"},
		{"DD-6", "half a key", func() error {
			_, err := cloud.tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: tableName(), Key: partial})
			return err
		}, "The provided key element does not match the schema"},
		{"DD-3", "an item of more than 400 KB", func() error {
			_, err := cloud.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: tableName(), Item: item("a", "b", "large", strings.Repeat("x", 400<<10))})
			return err
		}, "Item size has exceeded the maximum allowed size"},
		{"DD-80", "a query without the partition key", func() error {
			_, err := cloud.tables.Query(t.Context(), &dynamodb.QueryInput{TableName: tableName(), KeyConditionExpression: aws.String("sk = :v"), ExpressionAttributeValues: item("", "", ":v", "a")})
			return err
		}, "Query condition missed key schema element: pk"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			err := c.do()
			if err == nil {
				t.Fatal("it is taken")
			}
			wantRefusal(t, err, "ValidationException", c.part)
		})
	}
	t.Run("a table that does not exist", func(t *testing.T) {
		rule(t, "DD-7")
		_, err := cloud.tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(*tableName() + "-none"), Key: item("a", "b")})
		wantRefusal(t, err, "ResourceNotFoundException", "Requested resource not found")
	})
}
