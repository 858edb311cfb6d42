package dynamo

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// Item returns the item of a table that has the next version of a record.
func (v Vocabulary) Item(record participant.Record) (map[string]types.AttributeValue, error) {
	encoded, err := v.encode(record)
	if err != nil {
		return nil, fmt.Errorf("encode the record of %s: %w", record.Subject, err)
	}
	item := v.key(record.Subject)
	item[v.name("version")] = number(record.Version + 1)
	item[v.name("record")] = &types.AttributeValueMemberB{Value: encoded}
	if !record.ExpiresAt.IsZero() {
		item[v.name("expires_at")] = number(record.ExpiresAt.Unix())
	}
	if !record.Due.IsZero() {
		item[v.name("open")] = &types.AttributeValueMemberS{Value: v.open()}
		item[v.name("due")] = number(record.Due.Unix())
	}
	if record.Entry != (participant.Entry{}) {
		item[v.name("account")] = &types.AttributeValueMemberS{Value: record.Entry.Account}
		item[v.name("amount")] = number(record.Entry.Amount)
		item[v.name("until")] = number(record.Entry.ExpiresAt.Unix())
	}
	return item, nil
}

// isRecord reports whether an item is a record, of whatever format.
func (v Vocabulary) isRecord(item map[string]types.AttributeValue) bool {
	return item[v.name("record")] != nil || item[v.name("state")] != nil
}

// Record returns the record of an item, in the form of this or of an earlier version.
func (v Vocabulary) Record(item map[string]types.AttributeValue) (participant.Record, error) {
	item = v.usual(item)
	subject := textOf(item, "pk")
	var record participant.Record
	var err error
	switch encoded, isBinary := item["record"].(*types.AttributeValueMemberB); {
	case isBinary:
		record, err = v.decode(subject, encoded.Value)
	case item["record"] == nil:
		record, err = readJSON(item)
	default:
		err = errors.New("the attribute record has no bytes")
	}
	if err == nil {
		record.Subject = subject
		err = readAttributes(item, &record)
	}
	if err != nil {
		return participant.Record{}, fmt.Errorf("decode the record of %s: %w", subject, err)
	}
	return record, nil
}

// readAttributes reads what is beside the record itself, because DynamoDB uses it.
func readAttributes(item map[string]types.AttributeValue, record *participant.Record) error {
	version, err := readNumber(item, "version")
	if err != nil {
		return err
	}
	record.Version = version
	if record.ExpiresAt, err = readSeconds(item, "expires_at"); err != nil {
		return err
	}
	if record.Due, err = readSeconds(item, "due"); err != nil || item["account"] == nil {
		return err
	}
	return readEntry(item, &record.Entry)
}

func readEntry(item map[string]types.AttributeValue, entry *participant.Entry) error {
	account, isText := item["account"].(*types.AttributeValueMemberS)
	if !isText {
		return errors.New("account is not a text")
	}
	amount, err := readNumber(item, "amount")
	if err != nil {
		return err
	}
	until, err := readSeconds(item, "until")
	*entry = participant.Entry{Account: account.Value, Amount: amount, ExpiresAt: until}
	return err
}

// readSeconds returns the time in an attribute, or zero without the attribute.
func readSeconds(item map[string]types.AttributeValue, name string) (time.Time, error) {
	if item[name] == nil {
		return time.Time{}, nil
	}
	seconds, err := readNumber(item, name)
	return time.Unix(seconds, 0).UTC(), err
}

func readNumber(item map[string]types.AttributeValue, name string) (int64, error) {
	n, isNumber := item[name].(*types.AttributeValueMemberN)
	if !isNumber {
		return 0, fmt.Errorf("%s is not a number", name)
	}
	parsed, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not an integer", name)
	}
	return parsed, nil
}
