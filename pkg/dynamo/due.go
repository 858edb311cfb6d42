package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dueIndex is the index of the records that are due, and openValue what all of
// them have as its partition key. A page of it is small enough to be read at
// once.
const (
	dueIndex    = "due"
	openValue   = "yes"
	maximumPage = 1000
)

// Due gives the subjects of the records that are due by a moment, the longest
// due first, and not more than limit. The index follows the table within
// moments, so a record may just have been, or have ceased to be, due.
func (s *Store) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	query := &dynamodb.QueryInput{
		TableName:                &s.table,
		IndexName:                aws.String(dueIndex),
		KeyConditionExpression:   aws.String("#open = :open AND #due <= :by"),
		ExpressionAttributeNames: map[string]string{"#open": "open", "#due": "due"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":open": &types.AttributeValueMemberS{Value: openValue},
			":by":   number(by.Unix()),
		},
	}
	var subjects []string
	for len(subjects) < limit {
		query.Limit = aws.Int32(int32(min(limit-len(subjects), maximumPage)))
		page, err := s.client.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("ask what is due: %w", err)
		}
		for _, entry := range page.Items {
			var found item
			if err := attributevalue.UnmarshalMap(entry, &found); err != nil {
				return nil, fmt.Errorf("decode what is due: %w", err)
			}
			subjects = append(subjects, found.PK)
		}
		if page.LastEvaluatedKey == nil {
			break
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
	}
	return subjects, nil
}
