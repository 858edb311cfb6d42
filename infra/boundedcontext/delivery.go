package boundedcontext

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/lambdalimit"
	"example.com/saga/infra/resource"
)

// Delivery is how events reach a context's worker: [Queue], [FIFOQueue] or
// [OwnBus].
type Delivery interface {
	// validate checks the delivery of what a context in the scope consumes.
	validate(scope constructs.Construct, consumes resource.Events) error
	// prepare makes the queues and buses whose names the worker needs.
	prepare(context *BoundedContext)
	// connect makes the rules and the polling that send events to the worker.
	connect(context *BoundedContext, worker *Published)
}

// detail is the part of an event that a target receives: without the envelope of
// the bus.
func detail() awsevents.RuleTargetInput {
	return awsevents.RuleTargetInput_FromEventPath(new("$.detail"))
}

// validateQueue checks what SQS and Lambda accept. The largest batch depends on
// whether there is a batching window.
func validateQueue(batchSize, largestBatch, maxReceiveCount, maximumConcurrency int) error {
	var problems []error
	if batchSize < 1 || batchSize > largestBatch {
		problems = append(problems, fmt.Errorf("a BatchSize of %d is not between 1 and %d", batchSize, largestBatch))
	}
	if maxReceiveCount < 1 || maxReceiveCount > 1000 {
		problems = append(problems, fmt.Errorf("a MaxReceiveCount of %d is not between 1 and 1000", maxReceiveCount))
	}
	if err := lambdalimit.CheckMaximumConcurrency(maximumConcurrency); err != nil {
		problems = append(problems, fmt.Errorf("a MaximumConcurrency of %w", err))
	}
	return errors.Join(problems...)
}
