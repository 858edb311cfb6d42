package dynamo

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// commitError returns the error of participant.Store for an error of DynamoDB. The
// adjustments are in the order of the writes, with an empty one for a record.
func (s *Store) commitError(doing string, adjustments []participant.Adjustment, err error) error {
	if err == nil {
		return nil
	}
	if lost, isLost := errors.AsType[*types.ConditionalCheckFailedException](err); isLost {
		return s.conflict(lost.Item)
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return participant.ErrConflict
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		if reason := s.cancellationError(canceled.CancellationReasons, adjustments); reason != nil {
			return reason
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// cancellationError returns the error for the reasons of a canceled transaction, or
// nil if there are other reasons. They are in the order of the writes: the record
// first, then the adjustments. A conflict of the record takes precedence, because
// the adjustments of a decision on an old state do not matter. A conflict of
// concurrent transactions is a conflict too, not a refusal.
func (s *Store) cancellationError(reasons []types.CancellationReason, adjustments []participant.Adjustment) error {
	refused := &participant.RefusedError{Counters: make(participant.Counters)}
	var conflict error
	for i, reason := range reasons {
		switch code := aws.ToString(reason.Code); {
		case code == "ConditionalCheckFailed" && adjustments[i].Item == "":
			conflict = s.conflict(reason.Item)
		case code == "TransactionConflict":
			conflict = cmp.Or(conflict, participant.ErrConflict)
		case code == "ConditionalCheckFailed":
			if err := s.addRefused(refused, adjustments[i], reason.Item); err != nil {
				return err
			}
		case code != "None":
			return nil
		}
	}
	switch {
	case conflict != nil:
		return conflict
	case len(refused.Items) > 0:
		return refused
	}
	return nil
}

// addRefused adds an adjustment to a refusal, with the counters of its item. A write of the
// context's own has none.
func (s *Store) addRefused(refused *participant.RefusedError, adjustment participant.Adjustment, standing map[string]types.AttributeValue) error {
	refused.Items = append(refused.Items, adjustment.Item)
	if adjustment.Write != nil {
		return nil
	}
	counters, err := s.vocabulary.countersOf(standing)
	if err != nil {
		return fmt.Errorf("decode %s: %w", adjustment.Item, err)
	}
	refused.Counters[adjustment.Item] = counters
	return nil
}

// conflict returns the error of a lost race, with the record that stands if DynamoDB has
// returned it. Without it the record is loaded again, and so is one that cannot be read: its
// error is not lost.
func (s *Store) conflict(standing map[string]types.AttributeValue) error {
	record, err := s.vocabulary.Record(standing)
	if err != nil {
		return participant.ErrConflict
	}
	return &participant.ConflictError{Standing: record}
}
