package dynamo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// entryOf returns the entry of the index for a record.
func entryOf(subject, amount string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": str(subject), "account": str("customer#c-42"), "until": num("9000"), "amount": num(amount)}
}

func TestOnlyARecordWithAnEntryHasTheKeyOfTheAccountIndex(t *testing.T) {
	c := newClient()
	r := record()
	r.Entry = participant.Entry{Account: "customer#c-42", Amount: 25, ExpiresAt: time.Unix(9000, 0).UTC()}
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	want := item(t, "1")
	want["account"], want["amount"], want["until"] = str("customer#c-42"), num("25"), num("9000")
	assertEqual(t, want, c.puts[0].Item)
}

func TestABalanceIsTheSumOverAllPagesOfOneQuery(t *testing.T) {
	c := newClient()
	next := entryOf("o-2", "7")
	c.pages = []*dynamodb.QueryOutput{
		{Items: []map[string]types.AttributeValue{entryOf("o-1", "25"), next}, LastEvaluatedKey: next},
		{LastEvaluatedKey: next},
		{Items: []map[string]types.AttributeValue{entryOf("o-3", "-2")}},
	}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Balance(t.Context(), "customer#c-42", time.Unix(5000, 999))
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, int64(30), got)
	assertEqual(t, []string{"Query", "Query", "Query"}, c.calls)
	assertEqual(t, dynamodb.QueryInput{
		TableName: new(table), IndexName: new("account"),
		KeyConditionExpression:    new("#account = :account AND #until > :at"),
		ExpressionAttributeNames:  map[string]string{"#account": "account", "#until": "until"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":account": str("customer#c-42"), ":at": num("5000")},
	}, c.queries[0])
	assertEqual(t, next, c.queries[2].ExclusiveStartKey)
}

func TestAFailedQueryOfAnAccountIsAnErrorWithoutTheAccount(t *testing.T) {
	c := newClient()
	c.err = errLost
	balance, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Balance(t.Context(), "customer#c-42", time.Unix(5000, 0))
	if balance != 0 || !errors.Is(err, errLost) || !strings.Contains(err.Error(), table) || strings.Contains(err.Error(), "c-42") {
		t.Errorf("the balance is %d, %v", balance, err)
	}
}

func TestAnEntryThatCannotBeReadIsAnErrorWithoutTheAccount(t *testing.T) {
	c := newClient()
	c.pages = []*dynamodb.QueryOutput{{Items: []map[string]types.AttributeValue{entryOf("o-1", "1.5")}}}
	entries, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Entries(t.Context(), "customer#c-42", time.Unix(5000, 0))
	if err == nil || err.Error() != "decode an entry in "+table+": amount is not an integer" {
		t.Errorf("the entries are %v, %v", entries, err)
	}
}

func TestAnAccountThatIsNoKeyIsInvalidBeforeAnyCall(t *testing.T) {
	c := newClient()
	r := record()
	r.Entry = participant.Entry{Account: strings.Repeat("a", 2049), Amount: 1, ExpiresAt: time.Unix(9000, 0)}
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), r, nil); !errors.Is(err, event.ErrInvalid) || len(c.calls) != 0 {
		t.Errorf("after %v the error is %v", c.calls, err)
	}
}

func TestAnEntryCostsAWriteUnitMoreWhenItIsMadeChangedOrRemoved(t *testing.T) {
	year := clock().AddDate(1, 0, 0)
	none, some := participant.Entry{}, participant.Entry{Account: "a", Amount: 1, ExpiresAt: year}
	for name, test := range map[string]struct {
		before, after participant.Entry
		want          int
	}{
		"none":    {none, none, 1},
		"made":    {none, some, 2},
		"kept":    {some, some, 1},
		"changed": {some, participant.Entry{Account: "a", Amount: 2, ExpiresAt: year}, 2},
		"removed": {some, none, 2},
		// It is removed from one account and made in another.
		"moved": {some, participant.Entry{Account: "b", Amount: 1, ExpiresAt: year}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			silent := func(s state, _ participant.Input) (decision, error) {
				s.Handled++
				return decision{State: s}, nil
			}
			d := newDepot(t, silent, func(c *participant.Config[state]) {
				c.Entry = func(s state) participant.Entry {
					return map[int]participant.Entry{1: test.before, 2: test.after}[s.Handled]
				}
			})
			if err := d.handleAside("e-1"); err != nil {
				t.Fatal(err)
			}
			if err := d.Handle(t.Context(), d.received("e-2")); err != nil {
				t.Fatal(err)
			}
			assertEqual(t, cost{"GetItem PutItem", 1, test.want}, cost{strings.Join(d.ledger.calls, " "), d.ledger.reads, d.ledger.writes}, unexported)
		})
	}
}
