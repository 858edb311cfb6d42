// Package dynamo stores a participant's records in a DynamoDB table with the
// partition key pk. A record is one item, committed by one conditional write. Only
// an event that also adjusts other items needs a transaction. A table with other names,
// or with a sort key, has a Layout.
//
//	pk (S)          the subject, which has no #, or the name of an adjusted item, such as
//	                stock#123; one without a # after its first character begins with a #
//	                more
//	version (N)     how often the record was committed
//	record (B)      the record: a byte for its format, 1, and CBOR without what can be
//	                derived; a word of the Vocabulary is a code of 3 bytes
//	expires_at (N)  epoch seconds, the table's time to live; absent while the record
//	                is due
//	open, due       a partition and epoch seconds, only while the record is due
//	account (S), amount (N), until (N)
//	                the record's entry, only while it has one; epoch seconds
//	on_hand (N) …   the counters of an adjusted item; one with a name of this list, or one
//	                that begins with a #, begins with a # more
//
// An item of an earlier version has attributes with JSON in place of record. It is
// read, and written in the new form with the next event.
//
// The cost of an event in calls and capacity units, with records up to 1 KB and one
// adjusted item. A write whose condition fails costs as much as one that succeeds.
//
//	                                     calls                       read  write
//	begins a record                      Put                           0     1
//	  adjusting n items                  Transact                      0   2+2n
//	first run                            Get Put                       1     1
//	  adjusting n items                  Get Transact                  1   2+2n
//	duplicate                            Get                           1     0
//	  of one that begins a record        Put, or Transact              0   as the first
//	race lost to another event           Get Put Get Put               2     2
//	  by one that begins a record        Put Put                       0     2
//	race lost to the same event          Get Put Get                   2     1
//	refused, and decided again           Get Transact Put              1     5
//	crash before the commit, and again   Get, Get Put                  2     1
//	crash after the commit, and again    Get Put, Get                  2     1
//	answer of the commit lost, and again Get Put, Get                  2     1
//	decision fails, commit is too large  Get                           1     0
//	invalid, too old or without a key    none                          0     0
//	event of an erased subject           Get                           1     0
//	erasure                              Get Put                       1     1
//
// A write of the context's own (participant.Adjustment) costs as an adjusted item does, 2
// write units for each KB, and needs the permission of its action on its table:
// dynamodb:PutItem, UpdateItem, DeleteItem or ConditionCheckItem. If its condition fails,
// the commit is refused. A write of the record, of an adjusted item or of one item twice
// is rejected by DynamoDB.
//
// A batch costs the same for each saga in it, however many events of it there are. For
// several records to load there is one BatchGet for every 100, with the same units; a
// record that it leaves out is loaded alone.
//
// A decision that reads or moves counters first (participant.Decision) costs a read unit for
// each item that it reads, and 2 write units for each that it moves. A refusal has the
// counters of the refused items, without a read.
//
// A commit whose answer was lost may have been made. The next attempt, of the SDK or
// after a redelivery, then finds its own version, and the event in the record.
//
// Errors: participant.ErrConflict and *participant.RefusedError as documented by
// participant.Store; event.ErrInvalid, before any call, for what no store commits
// (participant.CheckCommit); any other error is that of the SDK, after its retries. An
// adjusted item may have 400 KB, about 10,000 counters: beyond that DynamoDB rejects the
// transaction.
//
// A participant whose records can be due needs a global secondary index named
// due: partition key open, sort key due, keys only. A record costs one write unit
// more when it gets a due time, and one when it loses it. All entries of the index
// share a partition, which is limited to 1,000 writes a second: 500 new records. For more,
// DuePartitions spreads them.
//
// A participant whose records have entries needs a global secondary index named
// account: partition key account, sort key until, with the attribute amount. A record
// costs one write unit more when it gets, changes or loses its entry; that it expires
// is free.
package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Client is the part of the DynamoDB client that a Store uses.
type Client interface {
	Reader
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Reader is the part of the Client that reads.
type Reader interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store is a participant.Store on a DynamoDB table. It needs the permissions
// dynamodb:GetItem and dynamodb:PutItem, dynamodb:BatchGetItem if events are handled in
// batches or decisions read counters, dynamodb:UpdateItem if they adjust other items, and
// dynamodb:Query on the index if Due, Balance or Entries is called.
type Store struct {
	client     Client
	table      string
	vocabulary Vocabulary
	// dueRead and dueWritten are how many partitions of the due index are read, and written.
	dueRead, dueWritten int
}

// Option sets what is optional in a Store.
type Option func(*Store)

var (
	_ participant.Store       = (*Store)(nil)
	_ participant.BatchLoader = (*Store)(nil)
	_ participant.Mover       = (*Store)(nil)
)

// NewStore makes a store on the named table, whose records are written with a
// vocabulary. It may be empty.
func NewStore(client Client, table string, vocabulary Vocabulary, options ...Option) *Store {
	s := &Store{client: client, table: table, vocabulary: vocabulary, dueRead: 1, dueWritten: 1}
	for _, option := range options {
		option(s)
	}
	return s
}

// Load implements participant.Store.
func (s *Store) Load(ctx context.Context, subject string) (participant.Record, error) {
	if err := participant.CheckSubject(subject); err != nil {
		return participant.Record{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            s.vocabulary.key(subject),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return participant.Record{}, fmt.Errorf("load %s: %w", subject, err)
	}
	if out.Item == nil {
		return participant.Record{Subject: subject}, nil
	}
	return s.vocabulary.Record(out.Item)
}

// Commit implements participant.Store: one conditional PutItem, or one
// transaction if there are adjustments. The error of a first commit over a record is a
// *participant.ConflictError.
func (s *Store) Commit(ctx context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	if err := participant.CheckCommit(record, adjustments); err != nil {
		return err
	}
	next, err := s.vocabulary.Item(record)
	if err != nil {
		return err
	}
	if !record.Due.IsZero() {
		next[s.vocabulary.name("open")] = &types.AttributeValueMemberS{Value: s.partitionOf(record.Subject)}
	}
	put := &types.Put{TableName: &s.table, Item: next}
	if record.Version == 0 {
		put.ConditionExpression = aws.String("attribute_not_exists(#pk)")
		put.ExpressionAttributeNames = map[string]string{"#pk": s.vocabulary.name("pk")}
		put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	} else {
		put.ConditionExpression = aws.String("#version = :loaded")
		put.ExpressionAttributeNames = map[string]string{"#version": s.vocabulary.name("version")}
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":loaded": number(record.Version)}
	}
	if len(adjustments) == 0 {
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
			ExpressionAttributeNames:            put.ExpressionAttributeNames,
			ExpressionAttributeValues:           put.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: put.ReturnValuesOnConditionCheckFailure,
		})
		return s.commitError("commit "+record.Subject, nil, err)
	}
	writes, err := s.writes(adjustments)
	if err != nil {
		return err
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: slices.Insert(writes, 0, types.TransactWriteItem{Put: put}),
	})
	return s.commitError("commit "+record.Subject, append([]participant.Adjustment{{}}, adjustments...), err)
}

