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
// A key that it leaves unprocessed, because of throttling or the size of the answer, is
// read alone.
func (s *Store) LoadAll(ctx context.Context, subjects []string) ([]participant.Record, error) {
	found := make(map[string]map[string]types.AttributeValue)
	for chunk := range slices.Chunk(subjects, maximumKeys) {
		request := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
		for _, subject := range chunk {
			if err := checkKey(subject); err != nil {
				return nil, err
			}
			request.Keys = append(request.Keys, key(subject))
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.table: request}})
		if err != nil {
			return nil, fmt.Errorf("load %d records: %w", len(chunk), err)
		}
		for _, item := range out.Responses[s.table] {
			found[subjectOf(item)] = item
		}
		for _, left := range out.UnprocessedKeys[s.table].Keys {
			subject := subjectOf(left)
			if found[subject], err = s.get(ctx, subject); err != nil {
				return nil, err
			}
		}
	}
	records := make([]participant.Record, len(subjects))
	for i, subject := range subjects {
		var err error
		if records[i], err = s.vocabulary.readIfThere(subject, found[subject]); err != nil {
			return nil, err
		}
	}
	return records, nil
}
