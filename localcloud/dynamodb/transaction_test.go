package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func transaction(elements ...string) string {
	return `{"TransactItems":[` + strings.Join(elements, ",") + `]}`
}

func withToken(token, request string) string {
	return strings.TrimSuffix(request, "}") + `,"ClientRequestToken":"` + token + `"}`
}

// The elements of the tests; each works on one item of the table items.
func putOf(key, more string) string {
	return fmt.Sprintf(`{"Put":{"TableName":"items","Item":{"p":{"S":%q},"by":{"S":"put"}}%s}}`, key, more)
}

func addOf(key string) string {
	return fmt.Sprintf(`{"Update":{"TableName":"items","Key":{"p":{"S":%q}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}`, key)
}

func deleteOf(key, more string) string {
	return fmt.Sprintf(`{"Delete":{"TableName":"items","Key":{"p":{"S":%q}}%s}}`, key, more)
}

func checkOf(key, condition string) string {
	return fmt.Sprintf(`{"ConditionCheck":{"TableName":"items","Key":{"p":{"S":%q}},"ConditionExpression":%q}}`, key, condition)
}

const (
	isNew    = `,"ConditionExpression":"attribute_not_exists(p)"`
	isThere  = `,"ConditionExpression":"attribute_exists(p)"`
	showsOld = `,"ReturnValuesOnConditionCheckFailure":"ALL_OLD"`
)

// contents is everything in the table items, by key.
func (c *cloud) contents(tb testing.TB) map[string]string {
	tb.Helper()
	var page struct{ Items []map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(c.must(tb, "Scan", `{"TableName":"items"}`)), &page); err != nil {
		tb.Fatal(err)
	}
	all := make(map[string]string)
	for _, item := range page.Items {
		key := string(item["p"])
		delete(item, "p")
		rest, err := json.Marshal(item)
		if err != nil {
			tb.Fatal(err)
		}
		all[key] = string(rest)
	}
	return all
}

func TestATransactionDoesAllOfItsWrites(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"old"}}}`)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"checked"}}}`)
	body := cloud.must(t, "TransactWriteItems", transaction(
		putOf("new", isNew), addOf("counter"), deleteOf("old", isThere), checkOf("checked", "attribute_exists(p)"),
		`{"Put":{"TableName":"orders","Item":{"customer":{"S":"c"},"seq":{"N":"1"},"weekday":{"S":"mon"}}}}`))
	same(t, body, `{}`)
	want := map[string]string{`{"S":"new"}`: `{"by":{"S":"put"}}`, `{"S":"counter"}`: `{"n":{"N":"1"}}`, `{"S":"checked"}`: `{}`}
	if difference := cmp.Diff(want, cloud.contents(t)); difference != "" {
		t.Error(difference)
	}
	if page := cloud.read(t, "Query", orderQuery("weekday = :mon", `,"IndexName":"by-weekday"`)); page.Count != 1 {
		t.Error("the other table's index does not have the item")
	}
}

