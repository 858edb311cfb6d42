// Package boundedcontext builds what one bounded context of an event-driven
// system runs on: a worker function that reacts to events of a bus, the table
// in which the context remembers what it handled, and a dead-letter queue on
// every hop. Each function has its own role, which may do what its props say
// and nothing else.
//
// Events arrive in one of three ways:
//
//   - [Queue]: a standard queue. Batches, no order.
//   - [FIFOQueue]: a FIFO queue, which drops what is published twice within
//     five minutes and lets one batch at a time touch one message group.
//   - [OwnBus]: a bus of the context's own, to which events are forwarded. A
//     rule there invokes the worker directly; what the worker publishes on its
//     own bus is forwarded back.
//
// In every case the worker is handed an event's detail, without the envelope
// of the bus.
//
//	warehouse := boundedcontext.New(stack, "Warehouse", boundedcontext.Props{
//		Service:          "warehouse",
//		Bus:              bus,
//		Consumes:         subscription.Events{"order": {"order.placed"}},
//		Delivery:         boundedcontext.FIFOQueue{BatchSize: 10, GroupBy: "$.detail.subject"},
//		LogLevel:         "info",
//		LogRetentionDays: 30,
//		Retention:        60 * 24 * time.Hour,
//		Worker: boundedcontext.Function{
//			Artefact:     "dist/lambda/warehouse/worker",
//			MemoryMB:     256,
//			Timeout:      30 * time.Second,
//			TableActions: []string{"GetItem", "PutItem"},
//			Publishes:    subscription.Events{"warehouse": {"warehouse.stock-reserved"}},
//		},
//	})
//
// Other functions share the context's table and publish its events: behind HTTP
// ([BoundedContext.AddFunction]) or on a schedule
// ([BoundedContext.AddScheduledFunction]).
//
// The functions read TABLE_NAME, EVENT_BUS_NAME, SERVICE_NAME, LOG_LEVEL and
// RETENTION from their environment, the worker DEAD_LETTER_QUEUE_URL too and,
// where it polls a queue, QUEUE_URL, to delay what failed.
package boundedcontext
