package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/pkg/contract"
)

// batchSize is how many messages a worker gets at once at most: the largest
// batch that needs no waiting for it to fill.
const batchSize = 10

// participant is a bounded context of the saga and its construct id.
type participant struct {
	id string
	boundedcontext.Props
}

// participants describes the four bounded contexts. Who consumes and publishes
// what is the saga's choreography.
func participants(bus awsevents.IEventBus, settings environment.Settings, built artefacts) []participant {
	described := []participant{order(settings), warehouse(settings), payment(settings), loyalty(settings)}
	for i := range described {
		props := &described[i].Props
		props.Bus = bus
		props.Protected = settings.Protected
		props.LogLevel = settings.LogLevel
		props.LogRetentionDays = settings.LogRetentionDays
		props.MetricsNamespace = *awscdk.Stack_Of(bus).StackName()
		props.Retention = settings.Retention
		props.Worker.Artefact = built.of(props.Service, "worker")
		props.Worker.MemoryMB = settings.Worker.MemoryMB
		props.Worker.Timeout = settings.Worker.Timeout
	}
	return described
}

// order follows every order to its end.
func order(settings environment.Settings) participant {
	return participant{"Order", boundedcontext.Props{
		Service: contract.SourceOrder,
		Consumes: contract.BySource(
			contract.StockReserved{}, contract.StockUnavailable{}, contract.StockReleased{},
			contract.OrderShipped{}, contract.ShipmentFailed{}, contract.CancellationRefused{},
			contract.PaymentTaken{}, contract.PaymentDeclined{}, contract.PaymentRefunded{},
			contract.PointsAwarded{}, contract.AwardRejected{}, contract.PointsRevoked{},
		),
		Delivery: boundedcontext.Queue{BatchSize: batchSize, MaxReceiveCount: settings.MaxReceiveCount, MaximumConcurrency: settings.Limits.QueueWorkers},
		DueIndex: true,
		Worker: boundedcontext.Function{
			TableActions: []string{"GetItem", "PutItem"},
			Publishes:    contract.BySource(contract.OrderCancelled{}),
		},
	}}
}

// warehouse owns the stock, and the pivot: whether an order ships. Its queue
// lets one batch at a time touch one order.
func warehouse(settings environment.Settings) participant {
	return participant{"Warehouse", boundedcontext.Props{
		Service: contract.SourceWarehouse,
		Consumes: contract.BySource(
			contract.OrderPlaced{}, contract.CancellationRequested{},
			contract.PaymentDeclined{}, contract.PaymentRefunded{},
			contract.PointsAwarded{}, contract.StockReceived{},
		),
		Delivery: boundedcontext.FIFOQueue{
			BatchSize:          batchSize,
			MaxReceiveCount:    settings.MaxReceiveCount,
			MaximumConcurrency: settings.Limits.QueueWorkers,
			GroupBy:            "$.detail.subject",
		},
		Worker: boundedcontext.Function{
			TableActions: []string{"GetItem", "PutItem", "UpdateItem"},
			Publishes: contract.BySource(
				contract.StockReserved{}, contract.StockUnavailable{}, contract.StockReleased{},
				contract.OrderShipped{}, contract.ShipmentFailed{}, contract.CancellationRefused{},
			),
		},
	}}
}

// payment takes and gives back money.
func payment(settings environment.Settings) participant {
	return participant{"Payment", boundedcontext.Props{
		Service:  contract.SourcePayment,
		Consumes: contract.BySource(contract.StockReserved{}, contract.AwardRejected{}, contract.PointsRevoked{}),
		Delivery: boundedcontext.Queue{BatchSize: batchSize, MaxReceiveCount: settings.MaxReceiveCount, MaximumConcurrency: settings.Limits.QueueWorkers},
		Worker: boundedcontext.Function{
			TableActions: []string{"GetItem", "PutItem", "UpdateItem"},
			Publishes:    contract.BySource(contract.PaymentTaken{}, contract.PaymentDeclined{}, contract.PaymentRefunded{}),
		},
	}}
}

// loyalty awards points, on a bus of its own.
func loyalty(settings environment.Settings) participant {
	return participant{"Loyalty", boundedcontext.Props{
		Service:  contract.SourceLoyalty,
		Consumes: contract.BySource(contract.PaymentTaken{}, contract.ShipmentFailed{}),
		Delivery: boundedcontext.OwnBus{Name: "saga-" + settings.Name + "-loyalty"},
		Worker: boundedcontext.Function{
			TableActions:        []string{"GetItem", "PutItem", "UpdateItem"},
			Publishes:           contract.BySource(contract.PointsAwarded{}, contract.AwardRejected{}, contract.PointsRevoked{}),
			ReservedConcurrency: settings.Limits.DirectWorkers,
		},
	}}
}
