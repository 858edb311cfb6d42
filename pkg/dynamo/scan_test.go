package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// pages is a DynamoDB client with two items on each page.
type pages struct {
	items []map[string]types.AttributeValue
	err   error
	read  int
}

func (p *pages) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if p.err != nil || *in.TableName != table || !aws.ToBool(in.ConsistentRead) {
		return nil, errors.Join(p.err, errors.New("not a consistent read of the table"))
	}
	out := &dynamodb.ScanOutput{Items: p.items[p.read:min(p.read+2, len(p.items))]}
	if p.read += len(out.Items); p.read < len(p.items) {
		out.LastEvaluatedKey = map[string]types.AttributeValue{"pk": out.Items[0]["pk"]}
	}
	return out, nil
}

func TestAScanSeparatesRecordsCountersAndOtherItems(t *testing.T) {
	stored := newClient()
	record := participant.Record{Subject: "o-1", State: json.RawMessage(`{"n":1}`), ExpiresAt: time.Unix(9, 0).UTC()}
	if err := dynamo.NewStore(stored, table, dynamo.Vocabulary{}).Commit(t.Context(), record, nil); err != nil {
		t.Fatal(err)
	}
	charge := map[string]types.AttributeValue{"pk": str("charge#o-1"), "amount": num("1"), "accepted": &types.AttributeValueMemberBOOL{Value: true}}
	contents, err := dynamo.Scan(t.Context(), &pages{items: []map[string]types.AttributeValue{
		stored.items["o-1"],
		{"pk": str("stock#1"), "on_hand": num("-3"), "shipped": num("7")},
		charge,
	}}, table, dynamo.Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	record.Version = 1
	assertEqual(t, map[string]participant.Record{"o-1": record}, contents.Records)
	assertEqual(t, map[string]map[string]int64{"stock#1": {"on_hand": -3, "shipped": 7}}, contents.Counters)
	if others := slices.Collect(maps.Keys(contents.Others)); !slices.Equal(others, []string{"charge#o-1"}) || len(contents.Others["charge#o-1"]) != len(charge) {
		t.Errorf("the other items are %v", contents.Others)
	}
}

func TestAScanOfRecordsSkipsOtherItems(t *testing.T) {
	stored := newClient()
	left := participant.Record{Subject: "o-1", State: json.RawMessage(`{"n":1}`), Erased: true}
	if err := dynamo.NewStore(stored, table, dynamo.Vocabulary{}).Commit(t.Context(), left, nil); err != nil {
		t.Fatal(err)
	}
	var found []participant.Record
	err := dynamo.ScanRecords(t.Context(), &pages{items: []map[string]types.AttributeValue{
		{"pk": str("stock#1"), "on_hand": num("3")}, stored.items["o-1"], {"pk": str("charge#o-1"), "accepted": &types.AttributeValueMemberBOOL{Value: true}},
	}}, table, dynamo.Vocabulary{}, func(r participant.Record) { found = append(found, r) })
	left.Version = 1
	assertEqual(t, []participant.Record{left}, found)
	if err != nil {
		t.Error(err)
	}
	wrong := &pages{items: []map[string]types.AttributeValue{{"pk": str("o-1"), "state": str("{}"), "version": str("x")}}}
	if err := dynamo.ScanRecords(t.Context(), wrong, table, dynamo.Vocabulary{}, func(r participant.Record) { t.Errorf("%+v is read", r) }); err == nil || !strings.HasPrefix(err.Error(), "scan "+table) {
		t.Errorf("the error is %v", err)
	}
}

func TestAScanThatFailsIsAnErrorWithTheTable(t *testing.T) {
	unavailable := errors.New("unavailable")
	for name, p := range map[string]*pages{
		"DynamoDB":       {err: unavailable},
		"no key":         {items: []map[string]types.AttributeValue{{"n": num("1")}}},
		"a wrong key":    {items: []map[string]types.AttributeValue{{"pk": num("1")}}},
		"a wrong record": {items: []map[string]types.AttributeValue{{"pk": str("o-1"), "state": str("{}"), "version": str("x")}}},
		"a wrong event": {items: []map[string]types.AttributeValue{{"pk": str("o-1"), "state": str("{}"), "handled": &types.AttributeValueMemberL{
			Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"published": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("{")}},
			}}},
		}}}},
		"a wrong counter": {items: []map[string]types.AttributeValue{{"pk": str("stock#1"), "on_hand": num("1.5")}}},
	} {
		if _, err := dynamo.Scan(t.Context(), p, table, dynamo.Vocabulary{}); err == nil || !strings.HasPrefix(err.Error(), "scan "+table) || (p.err != nil && !errors.Is(err, unavailable)) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
