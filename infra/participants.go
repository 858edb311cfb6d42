package main

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// batchSize is how many messages a worker gets at once at most: the largest
// batch that needs no waiting for it to fill.
const batchSize = 10

// The order context waits for its batches: most of its events only change the
// status that the order API returns.
const (
	orderBatchSize   = 100
	orderBatchWindow = time.Second
)

// participants describes the bounded contexts. What they consume and publish is
// declared in the catalogue of the published language.
func participants(bus awsevents.IEventBus, key awskms.IKey, settings environment.Settings, built artefacts) []boundedcontext.Props {
	described := []boundedcontext.Props{order(settings, built), warehouse(settings), payment(settings), loyalty(settings)}
	for i := range described {
		props := &described[i]
		props.Consumes = contract.Catalogue().BySource(contract.Catalogue().ConsumedBy(props.Service)...)
		// A context with one function publishes all its events there.
		if props.Worker.Publishes == nil {
			props.Worker.Publishes = contract.Catalogue().BySource(contract.Catalogue().PublishedBy(props.Service)...)
		}
		props.Bus = bus
		props.Key = key
		props.Protected = settings.Protected
		props.Deletable = settings.Deletable
		props.LogLevel = settings.LogLevel
		props.LogRetentionDays = settings.LogRetentionDays
		props.MetricsNamespace = *awscdk.Stack_Of(bus).StackName()
		props.Untraced = settings.TracedShare == 0
		props.Retention = settings.Retention
		props.Worker.Artefact = built.of(props.Service, "worker")
		props.Worker.MemoryMB = settings.Worker.MemoryMB
		props.Worker.Timeout = settings.Worker.Timeout
		props.Worker.Shift = settings.Deployment.Workers
	}
	return described
}

// constructID returns the construct id of a context: Order of order.
func constructID(service string) string {
	return strings.ToUpper(service[:1]) + service[1:]
}

// order follows every order to its end. Its API and its sweeper publish the other
// events of the context.
func order(settings environment.Settings, built artefacts) boundedcontext.Props {
	return boundedcontext.Props{
		Service: contract.SourceOrder,
		Delivery: boundedcontext.Queue{
			BatchSize:   orderBatchSize,
			BatchWindow: orderBatchWindow,
			// They complete a rollback: order.cancelled is published on them.
			Immediate:          event.Types(contract.StockReleased{}, contract.StockUnavailable{}),
			MaxReceiveCount:    settings.MaxReceiveCount,
			MaximumConcurrency: settings.Limits.QueueWorkers,
		},
		Sweeper: sweeper(settings, built),
		Worker: boundedcontext.Function{
			TableActions: []string{"BatchGetItem", "GetItem", "PutItem"},
			Variables:    withOpenOrders(settings, make(map[string]string)),
			Publishes:    contract.Catalogue().BySource(contract.OrderCancelled{}),
		},
	}
}

// warehouse owns the stock, and the pivot: whether an order ships. Its queue
// lets one batch at a time touch one order.
func warehouse(settings environment.Settings) boundedcontext.Props {
	return boundedcontext.Props{
		Service: contract.SourceWarehouse,
		Delivery: boundedcontext.FIFOQueue{
			BatchSize:          batchSize,
			MaxReceiveCount:    settings.MaxReceiveCount,
			MaximumConcurrency: settings.Limits.QueueWorkers,
			GroupBy:            "$.detail.subject",
		},
		Worker: boundedcontext.Function{
			TableActions: []string{"BatchGetItem", "GetItem", "PutItem", "UpdateItem"},
			Variables:    hotSKUs(settings),
		},
	}
}

func hotSKUs(settings environment.Settings) map[string]string {
	if settings.HotSKUs == "" {
		return nil
	}
	return map[string]string{"HOT_SKUS": settings.HotSKUs}
}

// payment takes and refunds money.
func payment(settings environment.Settings) boundedcontext.Props {
	return boundedcontext.Props{
		Service:  contract.SourcePayment,
		Delivery: boundedcontext.Queue{BatchSize: batchSize, MaxReceiveCount: settings.MaxReceiveCount, MaximumConcurrency: settings.Limits.QueueWorkers},
		Worker: boundedcontext.Function{
			TableActions: []string{"BatchGetItem", "GetItem", "PutItem", "UpdateItem"},
		},
	}
}

// loyalty awards points, on a bus of its own.
func loyalty(settings environment.Settings) boundedcontext.Props {
	return boundedcontext.Props{
		Service:      contract.SourceLoyalty,
		Delivery:     boundedcontext.OwnBus{Name: "saga-" + settings.Name + "-loyalty"},
		AccountIndex: true, // The operator queries it.
		Worker: boundedcontext.Function{
			TableActions:        []string{"GetItem", "PutItem"},
			ReservedConcurrency: settings.Limits.DirectWorkers,
		},
	}
}
