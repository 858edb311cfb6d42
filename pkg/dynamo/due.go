package dynamo

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maximumPage is a page of the index that is small enough for one read.
const maximumPage = 1000

// DuePartitions spreads the entries of the index of what is due over partitions, by the
// subject: a partition accepts 1,000 writes a second
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
// Commit writes to the first partitions, as many as written, and Due reads the first ones,
// as many as read. Both are 1 by default and at least, and what a store writes it reads. A
// partition has to be read by every function before one writes to it, and for as long as it
// has an entry.
func DuePartitions(read, written int) Option {
	written = max(1, written)
	return func(s *Store) { s.dueRead, s.dueWritten = max(read, written), written }
}

// partitionKey returns the key of a partition of the index.
func (s *Store) partitionKey(n int) string {
	if n == 0 {
		return s.vocabulary.open()
	}
	return s.vocabulary.open() + mark + strconv.Itoa(n)
}

// partitionOf returns the partition of the entry of a subject.
func (s *Store) partitionOf(subject string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(subject)) // It returns no error.
	return s.partitionKey(int(hash.Sum32() % uint32(s.dueWritten)))
}

// Due returns the subjects of the records that are due at a time, the longest due
// first, and not more than limit. The index is eventually consistent with the table,
// normally within a fraction of a second: a record may be missing, or no longer due.
func (s *Store) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	partitions := make([]*duePartition, s.dueRead)
	for n := range partitions {
		partitions[n] = s.duePartition(n, by)
	}
	var subjects []string
	for len(subjects) < limit {
		var longest *duePartition
		for _, p := range partitions {
			if err := s.fill(ctx, p, limit-len(subjects)); err != nil {
				return nil, err
			}
			if len(p.entries) > 0 && (longest == nil || p.entries[0].due < longest.entries[0].due) {
				longest = p
			}
		}
		if longest == nil {
			break
		}
		subjects = append(subjects, longest.entries[0].subject)
		longest.entries = longest.entries[1:]
	}
	return subjects, nil
}

// duePartition reads the entries of one partition of the index, in the order of their due
// times.
type duePartition struct {
	query   *dynamodb.QueryInput
	entries []dueEntry
	ended   bool
}

type dueEntry struct {
	subject string
	due     int64
}

func (s *Store) duePartition(n int, by time.Time) *duePartition {
	return &duePartition{query: &dynamodb.QueryInput{
		TableName:                &s.table,
		IndexName:                aws.String(s.vocabulary.dueIndex()),
		KeyConditionExpression:   aws.String("#open = :open AND #due <= :by"),
		ExpressionAttributeNames: map[string]string{"#open": s.vocabulary.name("open"), "#due": s.vocabulary.name("due")},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":open": &types.AttributeValueMemberS{Value: s.partitionKey(n)},
			":by":   number(by.Unix()),
		},
	}}
}

// fill reads pages until there is an entry, or the partition has ended.
func (s *Store) fill(ctx context.Context, p *duePartition, limit int) error {
	for len(p.entries) == 0 && !p.ended {
		p.query.Limit = aws.Int32(int32(min(limit, maximumPage)))
		page, err := s.client.Query(ctx, p.query)
		if err != nil {
			return fmt.Errorf("query what is due: %w", err)
		}
		for _, found := range page.Items {
			due, err := readNumber(found, s.vocabulary.name("due"))
			subject := s.vocabulary.subjectOf(found)
			if subject == "" {
				err = errors.New("an item has no text in pk")
			}
			if err != nil {
				return fmt.Errorf("decode what is due: %w", err)
			}
			p.entries = append(p.entries, dueEntry{subject, due})
		}
		p.query.ExclusiveStartKey = page.LastEvaluatedKey
		p.ended = page.LastEvaluatedKey == nil
	}
	return nil
}
