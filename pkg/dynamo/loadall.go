package dynamo

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// maximumKeys is how many keys one BatchGetItem may have.
const maximumKeys = 100

// LoadAll implements participant.BatchLoader with a BatchGetItem for every 100 subjects.
// It leaves out a record that BatchGetItem leaves unprocessed, because of throttling or of
// the size of the answer, and one that cannot be read.
func (s *Store) LoadAll(ctx context.Context, subjects []string) (map[string]participant.Record, error) {
	valid := slices.DeleteFunc(slices.Clone(subjects), func(subject string) bool { return participant.CheckSubject(subject) != nil })
	found, left, err := s.getAll(ctx, valid)
	if err != nil {
		return nil, fmt.Errorf("load records: %w", err)
	}
	records := make(map[string]participant.Record)
	for _, subject := range valid {
		records[subject] = participant.Record{Subject: subject}
	}
	for _, subject := range left {
		delete(records, subject)
	}
	for _, item := range found {
		s.addReadable(records, item)
	}
	return records, nil
}

// getAll reads items with strong consistency by their partition keys, which are different
// ones, with a BatchGetItem for every 100. It returns those that exist, and the keys that
// were left unprocessed.
func (s *Store) getAll(ctx context.Context, keys []string) (found []map[string]types.AttributeValue, left []string, err error) {
	for chunk := range slices.Chunk(keys, maximumKeys) {
		request := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
		for _, key := range chunk {
			request.Keys = append(request.Keys, s.vocabulary.key(key))
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.table: request}})
		if err != nil {
			return nil, nil, fmt.Errorf("get %d items: %w", len(chunk), err)
		}
		found = append(found, out.Responses[s.table]...)
		for _, key := range out.UnprocessedKeys[s.table].Keys {
			left = append(left, s.vocabulary.subjectOf(key))
		}
	}
	return found, left, nil
}

// addReadable adds the record of an item, or removes it if it cannot be read.
func (s *Store) addReadable(records map[string]participant.Record, item map[string]types.AttributeValue) {
	record, err := s.vocabulary.Record(item)
	if err != nil {
		delete(records, s.vocabulary.subjectOf(item))
		return
	}
	records[record.Subject] = record
}
