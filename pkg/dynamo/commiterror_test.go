package dynamo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// canceled returns the error of a canceled transaction, with a code for each write.
func canceled(codes ...string) *types.TransactionCanceledException {
	var reasons []types.CancellationReason
	for _, code := range codes {
		reasons = append(reasons, types.CancellationReason{Code: &code})
	}
	return &types.TransactionCanceledException{Message: new("Transaction cancelled"), CancellationReasons: reasons}
}

func TestAnErrorOfDynamoDBIsAnErrorOfTheStore(t *testing.T) {
	const (
		none, check, met    = "None", "ConditionalCheckFailed", "TransactionConflict"
		throttled, exceeded = "ThrottlingError", "ProvisionedThroughputExceeded"
	)
	conflict, failure := "conflict", "failure"
	for name, c := range map[string]struct {
		answer error
		want   string
	}{
		"the record is another":                      {&types.ConditionalCheckFailedException{}, conflict},
		"a transaction was in the way of the record": {&types.TransactionConflictException{}, conflict},
		"the record is another, in a transaction":    {canceled(check, none, none), conflict},
		"transactions met at the record":             {canceled(met, none, none), conflict},
		"transactions met at an item":                {canceled(none, met, none), conflict},
		"the first item has not enough":              {canceled(none, check, none), "refused [a]"},
		"the second item has not enough":             {canceled(none, none, check), "refused [b]"},
		"both items have not enough":                 {canceled(none, check, check), "refused [a b]"},
		"the record is another and not enough":       {canceled(check, check, none), conflict},
		"transactions met at an item and not enough": {canceled(none, check, met), conflict},
		"throttled":                                    {canceled(none, throttled, none), failure},
		"throttled and not enough":                     {canceled(none, throttled, check), failure},
		"not enough and throttled":                     {canceled(none, check, throttled), failure},
		"the record is another and throttled":          {canceled(check, throttled, none), failure},
		"too much throughput":                          {canceled(exceeded, none, none), failure},
		"not acceptable":                               {canceled("ValidationError", none, none), failure},
		"no reason at all":                             {canceled(), failure},
		"no reason but none":                           {canceled(none, none, none), failure},
		"throttled as a whole":                         {&types.RequestLimitExceeded{}, failure},
		"no such table":                                {&types.ResourceNotFoundException{}, failure},
		"a transaction with this token is in progress": {&types.TransactionInProgressException{}, failure},
		"no network":                                   {errors.New("connection refused"), failure},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.err = fmt.Errorf("operation error DynamoDB: %w", c.answer)
			err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Commit(t.Context(), record(), []participant.Adjustment{
				{Item: "a", Add: map[string]int64{"n": -1}}, {Item: "b", Add: map[string]int64{"n": -1}},
			})
			if got := kind(err); got != c.want {
				t.Errorf("%v is a %s, want a %s", err, got, c.want)
			}
			if c.want == failure && !errors.Is(err, c.answer) {
				t.Errorf("%v does not wrap the error of DynamoDB", err)
			}
		})
	}
}

func kind(err error) string {
	refused, isRefused := errors.AsType[*participant.RefusedError](err)
	switch {
	case err == nil:
		return "success"
	case isRefused:
		return fmt.Sprintf("refused %v", refused.Items)
	case errors.Is(err, participant.ErrConflict):
		return "conflict"
	}
	return "failure"
}

func TestAnErrorOfAMoveIsOneOfItsItems(t *testing.T) {
	const none, check, met = "None", "ConditionalCheckFailed", "TransactionConflict"
	for name, c := range map[string]struct {
		answer error
		want   string
	}{
		"the first item has not enough":  {canceled(check, none), "refused [a]"},
		"the second item has not enough": {canceled(none, check), "refused [b]"},
		"transactions met at an item":    {canceled(met, check), "conflict"},
		"no network":                     {errors.New("connection refused"), "failure"},
	} {
		client := newClient()
		client.err = c.answer
		err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Move(t.Context(), []participant.Adjustment{
			{Item: "a", Add: map[string]int64{"n": -1}}, {Item: "b", Add: map[string]int64{"n": -1}},
		})
		if got := kind(err); got != c.want {
			t.Errorf("%s: %v is a %s, want a %s", name, err, got, c.want)
		}
	}
}

func TestARefusalHasTheCountersThatDynamoDBReturns(t *testing.T) {
	client := newClient()
	refusal := canceled("None", "ConditionalCheckFailed")
	refusal.CancellationReasons[1].Item = map[string]types.AttributeValue{"pk": str("stock#a"), "on_hand": num("1")}
	client.err = refusal
	store := dynamo.NewStore(client, table, dynamo.Vocabulary{})
	take := []participant.Adjustment{{Item: "stock#a", Add: map[string]int64{"on_hand": -2}}}
	err := store.Commit(t.Context(), record(), take)
	refused, _ := errors.AsType[*participant.RefusedError](err)
	assertEqual(t, &participant.RefusedError{Items: []string{"stock#a"}, Counters: participant.Counters{"stock#a": {"on_hand": 1}}}, refused)

	refusal.CancellationReasons[1].Item["on_hand"] = str("one")
	if err := store.Commit(t.Context(), record(), take); err == nil || err.Error() != "decode stock#a: on_hand is not a number" {
		t.Errorf("for counters that cannot be read the error is %v", err)
	}
}

func TestAConditionThatFailsOnASinglePutIsAConflict(t *testing.T) {
	client := newClient()
	client.err = &types.ConditionalCheckFailedException{}
	if err := dynamo.NewStore(client, table, dynamo.Vocabulary{}).Commit(t.Context(), record(), nil); !errors.Is(err, participant.ErrConflict) {
		t.Errorf("the error is %v, not ErrConflict", err)
	}
}

func TestAReadThatFailsIsAnError(t *testing.T) {
	client := newClient()
	client.err = errors.New("connection refused")
	store := dynamo.NewStore(client, table, dynamo.Vocabulary{})
	if _, err := store.Load(t.Context(), "o-1"); !errors.Is(err, client.err) {
		t.Errorf("loading: %v", err)
	}
	if _, err := store.Counters(t.Context(), "a"); !errors.Is(err, client.err) {
		t.Errorf("reading counters: %v", err)
	}
	if _, err := store.CountersOf(t.Context(), "a"); !errors.Is(err, client.err) {
		t.Errorf("reading counters together: %v", err)
	}
}
