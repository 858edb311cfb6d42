package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// withOrders is a cloud with seven orders of one customer and one of another.
// Order 5 has no state and order 6 no day, so that they are in fewer indexes.
func withOrders(tb testing.TB) *cloud {
	tb.Helper()
	cloud := newCloud(tb)
	for _, attributes := range []string{
		`"customer":{"S":"a"},"seq":{"N":"-1"},"phase":{"S":"open"},"weekday":{"S":"mon"},"note":{"S":"x"},"amount":{"N":"5"}`,
		`"customer":{"S":"a"},"seq":{"N":"2"},"phase":{"S":"open"},"weekday":{"S":"tue"},"amount":{"N":"50"}`,
		`"customer":{"S":"a"},"seq":{"N":"10"},"phase":{"S":"done"},"weekday":{"S":"mon"},"amount":{"N":"7"}`,
		`"customer":{"S":"a"},"seq":{"N":"3"},"phase":{"S":"open"},"weekday":{"S":"wed"},"amount":{"N":"70"}`,
		`"customer":{"S":"a"},"seq":{"N":"5"},"weekday":{"S":"mon"}`,
		`"customer":{"S":"a"},"seq":{"N":"6"},"phase":{"S":"open"}`,
		`"customer":{"S":"a"},"seq":{"N":"100"},"phase":{"S":"open"},"weekday":{"S":"mond"}`,
		`"customer":{"S":"b"},"seq":{"N":"1"},"phase":{"S":"open"},"weekday":{"S":"mon"},"amount":{"N":"1"}`,
	} {
		cloud.must(tb, "PutItem", `{"TableName":"orders","Item":{`+attributes+`}}`)
	}
	return cloud
}

type read struct {
	Items            []map[string]map[string]any
	Count            int
	ScannedCount     int
	LastEvaluatedKey json.RawMessage
}

func (c *cloud) read(tb testing.TB, operation, members string) read {
	tb.Helper()
	var page read
	if err := json.Unmarshal([]byte(c.must(tb, operation, `{"TableName":"orders"`+members+`}`)), &page); err != nil {
		tb.Fatal(err)
	}
	return page
}

func (r read) numbers() string {
	var all []string
	for _, item := range r.Items {
		all = append(all, fmt.Sprint(item["seq"]["N"]))
	}
	return strings.Join(all, " ")
}

// orderQuery is a Query whose variables are all defined here; it sends those
// that it uses.
func orderQuery(condition, more string) string {
	values := map[string]string{
		":a": `{"S":"a"}`, ":z": `{"S":"z"}`, ":two": `{"N":"2"}`, ":ten": `{"N":"10.0"}`, ":open": `{"S":"open"}`,
		":mon": `{"S":"mon"}`, ":t": `{"S":"t"}`, ":six": `{"N":"6"}`, ":empty": `{"S":""}`,
	}
	var used []string
	for name, value := range values {
		if hasVariable(condition+more, name) {
			used = append(used, quoted(name)+":"+value)
		}
	}
	sent := ""
	if len(used) > 0 {
		sent = `,"ExpressionAttributeValues":{` + strings.Join(used, ",") + `}`
	}
	return `,"KeyConditionExpression":` + quoted(condition) + sent + more
}

