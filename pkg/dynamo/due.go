package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maximumPage is a page of the index that is small enough for one read.
const maximumPage = 1000

// Due returns the subjects of the records that are due at a time, the longest due
// first, and not more than limit. The index is eventually consistent with the table,
// normally within a fraction of a second: a record may be missing, or no longer due.
func (s *Store) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	query := &dynamodb.QueryInput{
		TableName:                &s.table,
		IndexName:                aws.String(s.vocabulary.dueIndex()),
		KeyConditionExpression:   aws.String("#open = :open AND #due <= :by"),
		ExpressionAttributeNames: map[string]string{"#open": s.vocabulary.name("open"), "#due": s.vocabulary.name("due")},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":open": &types.AttributeValueMemberS{Value: s.vocabulary.open()},
			":by":   number(by.Unix()),
		},
	}
	var subjects []string
	for len(subjects) < limit {
		query.Limit = aws.Int32(int32(min(limit-len(subjects), maximumPage)))
		page, err := s.client.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("query what is due: %w", err)
		}
		for _, entry := range page.Items {
			subject := s.vocabulary.subjectOf(entry)
			if subject == "" {
				return nil, errors.New("decode what is due: an item has no text in pk")
			}
			subjects = append(subjects, subject)
		}
		if page.LastEvaluatedKey == nil {
			break
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
	return subjects, nil
}
