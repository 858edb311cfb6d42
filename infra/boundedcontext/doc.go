// Package boundedcontext builds what one bounded context of an event-driven
// system runs on: a worker function that reacts to events of a bus, the table
// in which the context remembers what it handled, and a dead-letter queue with
// an alarm on every hop. It knows nothing of the system that it is used in.
//
// See the example for a whole app. In short:
//
//	warehouse := boundedcontext.New(stack, "Warehouse", boundedcontext.Props{
//		Service:          "warehouse",
//		Bus:              bus,
//		Consumes:         resource.Events{"order": {"order.placed"}},
//		Delivery:         boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
//		LogLevel:         "info",
//		LogRetentionDays: 30,
//		MetricsNamespace: "shop",
//		Retention:        60 * 24 * time.Hour,
//		Worker: boundedcontext.Function{
//			Artefact:     "dist/lambda/warehouse/worker",
//			MemoryMB:     256,
//			Timeout:      30 * time.Second,
//			TableActions: []string{"GetItem", "PutItem"},
//			Publishes:    resource.Events{"warehouse": {"warehouse.stock-reserved"}},
//		},
//	})
//
// Props that cannot work panic when the app is synthesized, as everywhere in
// CDK, with the construct's id and everything that is wrong with them.
//
// # Deliveries
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
// of the bus, and only events of the own account. The detail needs the members
// source and type, as a CloudEvent has them, with the same values as in the
// envelope: IAM decides on the envelope who may publish what, and the worker sees
// the detail alone. An event whose detail says something else reaches no worker.
//
// From a queue the details come as an SQS event, which the worker answers with the
// messages that failed (batchItemFailures); directly they come one by one. An
// event can come more than once, and in any order.
//
// # What is made
//
//	Table          on demand; text key pk; items expire at expires_at (seconds since 1970)
//	Worker         an arm64 function, traced by X-Ray, with a role and a log group (WorkerRole, WorkerLogs)
//	Queue          of [Queue] and [FIFOQueue]: hides a message for six timeouts, keeps it for 14 days
//	Bus            of [OwnBus]: closed to other accounts; forwarding rules and their roles
//	Consume…       a rule for each source of Consumes
//	DeadLetters    what the worker could not handle: from the queue, from Lambda, or from the worker itself
//	Undelivered    what a rule could not deliver within a day, with the rule's reason
//	…/NotEmpty     an alarm on each dead-letter queue, which calls nobody before it is given an action
//
// Other functions share the context's table and publish its events: behind HTTP
// ([BoundedContext.AddFunction]) or on a schedule
// ([BoundedContext.AddScheduledFunction]).
//
// # Environment variables
//
// Every function is told, besides its own Variables:
//
//	SERVICE_NAME           Props.Service
//	TABLE_NAME             the table's name
//	EVENT_BUS_NAME         the name of the bus on which it publishes
//	LOG_LEVEL              Props.LogLevel
//	METRICS_NAMESPACE      Props.MetricsNamespace
//	RETENTION              Props.Retention, as Go writes a duration: 1440h0m0s
//
// and the worker:
//
//	DEAD_LETTER_QUEUE_URL  where it sends what it can never handle, at once
//	QUEUE_URL              where it polls a queue: to delay what failed
//
// # Permissions
//
// Each function has a role of its own. It may use TableActions on the table,
// Query on the index if it QueriesDue, write its own log group, and publish
// what it Publishes and nothing else: the permission has a condition on source
// and type. It may send its traces to X-Ray, which IAM cannot restrict to a
// resource. The worker may also poll its queue and send to DeadLetters. A
// forwarding role may publish on the one bus that it forwards to. Rules may send
// to the queue and to Undelivered, each by its ARN.
//
// # Alarms
//
// They watch what needs a person: letters in a dead-letter queue, events that
// wait or are lost, functions that keep failing, a table that keeps throttling.
// Each says what has happened. With
//
//	resource.SetRunbooks(stack, "https://wiki.example.org/runbooks/")
//
// before everything else in the stack, each also names the page there that says
// what to do: dead-letters.md, failing-functions.md, lost-events.md,
// throttled-tables.md or waiting-events.md. This repository has them in
// docs/runbooks, to begin with.
//
// # Costs
//
// What costs money while nothing happens is the alarms (each metric of one is
// charged), the pollers of a queue, which ask it all the time, and what the table
// and the logs keep. An event costs a request to SQS for each batch to send,
// receive and delete it, an invocation, and what the worker does; with an
// [OwnBus] it is published once more on each way, which is charged as a custom
// event (https://aws.amazon.com/eventbridge/pricing/).
//
// # Limits
//
// Those of AWS that one meets first:
//
//   - A bus has 300 rules, and a pattern 2,048 characters, which is enough for
//     some 20 types; both can be raised
//     (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
//     A context takes a rule for each source that it consumes, and an [OwnBus]
//     two more for each and one for each source that it publishes.
//   - An event is forwarded from bus to bus once only, so a context with an
//     [OwnBus] cannot be behind another
//     (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html).
//   - A batch has ten messages at most; a larger one would have to wait to be
//     filled, which a FIFO queue cannot do
//     (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
//   - Rules send to a FIFO queue, and not to a FIFO dead-letter queue, so
//     Undelivered is always a standard one.
//
// # What the props do not say
//
// [BoundedContext] has the resources as CDK's own constructs, with everything
// that those can do:
//
//	warehouse.Worker.AddEnvironment(new("TZ"), new("Europe/Berlin"), nil)
//	awscdk.Tags_Of(warehouse.Construct()).Add(new("team"), new("fulfilment"), nil)
//
// What those cannot do, CloudFormation's resource below each of them can:
//
//	table := warehouse.Table.Node().DefaultChild().(awsdynamodb.CfnTable)
//	table.SetContributorInsightsSpecification(…)
//
// and what has no handle is found below Construct by its id, such as
// Construct().Node().FindChild(new("WorkerRole")). Construct ids do not change
// between versions: a new one would replace the resource.
package boundedcontext
