package dynamo_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

func reserved() event.Event {
	return event.Event{
		ID: "e-2", Source: "warehouse", Type: "warehouse.stock-reserved", Subject: "o-1", Time: time.UnixMilli(2000).UTC(),
		DataSchema: "https://example.com/schema/1", CorrelationID: "c-1", CausationID: "e-1", Data: json.RawMessage(`{"n":1}`),
	}
}

func record() participant.Record {
	return participant.Record{
		Subject: "o-1",
		Owner:   "warehouse",
		State:   json.RawMessage(`{"status":"reserved"}`),
		Handled: []participant.Handled{
			{
				Source: "order", ID: "e-1", Type: "order.placed", CausationID: "e-0",
				OccurredAt: time.UnixMilli(1001).UTC(), HandledAt: time.UnixMilli(2002).UTC(), Published: []event.Event{reserved()},
			},
			{Source: "loyalty", ID: "e-9", Type: "loyalty.points-awarded", OccurredAt: time.UnixMilli(3003).UTC(), HandledAt: time.UnixMilli(4004).UTC()},
		},
		ExpiresAt: time.Unix(5005, 0).UTC(),
	}
}

// item is the stored record at a version.
func item(t *testing.T, version string) map[string]types.AttributeValue {
	t.Helper()
	encoded, err := hex.DecodeString(recordHex)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]types.AttributeValue{
		"pk": str("o-1"), "version": num(version), "record": &types.AttributeValueMemberB{Value: encoded}, "expires_at": num("5005"),
	}
}

func TestAFirstCommitPutsTheRecordIfThereIsNone(t *testing.T) {
	c := newClient()
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), record(), nil); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"PutItem"}, c.calls)
	assertEqual(t, &dynamodb.PutItemInput{
		TableName: new(table), Item: item(t, "1"), ConditionExpression: new("attribute_not_exists(#pk)"), ExpressionAttributeNames: map[string]string{"#pk": "pk"},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, c.puts[0])
}

func TestALaterCommitPutsTheRecordIfItsVersionIsUnchanged(t *testing.T) {
	c := newClient()
	r := record()
	r.Version = 41
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, &dynamodb.PutItemInput{
		TableName: new(table), Item: item(t, "42"), ConditionExpression: new("#version = :loaded"), ExpressionAttributeNames: map[string]string{"#version": "version"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":loaded": num("41")},
	}, c.puts[0])
}

func TestARecordThatDoesNotExpireHasNoTimeToLive(t *testing.T) {
	r := record()
	r.ExpiresAt = time.Time{}
	got, err := dynamo.Vocabulary{}.Item(r)
	if err != nil {
		t.Fatal(err)
	}
	want := item(t, "1")
	delete(want, "expires_at")
	assertEqual(t, want, got)
}

func TestAdjustmentsAreMadeInOneTransactionWithTheRecord(t *testing.T) {
	c := newClient()
	err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), record(), []participant.Adjustment{
		{Item: "stock#b", Add: map[string]int64{"reserved": 2, "on_hand": -2, "gone": -1}},
		{Item: "stock#a", Add: map[string]int64{"on_hand": 1, "unchanged": 0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"TransactWriteItems"}, c.calls)
	assertEqual(t, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{
			TableName: new(table), Item: item(t, "1"), ConditionExpression: new("attribute_not_exists(#pk)"), ExpressionAttributeNames: map[string]string{"#pk": "pk"},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Update: &types.Update{
			TableName:                new(table),
			Key:                      map[string]types.AttributeValue{"pk": str("stock#b")},
			UpdateExpression:         new("ADD #c0 :a0, #c1 :a1, #c2 :a2"),
			ConditionExpression:      new("#c0 >= :m0 AND #c1 >= :m1"),
			ExpressionAttributeNames: map[string]string{"#c0": "gone", "#c1": "on_hand", "#c2": "reserved"},
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":a0": num("-1"), ":m0": num("1"), ":a1": num("-2"), ":m1": num("2"), ":a2": num("2"),
			},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Update: &types.Update{
			TableName:                 new(table),
			Key:                       map[string]types.AttributeValue{"pk": str("stock#a")},
			UpdateExpression:          new("ADD #c0 :a0, #c1 :a1"),
			ExpressionAttributeNames:  map[string]string{"#c0": "on_hand", "#c1": "unchanged"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":a0": num("1"), ":a1": num("0")},
		}},
	}}, c.txs[0])
}

func TestAMoveIsOneTransaction(t *testing.T) {
	l := newLedger()
	if err := dynamo.NewStore(l, table, dynamo.Vocabulary{}).Move(t.Context(), adjustments(2)); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"TransactWriteItems"}, l.calls)
	assertEqual(t, map[string]map[string]types.AttributeValue{
		"stock#0": {"pk": str("stock#0"), "on_hand": num("1")}, "stock#1": {"pk": str("stock#1"), "on_hand": num("1")},
	}, l.items)
}

func TestARecordIsLoadedWithOneConsistentRead(t *testing.T) {
	c := newClient()
	c.items["o-1"] = item(t, "3")
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	want := record()
	want.Version = 3
	assertEqual(t, want, got)
	assertEqual(t, []string{"GetItem"}, c.calls)
	assertEqual(t, &dynamodb.GetItemInput{
		TableName: new(table), Key: map[string]types.AttributeValue{"pk": str("o-1")}, ConsistentRead: new(true),
	}, c.gets[0])
}

func TestAnUnknownSubjectHasAnEmptyRecord(t *testing.T) {
	got, err := dynamo.NewStore(newClient(), table, dynamo.Vocabulary{}).Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, participant.Record{Subject: "o-1"}, got)
}

func TestCountersAreAllButTheKey(t *testing.T) {
	c := newClient()
	c.items["stock#1"] = map[string]types.AttributeValue{"pk": str("stock#1"), "on_hand": num("7"), "reserved": num("0")}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Counters(t.Context(), "stock#1")
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, map[string]int64{"on_hand": 7, "reserved": 0}, got)
	assertEqual(t, &dynamodb.GetItemInput{
		TableName: new(table), Key: map[string]types.AttributeValue{"pk": str("stock#1")}, ConsistentRead: new(true),
	}, c.gets[0])
}
