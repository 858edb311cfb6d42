package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
)

// checkErased returns an error if a replay would send personal data of erased orders to
// the notification endpoint or the event log, which would accept it. The contexts ignore
// erased orders. It needs the permission
// dynamodb:Scan.
func (r *replayed) checkErased(ctx context.Context, client dynamodb.ScanAPIClient, in stack.Stack) error {
	if r.erased || !slices.Contains([]string{"Notification", "Observability"}, r.to) {
		return nil
	}
	table, err := in.Table(contract.SourceOrder)
	if err != nil {
		return err
	}
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		return err
	}
	erased, unreadable := 0, error(nil)
	err = dynamo.ScanRecords(ctx, client, table, vocabulary, func(record participant.Record) {
		var state order.State
		if err := json.Unmarshal(record.State, &state); err != nil {
			unreadable = fmt.Errorf("state of order %s: %w", record.Subject, err)
		}
		if record.Erased && (r.order == record.Subject || r.order == "" && state.ErasedAt.After(r.from)) {
			erased++
		}
	})
	switch {
	case err != nil:
		return err
	case unreadable != nil:
		return unreadable
	case erased > 0:
		return fmt.Errorf("%s would get events of %d orders that have been erased since: replay other orders with -order, or these too with -erased", r.to, erased)
	}
	return nil
}
