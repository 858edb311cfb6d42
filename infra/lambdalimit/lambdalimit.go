// Package lambdalimit checks settings of Lambda functions and their logs against what
// AWS accepts (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
// An error has the value.
package lambdalimit

import (
	"fmt"
	"time"
)

// CheckMemory checks the memory of a function, in MB.
func CheckMemory(megabytes int) error {
	const least, most = 128, 10240
	if megabytes < least || megabytes > most {
		return fmt.Errorf("%d is not between %d and %d", megabytes, least, most)
	}
	return nil
}

// CheckTimeout checks the timeout of a function.
func CheckTimeout(timeout time.Duration) error {
	const least, most = time.Second, 900 * time.Second
	if timeout < least || timeout > most || timeout%time.Second != 0 {
		return fmt.Errorf("%s is not a number of seconds between %.0f and %.0f", timeout, least.Seconds(), most.Seconds())
	}
	return nil
}

// CheckMaximumConcurrency checks how many batches of one SQS queue are handled at
// once; 0 is no limit
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
func CheckMaximumConcurrency(batches int) error {
	const least, most = 2, 1000
	if batches != 0 && (batches < least || batches > most) {
		return fmt.Errorf("%d is neither 0 nor between %d and %d", batches, least, most)
	}
	return nil
}
