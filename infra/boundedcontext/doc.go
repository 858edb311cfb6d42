// Package boundedcontext makes what one bounded context of an event-driven system
// runs on: a worker function that handles events of a bus, a table that records
// what was handled, and on every hop a dead-letter queue with an alarm. It
// depends on the CDK alone, and on nothing of the system that uses it.
//
// The example is a whole app. In short:
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
// Props that cannot work panic when the app is synthesized, as everywhere in the
// CDK. The message has the construct's id and everything that is wrong with them.
//
// # Deliveries
//
// Events reach the worker in one of three ways:
//
//   - [Queue]: a standard queue. Batches, in no order. They can wait to be filled,
//     and events that must not wait then have a queue of their own.
//   - [FIFOQueue]: a FIFO queue. It drops an event that is published twice within
//     five minutes, and messages of one group are never in two batches at once.
//   - [OwnBus]: a bus of the context's own, to which events are forwarded. A rule
//     there invokes the worker directly; what the worker publishes on its own bus
//     is forwarded back.
//
// From a queue the worker receives an SQS event, whose messages are the details
// of events, and returns the messages that failed (batchItemFailures). Directly it
// receives one detail. An event can be delivered more than once, and in any order.
//
// The worker never receives the envelope of the bus, nor an event of another
// account. The detail must have the members source and type, as a CloudEvent has,
// with the same values as the envelope: IAM decides by the envelope which
// function may publish what, and the worker receives the detail alone. An event
// whose detail has other values reaches no worker.
//
// # What is made
//
//	Table          on demand; the key pk is a string; items expire at expires_at (seconds since 1970)
//	Worker         an arm64 function, traced by X-Ray unless Untraced, with a role and a log group (WorkerRole, WorkerLogs)
//	Queue          of [Queue] and [FIFOQueue]: hides a message for six timeouts and its window, keeps it for 14 days
//	ImmediateQueue of a [Queue] with Immediate events: as the Queue, without a window
//	Sweeper        of a [Sweeper]: a function as the Worker, with its schedule, the schedule's role and a
//	               dead-letter queue for both (SweeperSchedule)
//	Bus            of [OwnBus]: closed to other accounts; with forwarding rules and their roles
//	Consume…       a rule for each source of Consumes
//	DeadLetters    what the worker could not handle: sent by the queue, by Lambda, or by the worker itself
//	Undelivered    what a rule could not deliver within a day, with the rule's reason
//	…/NotEmpty     an alarm on each dead-letter queue, which notifies no one until it gets an action
//	…/Live         the alias live of a function, which is its version CurrentVersion
//	Deployments    of functions with a Shift: CodeDeploy's application, with its role (DeploymentRole) and a
//	               deployment group for each of them (…/Live/Deployment)
//
// With a Key, the table, the queues and the logs are encrypted with it, and the key
// must outlive them. Otherwise AWS encrypts them with keys of its own. A key that is
// added later replaces nothing; messages that wait then and logs that were written
// before keep their key.
//
// Other functions share the context's table and publish its events: behind HTTP
// ([BoundedContext.AddFunction]) or on a schedule
// ([BoundedContext.AddScheduledFunction]).
//
// # A sweeper
//
// A function that executes commands, such as an HTTP API, can stop after it has committed
// and before it has published. An event would be delivered again, a command is not. So
// such a context has a [Sweeper], which runs pkg/sweeper of this repository:
//
//	Sweeper: &boundedcontext.Sweeper{
//		Function: boundedcontext.Function{
//			Artefact:  "dist/lambda/booking/sweeper",
//			MemoryMB:  256,
//			Timeout:   30 * time.Second,
//			Publishes: resource.Events{"booking": {"booking.requested"}},
//		},
//		Longest: time.Hour,
//	},
//
// It makes the function Sweeper with its schedule and their dead-letter queue, the
// DueIndex, the permissions to read the index, to load, to commit and to publish, and an
// alarm for what has not ended for longer than Longest. Each minute it costs an
// invocation and a query, besides what it finds.
//
// # Versions
//
// Each deployment publishes a version of the functions that it changes. The context
// invokes them through the alias live, and so should everything else: [Published] has
// the function and its alias. By default the alias is moved at once. With a
// [Function].Shift CodeDeploy moves it gradually, and moves it back if the function
// fails, or if an event becomes a dead letter of the context. With
//
//	warehouse.RollBackOn(resource.NotEmptyAlarm(shipping.DeadLetters))
//
// it does so for more alarms, such as the dead letters of a context that handles the
// events. Old and new version run side by side meanwhile, with the permissions and
// queues of the new one. While one of the alarms is raised, no deployment succeeds: to
// repair the cause, deploy without a Shift.
//
// Versions that are no longer live are kept until the function is deleted, and count
// against the 75 GB of code in an account and region
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
//
// # Environment variables
//
// Every function has these, besides its own Variables:
//
//	SERVICE_NAME           Props.Service
//	TABLE_NAME             the table's name
//	EVENT_BUS_NAME         the name of the bus on which it publishes
//	LOG_LEVEL              Props.LogLevel
//	METRICS_NAMESPACE      Props.MetricsNamespace; empty where monitoring is disabled: write no metrics then
//	TRACED_SHARE           0, if Untraced: send no traces then
//	RETENTION              Props.Retention, as Go prints a duration: 1440h0m0s
//	GOMEMLIMIT             three quarters of its memory, at which Go collects garbage more often
//	GOMAXPROCS             1, if its memory is less than 1,769 MB: it has less than one processor
//
// and the worker also these:
//
//	DEAD_LETTER_QUEUE_URL  where it sends an event that it can never handle, at once
//	QUEUE_URL              of the Queue, to delay messages that failed
//	IMMEDIATE_QUEUE_URL    of the ImmediateQueue, if there is one, for the same
//
// # Failures
//
// A message that the worker fails on is delivered again, until it was received
// MaxReceiveCount times; then SQS moves it to DeadLetters. The worker can delay it
// by its visibility timeout: pkg/worker of this repository delays by 1, 2, 4 … up
// to 300 seconds, less up to a half, so 10 receives outlast a failure of 4 to 8
// minutes. Lambda invokes a worker on an [OwnBus] three times for an event.
//
// # Permissions
//
// Each function has a role of its own. It may use its TableActions on the table,
// Query the index if it QueriesDue, write its own log group, and publish what it
// Publishes and nothing else: the permission has a condition on source and type,
// which every event of a PutEvents call has to meet. With several sources it has a
// permission for each, and events of two sources belong into two calls, as
// pkg/eventbridge of this repository puts them. Unless Untraced, it may send traces
// to X-Ray, which IAM cannot restrict to a resource. The worker may also poll its queues and send
// to DeadLetters. A forwarding role may publish on the one bus that it forwards to.
// Rules may send to their queue and to Undelivered, each by its ARN. CodeDeploy
// may move the aliases of the context's functions, and read every alarm.
//
// A permission to invoke a function, or its URL, must name the alias.
//
// With a Key, each function may also use it through the services that it calls (the
// condition kms:ViaService): Decrypt for the table and to receive, and GenerateDataKey
// to send and to log. The key's own policy lets CloudWatch Logs use it for the logs of
// the stack, and EventBridge for the account, to deliver to the queues. The CDK cannot
// change the policy of an imported key, so that must have these statements, which
// [resource.NewLogGroup] and [resource.NewQueue] add to any other, and let IAM
// policies of the account allow its use, as the CDK's keys do. The CDK's grants on
// the queues do not include the key: see [resource.AllowKey].
//
// # Alarms
//
// They are for what needs a person: dead letters, events that wait too long or are
// lost, functions that keep failing, a table that keeps throttling, sagas that do not end. The
// description of each is what has happened. With
//
//	resource.SetRunbooks(stack, "https://wiki.example.org/runbooks/")
//
// before everything else in the stack, each also names the page there that
// describes what to do: dead-letters.md, failing-functions.md, lost-events.md,
// throttled-tables.md, unfinished-sagas.md or waiting-events.md. Those in docs/runbooks
// of this repository are a beginning; there the page for a Sweeper is about orders.
//
// For an environment in which nothing needs a person,
//
//	resource.DisableMonitoring(stack)
//
// before everything else in the stack leaves out all alarms, and empties
// METRICS_NAMESPACE.
//
// # Costs
//
// Without any event, AWS charges for the alarms (for each metric of one), the
// polling of a queue, which never stops, and what the table and the logs keep. A
// scheduled function costs its invocations and, unless Untraced, a trace of most of
// them. An event costs a request to SQS, each batch two more (receive, delete) and an
// invocation, and both what the worker does. With an [OwnBus] it is published once more
// in each direction, which is charged as a custom event
// (https://aws.amazon.com/eventbridge/pricing/). CodeDeploy charges nothing for functions
// (https://aws.amazon.com/codedeploy/pricing/).
//
// A Key costs 1 USD a month and its requests, which do not grow with the events: SQS
// and DynamoDB call KMS once in five minutes for each role and queue or table, at 0.03
// USD for 10,000 calls (https://aws.amazon.com/kms/pricing/).
//
// # Limits
//
// The limits of AWS that one meets first:
//
//   - A rule is in the account and the region of its bus. Events of a bus elsewhere
//     are first forwarded to a bus of the stack's own
//     (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html).
//   - A bus has 300 rules, and a pattern 2,048 characters, which is enough for
//     some 20 types; both can be raised
//     (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
//     A context needs a rule for each source that it consumes, and an [OwnBus]
//     two more for each and one for each source that it publishes.
//   - An event is forwarded from bus to bus only once, so a context with an
//     [OwnBus] cannot be behind another
//     (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html).
//   - A batch has ten messages at most. A larger one needs a BatchWindow, which a
//     FIFO queue cannot have. While few events arrive, a window of any length may
//     last up to 20 seconds
//     (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
//   - Rules can send to a FIFO queue, but not to a FIFO dead-letter queue, so
//     Undelivered is always a standard queue.
//
// # What the props do not have
//
// [BoundedContext] has the resources as the CDK's own constructs, which can be
// changed like any other:
//
//	warehouse.Worker.Function.AddEnvironment(new("TZ"), new("Europe/Berlin"), nil)
//	awscdk.Tags_Of(warehouse.Construct()).Add(new("team"), new("fulfilment"), nil)
//
// A property that they do not have is set on CloudFormation's resource below them:
//
//	table := warehouse.Table.Node().DefaultChild().(awsdynamodb.CfnTable)
//	table.SetContributorInsightsSpecification(…)
//
// A resource that [BoundedContext] has no field for is found by its id, such as
// Construct().Node().FindChild(new("WorkerRole")). Construct ids do not change
// between versions: a new one would replace the resource.
package boundedcontext
