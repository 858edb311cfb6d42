package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/dynamo"
)

// entries returns the entries of the index for the records of these subjects.
func entries(subjects ...string) []map[string]types.AttributeValue {
	var all []map[string]types.AttributeValue
	for _, subject := range subjects {
		all = append(all, map[string]types.AttributeValue{"pk": str(subject), "open": str("yes"), "due": num("1000")})
	}
	return all
}

func TestOnlyARecordWithADueTimeHasTheKeyOfTheIndex(t *testing.T) {
	c := newClient()
	r := record()
	r.Due = time.Unix(7007, 0).UTC()
	if err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Commit(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	want := item(t, "1")
	want["open"], want["due"] = str("yes"), num("7007")
	assertEqual(t, want, c.puts[0].Item)
	made, err := dynamo.Vocabulary{}.Item(r)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, want, made)

	loaded, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Load(t.Context(), r.Subject)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, r.Due, loaded.Due)
}

func TestDueIsOneQueryOfTheIndex(t *testing.T) {
	c := newClient()
	c.pages = []*dynamodb.QueryOutput{{Items: entries("o-2", "o-1")}}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Due(t.Context(), time.Unix(9000, 999), 100)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"o-2", "o-1"}, got)
	assertEqual(t, []string{"Query"}, c.calls)
	assertEqual(t, dynamodb.QueryInput{
		TableName: new(table), IndexName: new("due"), Limit: new(int32(100)),
		KeyConditionExpression:    new("#open = :open AND #due <= :by"),
		ExpressionAttributeNames:  map[string]string{"#open": "open", "#due": "due"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":open": str("yes"), ":by": num("9000")},
	}, c.queries[0])
}

func TestPagesAreReadUpToTheLimit(t *testing.T) {
	next := entries("o-2")[0]
	for name, test := range map[string]struct {
		pages  []*dynamodb.QueryOutput
		limits []int32
		want   []string
	}{
		"until the last": {
			[]*dynamodb.QueryOutput{{Items: entries("o-1", "o-2"), LastEvaluatedKey: next}, {Items: entries("o-3")}},
			[]int32{4, 2},
			[]string{"o-1", "o-2", "o-3"},
		},
		"over an empty one": {
			[]*dynamodb.QueryOutput{{LastEvaluatedKey: next}, {Items: entries("o-1")}},
			[]int32{4, 4},
			[]string{"o-1"},
		},
		"and not further": {
			[]*dynamodb.QueryOutput{{Items: entries("o-1", "o-2", "o-3", "o-4"), LastEvaluatedKey: next}},
			[]int32{4},
			[]string{"o-1", "o-2", "o-3", "o-4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient()
			c.pages = test.pages
			got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Due(t.Context(), time.Unix(9000, 0), 4)
			if err != nil {
				t.Fatal(err)
			}
			assertEqual(t, test.want, got)
			var limits []int32
			for n, query := range c.queries {
				limits = append(limits, *query.Limit)
				if n > 0 {
					assertEqual(t, next, query.ExclusiveStartKey)
				}
			}
			assertEqual(t, test.limits, limits)
		})
	}
}

func TestAPageIsSmallEnoughForOneRead(t *testing.T) {
	c := newClient()
	c.pages = []*dynamodb.QueryOutput{{}}
	if _, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Due(t.Context(), time.Unix(9000, 0), 1001); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, new(int32(1000)), c.queries[0].Limit)
}

func TestTheEntriesOfTheIndexAreSpreadOverItsPartitionsBySubject(t *testing.T) {
	const partitions, records = 4, 400
	c := newClient()
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{}, dynamo.DuePartitions(partitions, partitions))
	entries := make(map[string]int)
	for n := range records {
		r := record()
		r.Subject, r.Due = fmt.Sprintf("o-%d", n), time.Unix(7007, 0)
		if err := store.Commit(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.Commit(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		open := text(c.puts[2*n].Item["open"])
		entries[open]++
		if again := text(c.puts[2*n+1].Item["open"]); again != open {
			t.Errorf("%s is in the partitions %s and %s", r.Subject, open, again)
		}
	}
	for _, partition := range []string{"yes", "yes#1", "yes#2", "yes#3"} {
		if n := entries[partition]; n < records/partitions/2 {
			t.Errorf("partition %s has %d of %d entries", partition, n, records)
		}
	}
}

// spread answers queries with the entries of the partition that is queried, one on a page.
type spread struct {
	client

	entries map[string][]map[string]types.AttributeValue
}

func (s *spread) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	partition := text(in.ExpressionAttributeValues[":open"])
	s.calls = append(s.calls, partition)
	left := s.entries[partition]
	if len(left) == 0 {
		return &dynamodb.QueryOutput{}, nil
	}
	s.entries[partition] = left[1:]
	return &dynamodb.QueryOutput{Items: left[:1], LastEvaluatedKey: left[0]}, nil
}

func TestWhatIsDueInAllPartitionsIsInOneOrder(t *testing.T) {
	entry := func(subject, due string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"pk": str(subject), "due": num(due)}
	}
	s := &spread{entries: map[string][]map[string]types.AttributeValue{
		"yes": {entry("o-2", "20"), entry("o-6", "50")}, "yes#1": {entry("o-1", "10"), entry("o-3", "20"), entry("o-4", "30"), entry("o-5", "40")}, "yes#3": {entry("unread", "5")},
	}}
	got, err := dynamo.NewStore(s, table, dynamo.Vocabulary{}, dynamo.DuePartitions(3, 1)).Due(t.Context(), time.Unix(9000, 0), 5)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, []string{"o-1", "o-2", "o-3", "o-4", "o-5"}, got)
}

func TestWhatAStoreWritesItReads(t *testing.T) {
	for written, read := range map[int][]string{-1: {"yes"}, 0: {"yes"}, 2: {"yes", "yes#1"}} {
		s := &spread{client: *newClient()}
		store := dynamo.NewStore(s, table, dynamo.Vocabulary{}, dynamo.DuePartitions(9, 9), dynamo.DuePartitions(0, written))
		r := record()
		r.Due = time.Unix(7007, 0)
		if err := store.Commit(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		s.calls = nil
		if _, err := store.Due(t.Context(), time.Unix(9000, 0), 4); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, read, s.calls)
	}
}

func TestAnEntryOfTheIndexThatCannotBeReadIsAnError(t *testing.T) {
	for name, entry := range map[string]map[string]types.AttributeValue{
		"no subject":         {"due": num("1000")},
		"no due time":        {"pk": str("o-1")},
		"a due time of text": {"pk": str("o-1"), "due": str("1000")},
	} {
		c := newClient()
		c.pages = []*dynamodb.QueryOutput{{Items: append(entries("o-0"), entry)}}
		got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Due(t.Context(), time.Unix(9000, 0), 4)
		if err == nil || !strings.HasPrefix(err.Error(), "decode what is due: ") {
			t.Errorf("%s: due are %v, %v", name, got, err)
		}
	}
}

func TestAFailedQueryOfWhatIsDueIsAnError(t *testing.T) {
	c := newClient()
	c.err = errors.New("throttled")
	if _, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Due(t.Context(), time.Unix(9000, 0), 4); !errors.Is(err, c.err) {
		t.Errorf("the error is %v", err)
	}
}
