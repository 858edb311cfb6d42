package capacity

import (
	"fmt"
	"time"
)

// Figure is a quota, a latency or another number of the model.
type Figure struct {
	Name  string
	Value string
	// Source is the address of AWS's page, or how else the number is known.
	Source string
}

// The basis of a figure without a page of AWS.
const (
	assumed  = "assumed"
	emulated = "median as emulated for [what an order costs](cost.md); 99th percentile assumed"
)

// Quotas of a large region, such as eu-west-1, and of an account that is not new.
const (
	putEventsQuota   = 10_000 // requests a second
	invocationsQuota = 18_750 // of targets, a second; what is beyond is delayed
	destinationQuota = 300    // requests a second to one endpoint; what is beyond is delayed
	eventBridgePage  = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"

	fifoQuota = 70_000 // calls a second of each action, in high-throughput mode
	fifoPage  = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"

	initialPollers  = 5   // batches of a queue at once
	pollersAMinute  = 300 // more, while messages wait
	maximumPollers  = 1000
	mappingPage     = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"
	reservedPage    = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"
	concurrency     = 1000 // executions of an account at once
	concurrencyPage = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
	scaling         = 1000 // new environments of a function in scalingPeriod
	scalingPeriod   = 10 * time.Second
	scalingPage     = "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"
	vcpuMB          = 1769 // memory with the CPU time of one vCPU
	memoryPage      = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"

	// An asynchronous event that is throttled is tried again after a second, then after
	// twice as long each time, up to the maximum, and is a dead letter at its age.
	throttledMaximum = 5 * time.Minute
	asyncAge         = 6 * time.Hour
	asyncPage        = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"

	// A table on demand sustains twice its previous peak, and a new one as much as this.
	// More than that within warmPeriod may be throttled.
	warmWrites      = 4000
	warmPeriod      = 30 * time.Minute
	warmPage        = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
	tableWrites     = 40_000
	tablePage       = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"
	partitionWrites = 1000
	partitionPage   = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html"

	putLogEventsQuota = 5000
	logsPage          = "https://docs.aws.amazon.com/general/latest/gr/cwl_region.html"
)

// The SDK makes this many attempts, as aws.RetryModeStandard of aws-sdk-go-v2 does, and
// waits up to a second before the second and up to two before the third.
const sdkAttempts = 3

// What the saga itself does about a failure: pkg/worker, pkg/participant, pkg/sweeper and
// infra/environment.
const (
	minimumDelay    = time.Second
	maximumDelay    = 5 * time.Minute
	maxReceives     = 10
	sagaAttempts    = 8
	parallelism     = 10
	republishAfter  = time.Minute
	sweepRepublish  = 500
	sweepEvery      = time.Minute
	deduplication   = 5 * time.Minute // of a FIFO queue
	clientAttempts  = 6
	clientFirstWait = time.Second
)

// The latencies within a region.
type latencies struct {
	deliver, putEvents, read, write, transact, receive, coldStart Latency
}

func usualLatencies() latencies {
	const ms = time.Millisecond
	return latencies{
		deliver:   Latency{40 * ms, 130 * ms},
		putEvents: Latency{15 * ms, 60 * ms},
		read:      Latency{4 * ms, 12 * ms},
		write:     Latency{5 * ms, 15 * ms},
		transact:  Latency{12 * ms, 40 * ms},
		receive:   Latency{10 * ms, 50 * ms},
		coldStart: Latency{150 * ms, 400 * ms},
	}
}

// Figures returns all numbers of the model.
func Figures() []Figure {
	l := usualLatencies()
	n := func(name string, value float64, source string) Figure {
		return Figure{name, thousands(value), source}
	}
	return []Figure{
		n("EventBridge: calls of PutEvents a second", putEventsQuota, eventBridgePage),
		n("EventBridge: invocations of targets a second; what is beyond is delayed", invocationsQuota, eventBridgePage),
		n("EventBridge: requests a second to one API destination; what is beyond is delayed", destinationQuota, eventBridgePage),
		latencyOf("EventBridge: from PutEvents to the target", l.deliver, "99th percentile: AWS's announcement of November 2024, read in articles about it; median assumed"),
		latencyOf("EventBridge: a call of PutEvents", l.putEvents, emulated),
		n("SQS: calls a second of each action for FIFO queues of high throughput", fifoQuota, fifoPage),
		latencyOf("SQS: from the send to the receive", l.receive, assumed),
		n("Lambda: executions of an account at once", concurrency, concurrencyPage),
		n("Lambda: new environments of a function in 10 s", scaling, scalingPage),
		n("Lambda: batches of a queue at once, at first", initialPollers, mappingPage),
		n("Lambda: more of them in a minute", pollersAMinute, mappingPage),
		n("Lambda: most batches of a queue at once", maximumPollers, mappingPage),
		n("Lambda: MB of memory with one vCPU", vcpuMB, memoryPage),
		{"Lambda: delay after a throttled asynchronous event", "1 s, doubling up to 5 min, for 6 h", asyncPage},
		latencyOf("Lambda: cold start", l.coldStart, assumed),
		n("DynamoDB: write units a second of a new table on demand, and twice the previous peak of each", warmWrites, warmPage),
		n("DynamoDB: write units a second of one table or index", tableWrites, tablePage),
		n("DynamoDB: write units a second of one partition", partitionWrites, partitionPage),
		latencyOf("DynamoDB: a read", l.read, assumed),
		latencyOf("DynamoDB: a write", l.write, emulated),
		latencyOf("DynamoDB: a transaction", l.transact, assumed),
		n("CloudWatch Logs: calls of PutLogEvents a second", putLogEventsQuota, logsPage),
	}
}

func latencyOf(name string, l Latency, source string) Figure {
	return Figure{name, fmt.Sprintf("%d ms, 99 %%: %d ms", l.P50.Milliseconds(), l.P99.Milliseconds()), source}
}
