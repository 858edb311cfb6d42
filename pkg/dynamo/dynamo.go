// Package dynamo keeps a participant's records in a DynamoDB table: the dedup
// table of its bounded context.
//
// A record is one item, so handling an event costs one strongly consistent read
// and one conditional write; a transaction is needed only where the event also
// adjusts another item. A duplicate costs the read alone.
//
//	pk (S)          the subject, or the name of an adjusted item (stock#123)
//	version (N)     how often the record was committed
//	state (S)       the context's own state, JSON
//	handled (L)     what was handled: source, id, type, cause, time and at (epoch
//	                milliseconds), published (the events, JSON)
//	expires_at (N)  epoch seconds, the table's time to live
//	open (S)        a constant, only while the record is due
//	due (N)         epoch seconds, only while the record is due
//
// A participant whose records can be due needs a global secondary index named
// due on its table: partition key open, sort key due, keys only. It holds the
// records that are due and no others, so finding the longest due is one small
// query. It costs one write unit when a record becomes due and one when it no
// longer is, and nothing in between. All its entries have one partition key,
// and a partition takes 1,000 writes a second: that is 500 new records a
// second, beyond which the table itself is throttled.
package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Client is the part of the DynamoDB client that a Store uses.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store is a participant.Store on a DynamoDB table whose partition key is pk.
// It needs the permissions dynamodb:GetItem and dynamodb:PutItem, and
// dynamodb:UpdateItem where events adjust other items, dynamodb:Query on the
// index where somebody asks what is due.
type Store struct {
	client Client
	table  string
}

var _ participant.Store = (*Store)(nil)

// NewStore makes a store on the named table.
func NewStore(client Client, table string) *Store {
	return &Store{client: client, table: table}
}

type item struct {
	PK        string    `dynamodbav:"pk"`
	Version   int64     `dynamodbav:"version"`
	State     string    `dynamodbav:"state"`
	Handled   []handled `dynamodbav:"handled"`
	ExpiresAt int64     `dynamodbav:"expires_at"`
	Open      string    `dynamodbav:"open,omitempty"`
	Due       int64     `dynamodbav:"due,omitempty"`
}

type handled struct {
	Source      string   `dynamodbav:"source"`
	ID          string   `dynamodbav:"id"`
	Type        string   `dynamodbav:"type"`
	CausationID string   `dynamodbav:"cause,omitempty"`
	Time        int64    `dynamodbav:"time"`
	At          int64    `dynamodbav:"at"`
	Published   []string `dynamodbav:"published,omitempty"`
}

// Load implements participant.Store.
func (s *Store) Load(ctx context.Context, subject string) (participant.Record, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            key(subject),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return participant.Record{}, fmt.Errorf("load %s: %w", subject, err)
	}
	if out.Item == nil {
		return participant.Record{Subject: subject}, nil
	}
	var stored item
	if err := attributevalue.UnmarshalMap(out.Item, &stored); err != nil {
		return participant.Record{}, fmt.Errorf("decode the record of %s: %w", subject, err)
	}
	return stored.record()
}

// Commit implements participant.Store: one conditional PutItem, or one
// transaction if there are adjustments.
func (s *Store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	next, err := newItem(record)
	if err != nil {
		return err
	}
	condition, loaded := unchanged(record.Version)
	if len(adjustments) == 0 {
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: next, ConditionExpression: condition, ExpressionAttributeValues: loaded,
		})
		return s.failure(record.Subject, nil, err)
	}
	writes := []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.table, Item: next, ConditionExpression: condition, ExpressionAttributeValues: loaded,
	}}}
	for _, adjustment := range adjustments {
		writes = append(writes, types.TransactWriteItem{Update: s.update(adjustment)})
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return s.failure(record.Subject, adjustments, err)
}

// unchanged is the condition that nobody has written the record since it was
// loaded.
func unchanged(version int64) (*string, map[string]types.AttributeValue) {
	if version == 0 {
		return aws.String("attribute_not_exists(pk)"), nil
	}
	return aws.String("version = :loaded"), map[string]types.AttributeValue{":loaded": number(version)}
}

