package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/saga/pkg/participant"
)

// commitError translates what DynamoDB answers into what a participant decides on.
func (s *Store) commitError(subject string, adjustments []participant.Adjustment, err error) error {
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
		if reason := cancellationError(canceled.CancellationReasons, adjustments); reason != nil {
			return reason
		}
	}
	return fmt.Errorf("commit %s: %w", subject, err)
}

// cancellationError reads the reasons, which come in the order of the writes: the
// record first, then the adjustments. The record's own conflict goes first,
// because a decision on an old state says nothing about the adjustments. A
// conflict of concurrent transactions is no refusal: it is tried again.
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
