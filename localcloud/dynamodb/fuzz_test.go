package dynamodb_test

import (
	"errors"
	"testing"

	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// FuzzExpressions passes the same text to every parser. Each must accept it or
// refuse it with an error of the wire, and never panic.
func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"a = :v AND NOT (b.c[0] <> :v OR size(#n) BETWEEN :v AND :v)", "attribute_exists(a) or begins_with(a, :v)",
		"SET a = if_not_exists(a, :v) + :v, l[9] = list_append(:v, l) REMOVE b ADD c :v DELETE d :v", "a.b[0], #n.c",
		"p = :v and seq between :v and :v", "((a = :v))", "a IN (:v, :v", "a[", "#", ":", "<>", "SET", "é = :v", "a[99999999999999999999]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cloud := newCloud(t)
		names := map[string]string{"#n": "n"}
		values := map[string]attribute.Value{":v": attribute.String("x")}
		key := attribute.Item{"p": attribute.String("1")}
		_, updateErr := cloud.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{Update: dynamodb.Update{
			TableName: "items", Key: key, UpdateExpression: &text,
			Conditional: dynamodb.Conditional{ExpressionAttributeNames: names, ExpressionAttributeValues: values},
		}})
		_, conditionErr := cloud.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{Delete: dynamodb.Delete{
			TableName:   "items",
			Key:         key,
			Conditional: dynamodb.Conditional{ConditionExpression: &text, ExpressionAttributeNames: names, ExpressionAttributeValues: values},
		}})
		_, projectionErr := cloud.GetItem(t.Context(), &dynamodb.GetItemInput{Get: dynamodb.Get{
			TableName: "items", Key: key, ProjectionExpression: &text, ExpressionAttributeNames: names,
		}})
		_, queryErr := cloud.Query(t.Context(), &dynamodb.QueryInput{
			Read:                   dynamodb.Read{TableName: "items", ExpressionAttributeNames: names, ExpressionAttributeValues: values},
			KeyConditionExpression: &text,
		})
		for _, err := range []error{updateErr, conditionErr, projectionErr, queryErr} {
			var failure *wire.Error
			if err != nil && !errors.As(err, &failure) {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
