// Package evidence collects what a run of the saga leaves behind, for the
// audit.
package evidence

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/services/payment/sandbox"
)

// Collect reads the events that were logged, the tables of all contexts, the
// depths of the dead-letter queues and, where it can be asked, what the
// notification endpoint received. It changes nothing. It needs the permissions
// logs:FilterLogEvents, logs:Unmask, dynamodb:Scan and sqs:GetQueueAttributes.
func Collect(ctx context.Context, config aws.Config, in stack.Stack) (audit.Evidence, error) {
	collected := audit.Evidence{Tables: make(map[string]audit.Table)}
	group, err := in.EventLog()
	if err != nil {
		return collected, err
	}
	if err := published(ctx, cloudwatchlogs.NewFromConfig(config), group, &collected); err != nil {
		return collected, err
	}
	for _, name := range contract.Catalogue().Contexts() {
		if err := table(ctx, dynamodb.NewFromConfig(config), in, name, &collected); err != nil {
			return collected, err
		}
	}
	if collected.DeadLetters, err = depths(ctx, sqs.NewFromConfig(config), in); err != nil {
		return collected, err
	}
	if in.NotificationsURL != "" {
		collected.Notified, err = notified(ctx, in.NotificationsURL)
	}
	return collected, err
}

// table collects the table of a context. Items that are neither records nor counters
// are the ledger of the payment provider; another context has none.
func table(ctx context.Context, client dynamodb.ScanAPIClient, in stack.Stack, context string, into *audit.Evidence) error {
	name, err := in.Table(context)
	if err != nil {
		return err
	}
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		return err
	}
	contents, err := dynamo.Scan(ctx, client, name, vocabulary)
	if err != nil {
		return err
	}
	into.Tables[context] = audit.Table{Records: contents.Records, Counters: contents.Counters}
	if context == contract.SourcePayment {
		if into.Ledger, err = sandbox.Entries(contents.Others); err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		return nil
	}
	for key := range contents.Others {
		return fmt.Errorf("the table of the %s context: the item %s is neither a record nor a counter", context, key)
	}
	return nil
}

// depths counts the letters of each dead-letter queue that has any.
func depths(ctx context.Context, client deadletter.Describer, in stack.Stack) (map[string]int, error) {
	counts := make(map[string]int)
	for _, path := range in.DeadLetterQueues() {
		n, err := deadletter.Count(ctx, client, in.Queues[path])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			counts[path] = n
		}
	}
	return counts, nil
}
