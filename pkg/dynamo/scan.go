package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// Contents is all that is in a table.
type Contents struct {
	// Records are the participant's records by subject.
	Records map[string]participant.Record
	// Counters are the counters of adjusted items by item.
	Counters map[string]map[string]int64
	// Others are the items that the context has written without a Store, by key.
	Others map[string]map[string]types.AttributeValue
}

// Scan reads the whole table, in a time that grows with its size: it is for operators
// and not for a participant. It needs the permission dynamodb:Scan. Items that are
// written during the scan may be missing.
func Scan(ctx context.Context, client dynamodb.ScanAPIClient, table string, vocabulary Vocabulary) (Contents, error) {
	contents := Contents{
		Records:  make(map[string]participant.Record),
		Counters: make(map[string]map[string]int64),
		Others:   make(map[string]map[string]types.AttributeValue),
	}
	if err := scan(ctx, client, table, vocabulary, func(found map[string]types.AttributeValue) error {
		return contents.add(vocabulary, found)
	}); err != nil {
		return Contents{}, err
	}
	return contents, nil
}

// ScanRecords calls each for every record of the table, one after the other. It reads
// the whole table like Scan, but holds one page of it in memory.
func ScanRecords(ctx context.Context, client dynamodb.ScanAPIClient, table string, vocabulary Vocabulary, each func(participant.Record)) error {
	return scan(ctx, client, table, vocabulary, func(found map[string]types.AttributeValue) error {
		if !vocabulary.isRecord(found) {
			return nil
		}
		record, err := vocabulary.Record(found)
		if err == nil {
			each(record)
		}
		return err
	})
}

// scan calls each for every item of the table that is one of the store.
func scan(ctx context.Context, client dynamodb.ScanAPIClient, table string, vocabulary Vocabulary, each func(map[string]types.AttributeValue) error) error {
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("scan %s: %w", table, err)
		}
		for _, found := range page.Items {
			if !vocabulary.isOwn(found) {
				continue
			}
			if err := each(found); err != nil {
				return fmt.Errorf("scan %s: %w", table, err)
			}
		}
	}
	return nil
}

// add adds an item to the records, counters or others: an adjusted item has only
// numbers.
func (c Contents) add(vocabulary Vocabulary, found map[string]types.AttributeValue) error {
	pk := vocabulary.subjectOf(found)
	if pk == "" {
		return errors.New("an item has no text in pk")
	}
	switch {
	case vocabulary.isRecord(found):
		record, err := vocabulary.Record(found)
		c.Records[pk] = record
		return err
	case vocabulary.onlyNumbers(found):
		counters, err := vocabulary.countersOf(found)
		if err != nil {
			return fmt.Errorf("decode %s: %w", pk, err)
		}
		c.Counters[itemOf(pk)] = counters
	default:
		c.Others[pk] = found
	}
	return nil
}

func (v Vocabulary) onlyNumbers(found map[string]types.AttributeValue) bool {
	for name, value := range found {
		if _, isNumber := value.(*types.AttributeValueMemberN); !isNumber && !v.isKey(name) {
			return false
		}
	}
	return true
}
