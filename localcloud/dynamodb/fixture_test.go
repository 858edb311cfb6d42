package dynamodb_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/wire"
)

// start is the time of every test's clock at first.
var start = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// cloud is a service with the tables of the tests, spoken to as on the wire.
type cloud struct {
	*dynamodb.Service
	now time.Time
}

func newCloud(tb testing.TB) *cloud {
	tb.Helper()
	c := &cloud{now: start}
	c.Service = dynamodb.New(dynamodb.Config{
		Clock: func() time.Time { return c.now }, Account: "123456789012", Region: "eu-central-1",
	})
	c.createTables(tb)
	return c
}

const ordersARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"

func (c *cloud) createTables(tb testing.TB) {
	tb.Helper()
	err := errors.Join(
		c.Create(dynamodb.Table{
			Name: "items", ARN: "arn:aws:dynamodb:eu-central-1:123456789012:table/items",
			Key: dynamodb.KeySchema{Partition: "p"}, Attributes: map[string]string{"p": "S"},
		}),
		c.Create(dynamodb.Table{
			Name: "orders", ARN: ordersARN,
			Key:        dynamodb.KeySchema{Partition: "customer", Sort: "seq"},
			Attributes: map[string]string{"customer": "S", "seq": "N", "phase": "S", "weekday": "S"},
			Indexes: []dynamodb.Index{
				{Name: "by-phase", Key: dynamodb.KeySchema{Partition: "phase", Sort: "weekday"}, Projection: dynamodb.ProjectAll},
				{Name: "by-weekday", Key: dynamodb.KeySchema{Partition: "weekday"}, Projection: "INCLUDE", NonKey: []string{"note"}},
			},
		}),
	)
	if err != nil {
		tb.Fatal(err)
	}
}

// call sends a request's JSON and returns the response's JSON.
func (c *cloud) call(tb testing.TB, operation, request string) (string, *wire.Error) {
	tb.Helper()
	out, err := c.API().Operations[operation](tb.Context(), []byte(request))
	if err != nil {
		var failure *wire.Error
		if !errors.As(err, &failure) {
			tb.Fatalf("%s failed with %v, which is no error of the wire", operation, err)
		}
		return "", failure
	}
	body, err := json.Marshal(out)
	if err != nil {
		tb.Fatal(err)
	}
	return string(body), nil
}

func (c *cloud) must(tb testing.TB, operation, request string) string {
	tb.Helper()
	body, failure := c.call(tb, operation, request)
	if failure != nil {
		tb.Fatalf("%s %s: %v", operation, request, failure)
	}
	return body
}

// refused expects an error with this code whose message has this text.
func (c *cloud) refused(tb testing.TB, operation, request, code, text string) *wire.Error {
	tb.Helper()
	body, failure := c.call(tb, operation, request)
	if failure == nil {
		tb.Fatalf("%s %s was accepted: %s", operation, request, body)
	}
	if failure.Code != code || !strings.Contains(failure.Message, text) {
		tb.Fatalf("%s %s\n got %v\nwant %s: …%s…", operation, request, failure, code, text)
	}
	return failure
}

// put stores an item of the table items under the key "1".
func (c *cloud) put(tb testing.TB, attributes string) {
	tb.Helper()
	c.must(tb, "PutItem", `{"TableName":"items","Item":`+withKey(attributes)+`}`)
}

func withKey(attributes string) string {
	if attributes == "" {
		return `{"p":{"S":"1"}}`
	}
	return `{"p":{"S":"1"},` + attributes + `}`
}

// item reads the item under the key "1".
func (c *cloud) item(tb testing.TB) string {
	tb.Helper()
	return c.must(tb, "GetItem", `{"TableName":"items","Key":{"p":{"S":"1"}}}`)
}

// same compares two JSON texts without regard to the order of members.
func same(tb testing.TB, got, want string) {
	tb.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal([]byte(got), &g), json.Unmarshal([]byte(want), &w)); err != nil {
		tb.Fatalf("%v in %s or %s", err, got, want)
	}
	if difference := cmp.Diff(w, g); difference != "" {
		tb.Errorf("not as wanted (-want +got):\n%s", difference)
	}
}

func quoted(text string) string {
	body, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(body)
}
