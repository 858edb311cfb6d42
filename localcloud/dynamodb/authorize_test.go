package dynamodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/wire"
)

func TestEveryOperationIsAuthorizedByItself(t *testing.T) {
	cloud := newCloud(t)
	var asked []string
	allowed := true
	guarded := dynamodb.New(dynamodb.Config{
		Clock: func() time.Time { return start }, Account: "123456789012", Region: "eu-central-1",
		Authorize: func(_ context.Context, action, resource string, conditions map[string][]string) error {
			asked = append(asked, strings.Join(append([]string{action, resource}, conditions["dynamodb:EnclosingOperation"]...), " "))
			if !allowed {
				return wire.Errorf("AccessDeniedException", "not authorized to perform %s", action)
			}
			return nil
		},
	})
	cloud.Service = guarded
	cloud.createTables(t)
	const items = "arn:aws:dynamodb:eu-central-1:123456789012:table/items"
	cases := []struct {
		operation, request string
		asked              []string
	}{
		{"GetItem", `{"TableName":"items","Key":{"p":{"S":"1"}}}`, []string{"dynamodb:GetItem " + items}},
		{"BatchGetItem", `{"RequestItems":{"items":{"Keys":[{"p":{"S":"1"}}]}}}`, []string{"dynamodb:BatchGetItem " + items}},
		{"BatchWriteItem", `{"RequestItems":{"items":[{"PutRequest":{"Item":{"p":{"S":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"2"}}}}]}}`, []string{"dynamodb:BatchWriteItem " + items}},
		{"DescribeTimeToLive", `{"TableName":"items"}`, []string{"dynamodb:DescribeTimeToLive " + items}},
		{"PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}}}`, []string{"dynamodb:PutItem " + items}},
		{"UpdateItem", `{"TableName":"` + items + `","Key":{"p":{"S":"1"}}}`, []string{"dynamodb:UpdateItem " + items}},
		{"DeleteItem", `{"TableName":"items","Key":{"p":{"S":"1"}}}`, []string{"dynamodb:DeleteItem " + items}},
		{"Query", `{"TableName":"orders"` + orderQuery("customer = :a", "") + `}`, []string{"dynamodb:Query " + ordersARN}},
		{"Query", `{"TableName":"orders"` + orderQuery("weekday = :mon", `,"IndexName":"by-weekday"`) + `}`, []string{"dynamodb:Query " + ordersARN + "/index/by-weekday"}},
		{"Scan", `{"TableName":"items"}`, []string{"dynamodb:Scan " + items}},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"items","Key":{"p":{"S":"1"}}}}]}`, []string{"dynamodb:GetItem " + items + " TransactGetItems"}},
		{"TransactWriteItems", transaction(putOf("1", ""), addOf("2"), deleteOf("3", ""), checkOf("4", "attribute_not_exists(p)")), []string{
			"dynamodb:PutItem " + items + " TransactWriteItems", "dynamodb:UpdateItem " + items + " TransactWriteItems",
			"dynamodb:DeleteItem " + items + " TransactWriteItems", "dynamodb:ConditionCheckItem " + items + " TransactWriteItems",
		}},
		{"DescribeTable", `{"TableName":"items"}`, []string{"dynamodb:DescribeTable " + items}},
		{"ListTables", `{}`, []string{"dynamodb:ListTables *"}},
	}
	for _, c := range cases {
		t.Run(c.operation, func(t *testing.T) {
			allowed, asked = true, nil
			cloud.must(t, c.operation, c.request)
			if difference := cmp.Diff(c.asked, asked); difference != "" {
				t.Error(difference)
			}
			allowed = false
			before := cloud.Usage()
			cloud.refused(t, c.operation, c.request, "AccessDeniedException", "not authorized to perform dynamodb:")
			if difference := cmp.Diff(before, cloud.Usage()); difference != "" {
				t.Errorf("the denied request had an effect:\n%s", difference)
			}
		})
	}
	t.Run("a table that does not exist is denied before it is not found", func(t *testing.T) {
		allowed, asked = false, nil
		cloud.refused(t, "GetItem", `{"TableName":"nowhere","Key":{"p":{"S":"1"}}}`, "AccessDeniedException", "")
		if want := "dynamodb:GetItem arn:aws:dynamodb:eu-central-1:123456789012:table/nowhere"; asked[0] != want {
			t.Errorf("authorized is %s", asked[0])
		}
	})
}