// update adds to the counters of an item, on the condition that none falls
// below zero.
func (s *Store) update(adjustment participant.Adjustment) *types.Update {
	update := &types.Update{
		TableName:                 &s.table,
		Key:                       key(adjustment.Item),
		ExpressionAttributeNames:  make(map[string]string),
		ExpressionAttributeValues: make(map[string]types.AttributeValue),
	}
	var add, enough []string
	for i, counter := range slices.Sorted(maps.Keys(adjustment.Add)) {
		amount := adjustment.Add[counter]
		n := strconv.Itoa(i)
		update.ExpressionAttributeNames["#c"+n] = counter
		update.ExpressionAttributeValues[":a"+n] = number(amount)
		add = append(add, "#c"+n+" :a"+n)
		if amount < 0 {
			update.ExpressionAttributeValues[":m"+n] = number(-amount)
			enough = append(enough, "#c"+n+" >= :m"+n)
		}
	}
	update.UpdateExpression = aws.String("ADD " + strings.Join(add, ", "))
	if len(enough) > 0 {
		update.ConditionExpression = aws.String(strings.Join(enough, " AND "))
	}
	return update
}

// failure translates what DynamoDB answers into what a participant decides on.
func (s *Store) failure(subject string, adjustments []participant.Adjustment, err error) error {
	if err == nil {
		return nil
	}
	if _, lost := errors.AsType[*types.ConditionalCheckFailedException](err); lost {
		return participant.ErrConflict
	}
	if _, met := errors.AsType[*types.TransactionConflictException](err); met {
		return participant.ErrConflict
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		if reason := cancellation(canceled.CancellationReasons, adjustments); reason != nil {
			return reason
		}
	}
	return fmt.Errorf("commit %s: %w", subject, err)
}

// cancellation reads the reasons, which come in the order of the writes: the
// record first, then the adjustments. The record's own conflict goes first,
// because a decision on an old state says nothing about the adjustments. A
// conflict of concurrent transactions is no refusal: it is tried again.
func cancellation(reasons []types.CancellationReason, adjustments []participant.Adjustment) error {
	var refused []string
	conflict := false
	for i, reason := range reasons {
		switch code := aws.ToString(reason.Code); {
		case code == "TransactionConflict", code == "ConditionalCheckFailed" && i == 0:
			conflict = true
		case code == "ConditionalCheckFailed":
			refused = append(refused, adjustments[i-1].Item)
		case code != "None":
			return nil
		}
	}
	switch {
	case conflict:
		return participant.ErrConflict
	case len(refused) > 0:
		return &participant.RefusedError{Items: refused}
	}
	return nil
}

// Counters gives the counters of an adjusted item.
func (s *Store) Counters(ctx context.Context, name string) (map[string]int64, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: key(name), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	delete(out.Item, "pk")
	counters := make(map[string]int64)
	if err := attributevalue.UnmarshalMap(out.Item, &counters); err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	return counters, nil
}

func newItem(record participant.Record) (map[string]types.AttributeValue, error) {
	next := item{
		PK:        record.Subject,
		Version:   record.Version + 1,
		State:     string(record.State),
		ExpiresAt: record.ExpiresAt.Unix(),
	}
	if !record.Due.IsZero() {
		next.Open = isOpen
		next.Due = record.Due.Unix()
	}
	for _, h := range record.Handled {
		entry := handled{
			Source: h.Source, ID: h.ID, Type: h.Type, CausationID: h.CausationID,
			Time: h.Time.UnixMilli(), At: h.At.UnixMilli(),
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
		Subject:   i.PK,
		Version:   i.Version,
		State:     json.RawMessage(i.State),
		ExpiresAt: time.Unix(i.ExpiresAt, 0).UTC(),
	}
	if i.Open != "" {
		record.Due = time.Unix(i.Due, 0).UTC()
	}
	for _, h := range i.Handled {
		entry := participant.Handled{
			Source: h.Source, ID: h.ID, Type: h.Type, CausationID: h.CausationID,
			Time: time.UnixMilli(h.Time).UTC(), At: time.UnixMilli(h.At).UTC(),
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

func key(pk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}}
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
