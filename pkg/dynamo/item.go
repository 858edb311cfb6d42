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

type item struct {
	PK        string    `dynamodbav:"pk"`
	Version   int64     `dynamodbav:"version"`
	State     string    `dynamodbav:"state"`
	Handled   []handled `dynamodbav:"handled"`
	ExpiresAt int64     `dynamodbav:"expires_at,omitempty"`
	Open      string    `dynamodbav:"open,omitempty"`
	Due       int64     `dynamodbav:"due,omitempty"`
	Account   string    `dynamodbav:"account,omitempty"`
	Amount    int64     `dynamodbav:"amount,omitempty"`
	Until     int64     `dynamodbav:"until,omitempty"`
	Erased    bool      `dynamodbav:"erased,omitempty"`
}

type handled struct {
	Source      string   `dynamodbav:"source"`
	ID          string   `dynamodbav:"id"`
	Type        string   `dynamodbav:"type"`
	CausationID string   `dynamodbav:"cause,omitempty"`
	Digest      string   `dynamodbav:"digest,omitempty"`
	OccurredAt  int64    `dynamodbav:"time"`
	HandledAt   int64    `dynamodbav:"at"`
	Published   []string `dynamodbav:"published,omitempty"`
}

func newItem(record participant.Record) (map[string]types.AttributeValue, error) {
	next := item{
		PK:      record.Subject,
		Version: record.Version + 1,
		State:   string(record.State),
		Erased:  record.Erased,
	}
	if !record.ExpiresAt.IsZero() {
		next.ExpiresAt = record.ExpiresAt.Unix()
	}
	if !record.Due.IsZero() {
		next.Open = openValue
		next.Due = record.Due.Unix()
	}
	if record.Entry != (participant.Entry{}) {
		next.Account = record.Entry.Account
		next.Amount = record.Entry.Amount
		next.Until = record.Entry.ExpiresAt.Unix()
	}
	for _, h := range record.Handled {
		entry := handled{
			Source: h.Source, ID: h.ID, Type: h.Type, CausationID: h.CausationID, Digest: h.Digest,
			OccurredAt: h.OccurredAt.UnixMilli(), HandledAt: h.HandledAt.UnixMilli(),
		}
		for _, e := range h.Published {
			encoded, err := json.Marshal(e)
			if err != nil {
				return nil, fmt.Errorf("encode %s: %w", e.Type, err)
			}
			entry.Published = append(entry.Published, string(encoded))
		}
		next.Handled = append(next.Handled, entry)
	}
	return attributevalue.MarshalMap(next)
}

func (i item) record() (participant.Record, error) {
	record := participant.Record{
		Subject: i.PK,
		Version: i.Version,
		State:   json.RawMessage(i.State),
		Erased:  i.Erased,
	}
	if i.ExpiresAt != 0 {
		record.ExpiresAt = time.Unix(i.ExpiresAt, 0).UTC()
	}
	if i.Open != "" {
		record.Due = time.Unix(i.Due, 0).UTC()
	}
	if i.Account != "" {
		record.Entry = participant.Entry{Account: i.Account, Amount: i.Amount, ExpiresAt: time.Unix(i.Until, 0).UTC()}
	}
	for _, h := range i.Handled {
		entry := participant.Handled{
			Source: h.Source, ID: h.ID, Type: h.Type, CausationID: h.CausationID, Digest: h.Digest,
			OccurredAt: time.UnixMilli(h.OccurredAt).UTC(), HandledAt: time.UnixMilli(h.HandledAt).UTC(),
		}
		for _, encoded := range h.Published {
			e, err := event.Parse([]byte(encoded))
			if err != nil {
				return record, fmt.Errorf("a published event of %s: %w", i.PK, err)
			}
			entry.Published = append(entry.Published, e)
		}
		record.Handled = append(record.Handled, entry)
	}
	return record, nil
}