func TestACancelledTransactionSaysWhyAndDoesNothing(t *testing.T) {
	cases := []struct{ name, request, codes, reasons string }{
		{
			"all failed conditions are reported in their places", transaction(addOf("counter"), putOf("old", isNew), deleteOf("gone", isThere+showsOld)),
			"[None, ConditionalCheckFailed, ConditionalCheckFailed]",
			`[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]`,
		},
		{
			"the old item is shown to whoever asked for it", transaction(putOf("old", isNew+showsOld), putOf("other", isNew+showsOld)),
			"[ConditionalCheckFailed, ConditionalCheckFailed]",
			`[{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"p":{"S":"old"},"n":{"S":"text"}}},
			  {"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"p":{"S":"other"}}}]`,
		},
		{
			"a failed check", transaction(putOf("new", ""), checkOf("gone", "attribute_exists(p)")),
			"[None, ConditionalCheckFailed]", `[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]`,
		},
		{
			"an update that cannot be done", transaction(putOf("new", ""), addOf("old")),
			"[None, ValidationError]", `[{"Code":"None"},{"Code":"ValidationError","Message":"An operand in the update expression has an incorrect data type"}]`,
		},
		{
			"a key of the wrong type, before any condition", transaction(putOf("old", isNew), `{"Delete":{"TableName":"items","Key":{"p":{"N":"1"}}}}`),
			"[None, ValidationError]", `[{"Code":"None"},{"Code":"ValidationError","Message":"The provided key element does not match the schema"}]`,
		},
		{
			"only the first of two keys of the wrong type", transaction(`{"Put":{"TableName":"items","Item":{"p":{"N":"1"}}}}`, `{"Delete":{"TableName":"items","Key":{"p":{"N":"1"}}}}`),
			"[ValidationError, None]", `[{"Code":"ValidationError","Message":"One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"},{"Code":"None"}]`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"old"},"n":{"S":"text"}}}`)
			cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"other"}}}`)
			before := cloud.contents(t)
			failure := cloud.refused(t, "TransactWriteItems", c.request, "TransactionCanceledException",
				"Transaction cancelled, please refer cancellation reasons for specific reasons "+c.codes)
			reasons, err := json.Marshal(failure.Members["CancellationReasons"])
			if err != nil {
				t.Fatal(err)
			}
			same(t, string(reasons), c.reasons)
			if difference := cmp.Diff(before, cloud.contents(t)); difference != "" {
				t.Errorf("something was written:\n%s", difference)
			}
		})
	}
}

func TestATransactionThatIsNoneIsRefused(t *testing.T) {
	many := make([]string, 101)
	large := make([]string, 11)
	for i := range many {
		many[i] = addOf(fmt.Sprint(i))
	}
	for i := range large {
		large[i] = fmt.Sprintf(`{"Put":{"TableName":"items","Item":{"p":{"S":"%d"},"x":{"S":%q}}}}`, i, strings.Repeat("x", 399<<10))
	}
	cases := []struct{ name, request, code, message string }{
		{"no elements", transaction(), "ValidationException", "'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"101 elements", transaction(many...), "ValidationException", "'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"an empty element", transaction(`{}`), "ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete"},
		{"an element with two members", transaction(strings.TrimSuffix(putOf("1", ""), "}") + "," + strings.TrimPrefix(deleteOf("2", ""), "{")), "ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete"},
		{"a check without its condition", transaction(`{"ConditionCheck":{"TableName":"items","Key":{"p":{"S":"1"}}}}`), "ValidationException", "Value null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null"},
		{"an update without its expression", transaction(putOf("2", ""), `{"Update":{"TableName":"items","Key":{"p":{"S":"1"}}}}`), "ValidationException", "'transactItems.2.member.update.updateExpression'"},
		{"two writes of one item", transaction(putOf("1", ""), addOf("1")), "ValidationException", "Transaction request cannot include multiple operations on one item"},
		{"a check and a write of one item", transaction(checkOf("1", "attribute_exists(p)"), addOf("1")), "ValidationException", "Transaction request cannot include multiple operations on one item"},
		{"more than 4 MB", transaction(large...), "ValidationException", "size cannot exceed"},
		{"an expression that is none", transaction(checkOf("1", "p =")), "ValidationException", "Invalid ConditionExpression: Syntax error"},
		{"a variable that is not used", transaction(putOf("1", isNew+`,"ExpressionAttributeValues":{":x":{"S":"x"}}`)), "ValidationException", "unused in expressions: keys: {:x}"},
		{"a word that is none", transaction(putOf("1", isNew+`,"ReturnValuesOnConditionCheckFailure":"SOME"`)), "ValidationException", "enum value set: [ALL_OLD, NONE]"},
		{"an unknown table", transaction(`{"Delete":{"TableName":"nowhere","Key":{"p":{"S":"1"}}}}`), "ResourceNotFoundException", "Requested resource not found"},
		{"an empty token", withToken("", transaction(putOf("1", ""))), "ValidationException", "'clientRequestToken' failed to satisfy constraint"},
		{"a token of 37 characters", withToken(strings.Repeat("t", 37), transaction(putOf("1", ""))), "ValidationException", "Member must have length less than or equal to 36"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.refused(t, "TransactWriteItems", c.request, c.code, c.message)
			if contents := cloud.contents(t); len(contents) > 0 {
				t.Errorf("something was written: %v", contents)
			}
		})
	}
}

