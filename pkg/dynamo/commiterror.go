package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// commitError returns the error of participant.Store for an error of DynamoDB.
func (s *Store) commitError(subject string, adjustments []participant.Adjustment, err error) error {
	if err == nil {
		return nil
	}
	if _, lost := errors.AsType[*types.ConditionalCheckFailedException](err); lost {
		return participant.ErrConflict
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return participant.ErrConflict
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		if reason := cancellationError(canceled.CancellationReasons, adjustments); reason != nil {
			return reason
		}
	}
	return fmt.Errorf("commit %s: %w", subject, err)
}

// cancellationError returns the error for the reasons of a canceled transaction, or
// nil if there are other reasons. They are in the order of the writes: the record
// first, then the adjustments. A conflict of the record takes precedence, because
// the adjustments of a decision on an old state do not matter. A conflict of
// concurrent transactions is a conflict too, not a refusal.
func cancellationError(reasons []types.CancellationReason, adjustments []participant.Adjustment) error {
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
