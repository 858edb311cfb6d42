// Package evidence collects what a run of the saga leaves behind, for the
// audit.
package evidence

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/letter"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/services/payment/sandbox"
)

// Construct paths of what the evidence is in.
const (
	eventsPath    = "Observability/Events"
	orderPath     = "Order/Table"
	warehousePath = "Warehouse/Table"
	paymentPath   = "Payment/Table"
	loyaltyPath   = "Loyalty/Table"
)

// Collect reads the events that were logged, the tables of all contexts, the
// depths of the dead-letter queues and, where it can be asked, what the
// notification endpoint received. It changes nothing. It needs the permissions
// logs:FilterLogEvents, logs:Unmask, dynamodb:Scan and sqs:GetQueueAttributes.
func Collect(ctx context.Context, config aws.Config, in stack.Stack) (audit.Evidence, error) {
	var collected audit.Evidence
	c := collector{tables: dynamodb.NewFromConfig(config), in: in}
	group, err := resource(in.LogGroups, eventsPath)
	if err != nil {
		return collected, err
	}
	if err := published(ctx, cloudwatchlogs.NewFromConfig(config), group, &collected); err != nil {
		return collected, err
	}
	for path, into := range map[string]*audit.Table{
		orderPath: &collected.Order, warehousePath: &collected.Warehouse, loyaltyPath: &collected.Loyalty,
	} {
		others, err := c.table(ctx, path, into)
		if err != nil {
			return collected, err
		}
		for key := range others {
			return collected, fmt.Errorf("%s: what the item %s is, is not known", path, key)
		}
	}
	charges, err := c.table(ctx, paymentPath, &collected.Payment)
	if err != nil {
		return collected, err
	}
	if collected.Ledger, err = sandbox.Entries(charges); err != nil {
		return collected, fmt.Errorf("read the ledger: %w", err)
	}
	if collected.DeadLetters, err = depths(ctx, sqs.NewFromConfig(config), in); err != nil {
		return collected, err
	}
	if in.NotificationsURL != "" {
		collected.Notified, err = notified(ctx, in.NotificationsURL)
	}
	return collected, err
}

// resource finds a resource by its path.
func resource(all map[string]string, path string) (string, error) {
	name, found := all[path]
	if !found {
		return "", fmt.Errorf("the stack has no %s", path)
	}
	return name, nil
}

type collector struct {
	tables dynamodb.ScanAPIClient
	in     stack.Stack
}

// table reads a table, and gives what is neither record nor counter.
func (c collector) table(ctx context.Context, path string, into *audit.Table) (map[string]map[string]types.AttributeValue, error) {
	name, err := resource(c.in.Tables, path)
	if err != nil {
		return nil, err
	}
	contents, err := dynamo.Scan(ctx, c.tables, name)
	*into = audit.Table{Records: contents.Records, Counters: contents.Counters}
	return contents.Others, err
}

// depths counts the letters of each dead-letter queue that has any.
func depths(ctx context.Context, client letter.Describer, in stack.Stack) (map[string]int, error) {
	counts := make(map[string]int)
	for _, path := range in.DeadLetterQueues() {
		n, err := letter.Count(ctx, client, in.Queues[path])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			counts[path] = n
		}
	}
	return counts, nil
}