func TestAQueryReadsAPartOfAPartitionInOrder(t *testing.T) {
	const byState = `,"IndexName":"by-phase"`
	cases := []struct{ condition, more, want string }{
		{"customer = :a", ``, "-1 2 3 5 6 10 100"},
		{":a = customer", ``, "-1 2 3 5 6 10 100"},
		{"customer = :z", ``, ""},
		{"customer = :a", `,"ScanIndexForward":false`, "100 10 6 5 3 2 -1"},
		{"customer = :a", `,"ScanIndexForward":true,"Limit":2`, "-1 2"},
		{"customer = :a AND seq = :ten", ``, "10"},
		{"(customer = :a) AND (seq = :ten)", ``, "10"},
		{"seq < :ten AND customer = :a", ``, "-1 2 3 5 6"},
		{"customer = :a AND seq <= :ten", ``, "-1 2 3 5 6 10"},
		{"customer = :a AND seq > :ten", ``, "100"},
		{"customer = :a AND :ten < seq", ``, "100"},
		{"customer = :a AND seq >= :ten", ``, "10 100"},
		{"customer = :a AND seq BETWEEN :two AND :ten", ``, "2 3 5 6 10"},
		{"customer = :a AND seq BETWEEN :two AND :ten", `,"ScanIndexForward":false,"Limit":3`, "10 6 5"},
		{"phase = :open AND begins_with(weekday, :mon)", byState, "-1 1 100"},
		{"phase = :open AND begins_with(weekday, :t)", byState, "2"},
		{"phase = :open AND weekday > :t", byState, "2 3"},
		{"phase = :open", byState, "-1 1 100 2 3"},
		{"weekday = :mon", `,"IndexName":"by-weekday"`, "-1 10 5 1"},
		{"customer = :a", `,"FilterExpression":"phase = :open AND amount > :six"`, "2 3"},
		{"customer = :a", `,"FilterExpression":"phase = :open AND amount > :six","Limit":2`, "2"},
	}
	for _, c := range cases {
		t.Run(c.condition+c.more, func(t *testing.T) {
			if got := withOrders(t).read(t, "Query", orderQuery(c.condition, c.more)).numbers(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnInvalidQueryIsRefused(t *testing.T) {
	cases := []struct{ condition, more, message string }{
		{"seq = :two", ``, "Query condition missed key schema element: customer"},
		{"customer = :a AND amount = :two", ``, "Query condition missed key schema element: seq"},
		{"customer = :two", ``, "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{"customer = :empty", ``, "cannot contain an empty string value. Key: customer"},
		{"customer > :a", ``, "Query key condition not supported"},
		{"customer = :a AND customer = :z", ``, "KeyConditionExpressions must only contain one condition per key"},
		{"customer = :a AND seq > :two AND amount = :six", ``, "Conditions can be of length 1 or 2 only"},
		{"customer = :a OR seq = :two", ``, "Invalid operator used in KeyConditionExpression: OR"},
		{"NOT customer = :a", ``, "Invalid operator used in KeyConditionExpression: NOT"},
		{"customer IN (:a)", ``, "Invalid operator used in KeyConditionExpression: IN"},
		{"customer <> :a", ``, "Invalid operator used in KeyConditionExpression: <>"},
		{"customer = :a AND attribute_exists(seq)", ``, "Invalid operator used in KeyConditionExpression: attribute_exists"},
		{"customer = :a AND contains(seq, :two)", ``, "Invalid operator used in KeyConditionExpression: contains"},
		{"customer.x = :a", ``, "KeyConditionExpressions cannot have conditions on nested attributes"},
		{"customer = seq", ``, "Multiple attribute names used in one condition"},
		{"size(customer) = :two", ``, "KeyConditionExpressions cannot contain nested operations"},
		{"customer = :a AND :two BETWEEN seq AND :six", ``, "BETWEEN operator must have the key attribute as its first operand"},
		{"", ``, "Invalid KeyConditionExpression: The expression can not be empty;"},
		{"customer = :a", `,"FilterExpression":"seq = :two"`, "Filter Expression can only contain non-primary key attributes: Primary key attribute: seq"},
		{"customer = :a", `,"IndexName":"nowhere"`, "The table does not have the specified index: nowhere"},
		{"weekday = :mon", `,"IndexName":"by-weekday","ConsistentRead":true`, "Consistent reads are not supported on global secondary indexes"},
		{"weekday = :mon", `,"IndexName":"by-weekday","Select":"ALL_ATTRIBUTES"`, "Select type ALL_ATTRIBUTES is not supported for global secondary index by-weekday because its projection type is not ALL"},
		{"weekday = :mon", `,"IndexName":"by-weekday","ProjectionExpression":"amount"`, "Global secondary index by-weekday does not project [amount]"},
		{"weekday = :mon", `,"IndexName":"by-weekday","FilterExpression":"amount = :two"`, "does not project one or more filter attributes: [amount]"},
		{"customer = :a", `,"Select":"ALL_PROJECTED_ATTRIBUTES"`, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"},
		{"customer = :a", `,"Select":"SPECIFIC_ATTRIBUTES"`, "Must specify the AttributesToGet or ProjectionExpression"},
		{"customer = :a", `,"Select":"COUNT","ProjectionExpression":"amount"`, "Cannot specify the ProjectionExpression when choosing to get COUNT"},
		{"customer = :a", `,"Select":"SOME"`, "Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
		{"customer = :a", `,"Limit":0`, "Member must have value greater than or equal to 1"},
		{"customer = :a", `,"ExclusiveStartKey":{"customer":{"S":"a"}}`, "The provided starting key is invalid"},
		{"customer = :a", `,"ExclusiveStartKey":{"customer":{"S":"b"},"seq":{"N":"1"}}`, "The provided starting key is outside query boundaries based on provided conditions"},
		{"customer = :a AND seq > :ten", `,"ExclusiveStartKey":{"customer":{"S":"a"},"seq":{"N":"1"}}`, "The provided starting key does not match the range key predicate"},
		{"customer = :a", `,"ProjectionExpression":"amount, amount.x"`, "Invalid ProjectionExpression: Two document paths overlap with each other"},
	}
	for _, c := range cases {
		t.Run(c.condition+c.more, func(t *testing.T) {
			withOrders(t).refused(t, "Query", `{"TableName":"orders"`+orderQuery(c.condition, c.more)+`}`, "ValidationException", c.message)
		})
	}
	t.Run("without a key condition", func(t *testing.T) {
		withOrders(t).refused(t, "Query", `{"TableName":"orders"}`, "ValidationException", "Either the KeyConditions or KeyConditionExpression parameter must be specified")
	})
}

func TestAPageEndsAtTheLimitOfWhatIsEvaluated(t *testing.T) {
	cloud := withOrders(t)
	page := cloud.read(t, "Query", orderQuery("customer = :a", `,"FilterExpression":"phase = :open AND amount > :six","Limit":3`))
	if page.Count != 2 || page.ScannedCount != 3 {
		t.Errorf("counts %d of %d", page.Count, page.ScannedCount)
	}
	same(t, string(page.LastEvaluatedKey), `{"customer":{"S":"a"},"seq":{"N":"3"}}`)
	t.Run("a count has no items", func(t *testing.T) {
		body := cloud.must(t, "Query", `{"TableName":"orders"`+orderQuery("customer = :a", `,"Select":"COUNT"`)+`}`)
		same(t, body, `{"Count":7,"ScannedCount":7}`)
	})
	t.Run("a page that ends with the last item still has a LastEvaluatedKey", func(t *testing.T) {
		if page := cloud.read(t, "Query", orderQuery("customer = :a", `,"Limit":7`)); page.LastEvaluatedKey == nil {
			t.Error("no last key")
		}
	})
}

func TestAPageEndsAtOneMegabyte(t *testing.T) {
	cloud := newCloud(t)
	for n := range 4 {
		cloud.now = cloud.now.Add(time.Second) // A partition takes no more in one.
		cloud.must(t, "PutItem", fmt.Sprintf(`{"TableName":"orders","Item":{"customer":{"S":"a"},"seq":{"N":"%d"},"x":{"S":%q}}}`, n, strings.Repeat("x", 390<<10)))
	}
	page := cloud.read(t, "Query", orderQuery("customer = :a", `,"ProjectionExpression":"seq"`))
	if page.numbers() != "0 1 2" || page.LastEvaluatedKey == nil {
		t.Errorf("the page has %s and ends at %s", page.numbers(), page.LastEvaluatedKey)
	}
}

func TestPagesTogetherAreEverything(t *testing.T) {
	cases := []struct{ operation, members, want string }{
		{"Query", orderQuery("customer = :a", ``), "-1 10 100 2 3 5 6"},
		{"Query", orderQuery("customer = :a", `,"ScanIndexForward":false`), "-1 10 100 2 3 5 6"},
		{"Query", orderQuery("weekday = :mon", `,"IndexName":"by-weekday"`), "-1 1 10 5"},
		{"Query", orderQuery("phase = :open", `,"IndexName":"by-phase","ScanIndexForward":false`), "-1 1 100 2 3"},
		{"Scan", ``, "-1 1 10 100 2 3 5 6"},
		{"Scan", `,"IndexName":"by-phase"`, "-1 1 10 100 2 3"},
	}
	for _, c := range cases {
		for limit := range 4 {
			t.Run(fmt.Sprint(c.operation, c.members, limit+1), func(t *testing.T) {
				cloud := withOrders(t)
				var all []string
				from := ""
				for range 20 {
					page := cloud.read(t, c.operation, fmt.Sprintf(`%s,"Limit":%d%s`, c.members, limit+1, from))
					all = append(all, strings.Fields(page.numbers())...)
					if page.LastEvaluatedKey == nil {
						break
					}
					from = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
				}
				slices.Sort(all)
				if got := strings.Join(all, " "); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		}
	}
	t.Run("also if the item that a page ended with is gone", func(t *testing.T) {
		cloud := withOrders(t)
		cloud.must(t, "DeleteItem", `{"TableName":"orders","Key":{"customer":{"S":"a"},"seq":{"N":"3"}}}`)
		const from = `,"ExclusiveStartKey":{"customer":{"S":"a"},"seq":{"N":"3"}}`
		if got := cloud.read(t, "Query", orderQuery("customer = :a", from)).numbers(); got != "5 6 10 100" {
			t.Errorf("forward %s", got)
		}
		if got := cloud.read(t, "Query", orderQuery("customer = :a", from+`,"ScanIndexForward":false`)).numbers(); got != "2 -1" {
			t.Errorf("backward %s", got)
		}
	})
}

func TestAnIndexFollowsItsItems(t *testing.T) {
	cloud := withOrders(t)
	open := func() string {
		return cloud.read(t, "Query", orderQuery("phase = :open", `,"IndexName":"by-phase"`)).numbers()
	}
	const order = `{"TableName":"orders","Key":{"customer":{"S":"a"},"seq":{"N":"2"}}`
	cloud.must(t, "UpdateItem", order+`,"UpdateExpression":"SET phase = :s","ExpressionAttributeValues":{":s":{"S":"done"}}}`)
	if got := open(); got != "-1 1 100 3" {
		t.Errorf("after the key changed: %s", got)
	}
	cloud.must(t, "UpdateItem", order+`,"UpdateExpression":"SET phase = :s","ExpressionAttributeValues":{":s":{"S":"open"}}}`)
	if got := open(); got != "-1 1 100 2 3" {
		t.Errorf("after the key came back: %s", got)
	}
	cloud.must(t, "UpdateItem", order+`,"UpdateExpression":"REMOVE phase"}`)
	if got := open(); got != "-1 1 100 3" {
		t.Errorf("after the key was removed: %s", got)
	}
	cloud.must(t, "DeleteItem", `{"TableName":"orders","Key":{"customer":{"S":"b"},"seq":{"N":"1"}}}`)
	if got := open(); got != "-1 100 3" {
		t.Errorf("after the item was deleted: %s", got)
	}
	t.Run("and has what it projects", func(t *testing.T) {
		body := cloud.must(t, "Query", `{"TableName":"orders"`+orderQuery("weekday = :mon", `,"IndexName":"by-weekday","Limit":1`)+`}`)
		same(t, body, `{"Items":[{"customer":{"S":"a"},"seq":{"N":"-1"},"weekday":{"S":"mon"},"note":{"S":"x"}}],
			"Count":1,"ScannedCount":1,"LastEvaluatedKey":{"customer":{"S":"a"},"seq":{"N":"-1"},"weekday":{"S":"mon"}}}`)
	})
}

func TestAScanFiltersAlsoByKey(t *testing.T) {
	page := withOrders(t).read(t, "Scan", `,"FilterExpression":"customer = :a AND seq > :n","ExpressionAttributeValues":{":a":{"S":"a"},":n":{"N":"5"}}`)
	if page.Count != 3 || page.ScannedCount != 8 {
		t.Errorf("counts %d of %d", page.Count, page.ScannedCount)
	}
}

func TestAProjectionKeepsTheNesting(t *testing.T) {
	cases := []struct{ projection, want string }{
		{"s, n", `{"s":{"S":"hello"},"n":{"N":"10"}}`},
		{"gone", `{}`},
		{"s.x, m.x", `{"m":{"M":{"x":{"N":"7"}}}}`},
		{"m.#dotted", `{"m":{"M":{"y.z":{"S":"dotted"}}}}`},
		{"l[2].x, l[0]", `{"l":{"L":[{"N":"1"},{"M":{"x":{"S":"deep"}}}]}}`},
		{"l[9]", `{}`},
	}
	for _, c := range cases {
		t.Run(c.projection, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, everyType)
			same(t, cloud.must(t, "GetItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ProjectionExpression":`+quoted(c.projection)+withVariables(c.projection)+`}`),
				`{"Item":`+c.want+`}`)
		})
	}
}
