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
	records := make(map[string]participant.Record)
	for chunk := range slices.Chunk(valid, maximumKeys) {
		request := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
		for _, subject := range chunk {
			request.Keys = append(request.Keys, s.vocabulary.key(subject))
			records[subject] = participant.Record{Subject: subject}
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.table: request}})
		if err != nil {
			return nil, fmt.Errorf("load %d records: %w", len(chunk), err)
		}
		for _, left := range out.UnprocessedKeys[s.table].Keys {
			delete(records, s.vocabulary.subjectOf(left))
		}
		for _, item := range out.Responses[s.table] {
			s.addReadable(records, item)
		}
	}
	return records, nil
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
