package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Balance returns the sum of the entries in an account that have not expired at a time.
// The index is eventually consistent with the table, normally within a fraction of a
// second. It costs half a read unit for every 4 KB of entries, which are about 40.
func (s *Store) Balance(ctx context.Context, account string, at time.Time) (int64, error) {
	entries, err := s.Entries(ctx, account, at)
	var balance int64
	for _, amount := range entries {
		balance += amount
	}
	return balance, err
}

// Entries returns the amounts of the entries that Balance adds up, by the subjects of
// their records.
func (s *Store) Entries(ctx context.Context, account string, at time.Time) (map[string]int64, error) {
	v := s.vocabulary
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName:                &s.table,
		IndexName:                aws.String(v.accountIndex()),
		KeyConditionExpression:   aws.String("#account = :account AND #until > :at"),
		ExpressionAttributeNames: map[string]string{"#account": v.name("account"), "#until": v.name("until")},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":account": &types.AttributeValueMemberS{Value: account},
			":at":      number(at.Unix()),
		},
	})
	entries := make(map[string]int64)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			// An account may be named after a person, so the error does not name it.
			return nil, fmt.Errorf("query the entries of an account in %s: %w", s.table, err)
		}
		for _, found := range page.Items {
			if !v.isOwn(found) {
				continue
			}
			amount, err := readNumber(found, v.name("amount"))
			if err != nil {
				return nil, fmt.Errorf("decode an entry in %s: %w", s.table, err)
			}
			entries[v.subjectOf(found)] = amount
		}
	}
	return entries, nil
}