func TestATokenMakesATransactionHappenOnce(t *testing.T) {
	counter := func(t *testing.T, cloud *cloud) string {
		t.Helper()
		return cloud.contents(t)[`{"S":"counter"}`]
	}
	t.Run("the same request again has no effect", func(t *testing.T) {
		cloud := newCloud(t)
		for range 3 {
			cloud.must(t, "TransactWriteItems", withToken("t", transaction(addOf("counter"))))
		}
		if got := counter(t, cloud); got != `{"n":{"N":"1"}}` {
			t.Error(got)
		}
	})
	t.Run("another request with the same token is refused", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.must(t, "TransactWriteItems", withToken("t", transaction(addOf("counter"))))
		cloud.refused(t, "TransactWriteItems", withToken("t", transaction(addOf("another"))), "IdempotentParameterMismatchException", "")
	})
	t.Run("for ten minutes", func(t *testing.T) {
		cloud := newCloud(t)
		for _, after := range []time.Duration{0, 10*time.Minute - time.Second, time.Second} {
			cloud.now = cloud.now.Add(after)
			cloud.must(t, "TransactWriteItems", withToken("t", transaction(addOf("counter"))))
		}
		if got := counter(t, cloud); got != `{"n":{"N":"2"}}` {
			t.Error(got)
		}
	})
	t.Run("but a cancelled one may be tried again", func(t *testing.T) {
		cloud := newCloud(t)
		request := withToken("t", transaction(addOf("counter"), checkOf("gate", "attribute_exists(p)")))
		cloud.refused(t, "TransactWriteItems", request, "TransactionCanceledException", "[None, ConditionalCheckFailed]")
		cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"gate"}}}`)
		cloud.must(t, "TransactWriteItems", request)
		if got := counter(t, cloud); got != `{"n":{"N":"1"}}` {
			t.Error(got)
		}
	})
}

func TestTransactionsNeverOversell(t *testing.T) {
	cloud := newCloud(t)
	for _, sku := range []string{"x", "y"} {
		cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"`+sku+`"},"onHand":{"N":"20"}}}`)
	}
	take := func(sku string) string {
		return `{"Update":{"TableName":"items","Key":{"p":{"S":"` + sku + `"}},"UpdateExpression":"SET onHand = onHand - :one","ConditionExpression":"onHand >= :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}`
	}
	var group sync.WaitGroup
	for n := range 60 {
		group.Go(func() {
			_, failure := cloud.call(t, "TransactWriteItems", transaction(take("x"), take("y"), putOf(fmt.Sprint("order-", n), isNew)))
			if failure != nil && failure.Code != "TransactionCanceledException" {
				t.Error(failure)
			}
		})
	}
	group.Wait()
	contents := cloud.contents(t)
	if len(contents) != 22 || contents[`{"S":"x"}`] != `{"onHand":{"N":"0"}}` || contents[`{"S":"y"}`] != `{"onHand":{"N":"0"}}` {
		t.Errorf("%d items, x %s, y %s", len(contents), contents[`{"S":"x"}`], contents[`{"S":"y"}`])
	}
}

func TestSeveralItemsAreReadInATransaction(t *testing.T) {
	cloud := newCloud(t)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"1"},"a":{"N":"1"},"b":{"N":"2"}}}`)
	cloud.must(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"2"}}}`)
	t.Run("in their order", func(t *testing.T) {
		same(t, cloud.must(t, "TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"items","Key":{"p":{"S":"gone"}}}},{"Get":{"TableName":"items","Key":{"p":{"S":"1"}},"ProjectionExpression":"#a","ExpressionAttributeNames":{"#a":"a"}}}]}`),
			`{"Responses":[{},{"Item":{"a":{"N":"1"}}}]}`)
	})
	t.Run("but no item twice", func(t *testing.T) {
		const get = `{"Get":{"TableName":"items","Key":{"p":{"S":"1"}}}}`
		cloud.refused(t, "TransactGetItems", `{"TransactItems":[`+get+`,`+get+`]}`, "ValidationException", "multiple operations on one item")
	})
}
