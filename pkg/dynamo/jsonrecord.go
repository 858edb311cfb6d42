package dynamo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// The form of records before the binary one, with attributes for all and published
// events as JSON. Such records are read, but not written any more.
type (
	jsonRecord struct {
		State   string        `dynamodbav:"state"`
		Handled []jsonHandled `dynamodbav:"handled"`
		Erased  bool          `dynamodbav:"erased"`
	}

	jsonHandled struct {
		Source      string   `dynamodbav:"source"`
		ID          string   `dynamodbav:"id"`
		Type        string   `dynamodbav:"type"`
		CausationID string   `dynamodbav:"cause"`
		Digest      string   `dynamodbav:"digest"`
		OccurredAt  int64    `dynamodbav:"time"`
		HandledAt   int64    `dynamodbav:"at"`
		Published   []string `dynamodbav:"published"`
	}
)

// readJSON returns the record of an item in the earlier form.
func readJSON(item map[string]types.AttributeValue) (participant.Record, error) {
	var stored jsonRecord
	if err := attributevalue.UnmarshalMap(item, &stored); err != nil {
		return participant.Record{}, err
	}
	record := participant.Record{State: json.RawMessage(stored.State), Erased: stored.Erased}
	for _, h := range stored.Handled {
		entry := participant.Handled{
			Source: h.Source, ID: h.ID, Type: h.Type, CausationID: h.CausationID, Digest: h.Digest,
			OccurredAt: time.UnixMilli(h.OccurredAt).UTC(), HandledAt: time.UnixMilli(h.HandledAt).UTC(),
		}
		for _, encoded := range h.Published {
			e, err := event.Parse([]byte(encoded))
			if err != nil {
				return participant.Record{}, fmt.Errorf("a published event: %w", err)
			}
			entry.Published = append(entry.Published, e)
		}
		record.Handled = append(record.Handled, entry)
	}
	record.Owner = record.First().Source
	return record, nil
}