// Move implements participant.Mover: one transaction of 2 write units for each item. A
// conflict with another transaction is participant.ErrConflict.
func (s *Store) Move(ctx context.Context, adjustments []participant.Adjustment) error {
	if err := participant.CheckMove(adjustments); err != nil {
		return err
	}
	writes, err := s.writes(adjustments)
	if err != nil {
		return err
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return s.commitError("move", adjustments, err)
}

func (s *Store) writes(adjustments []participant.Adjustment) ([]types.TransactWriteItem, error) {
	var writes []types.TransactWriteItem
	for _, adjustment := range adjustments {
		write, err := s.write(adjustment)
		if err != nil {
			return nil, err
		}
		writes = append(writes, write)
	}
	return writes, nil
}

// write returns the write of an adjustment.
func (s *Store) write(adjustment participant.Adjustment) (types.TransactWriteItem, error) {
	switch write := adjustment.Write.(type) {
	case nil:
		return types.TransactWriteItem{Update: s.update(adjustment)}, nil
	case types.TransactWriteItem:
		return write, nil
	default:
		return types.TransactWriteItem{}, fmt.Errorf("%w: the write of an adjustment is a %T, not a types.TransactWriteItem", event.ErrInvalid, write)
	}
}

// update returns the update that adds to the counters of an item, on the condition
// that none of them falls below zero.
func (s *Store) update(adjustment participant.Adjustment) *types.Update {
	update := &types.Update{
		TableName:                 &s.table,
		Key:                       s.vocabulary.key(itemKey(adjustment.Item)),
		ExpressionAttributeNames:  make(map[string]string),
		ExpressionAttributeValues: make(map[string]types.AttributeValue),
	}
	var add, enough []string
	for i, counter := range slices.Sorted(maps.Keys(adjustment.Add)) {
		amount := adjustment.Add[counter]
		n := strconv.Itoa(i)
		update.ExpressionAttributeNames["#c"+n] = s.vocabulary.counterAttribute(counter)
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
		update.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return update
}

// CountersOf implements participant.Mover with a BatchGetItem for every 100 items.
func (s *Store) CountersOf(ctx context.Context, items ...string) (participant.Counters, error) {
	counters := make(participant.Counters)
	var keys []string
	for _, item := range items {
		if _, isTwice := counters[item]; !isTwice { // BatchGetItem rejects one key twice.
			keys = append(keys, itemKey(item))
		}
		counters[item] = nil
	}
	found, left, err := s.getAll(ctx, keys)
	if len(left) > 0 {
		err = fmt.Errorf("%d were left out", len(left))
	}
	if err != nil {
		return nil, fmt.Errorf("read the counters of %d items: %w", len(items), err)
	}
	for _, each := range found {
		item := itemOf(s.vocabulary.subjectOf(each))
		if counters[item], err = s.vocabulary.countersOf(each); err != nil {
			return nil, fmt.Errorf("decode %s: %w", item, err)
		}
	}
	return counters, nil
}

// Counters returns the counters of an adjusted item.
func (s *Store) Counters(ctx context.Context, name string) (map[string]int64, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: s.vocabulary.key(itemKey(name)), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	counters, err := s.vocabulary.countersOf(out.Item)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	return counters, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
