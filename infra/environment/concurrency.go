package environment

import (
	"fmt"

	"example.com/saga/pkg/contract"
)

// deployedLimits are the limits of staging and prod. Without them the events that wait
// after a failure are handled by up to 1,000 batches of each queue at once
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html): the whole
// concurrency of an account, so that the order API is throttled.
//
//   - 10 batches of 10 events that take 100 ms are 1,000 events of a queue in a second:
//     over 300 orders, because a context consumes three events of an order at most
//     until it is shipped. Limited by the polling, no event is received in vain.
//   - Loyalty is invoked for each event, so its limit is a reservation. 10 executions of
//     40 ms are 250 events in a second. Lambda retries what it throttles for hours, so a
//     replay takes longer and loses nothing.
//   - The order API has what is left. A reservation would throttle customers at a number
//     that no load test has found yet.
func deployedLimits() Concurrency {
	return Concurrency{QueueWorkers: 10, DirectWorkers: 10}
}

const (
	// unreservedMinimum is how many concurrent executions Lambda keeps for functions
	// without a reservation
	// (https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html).
	unreservedMinimum = 100
	// defaultQuota is the quota of an account that is not new
	// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). It is
	// not known whether AWS grants less on request.
	defaultQuota = 1000
)

// Quota is how many concurrent executions of Lambda an account has in a region.
type Quota struct {
	Region string
	Total  int
	// Unreserved is the part of the total that is reserved for no function.
	Unreserved int
	// ReservedByStack is the part that is reserved for functions of the environment's
	// stack. A deployment replaces it.
	ReservedByStack int
}

// CheckQuota returns an error if the quota is too small for the Limits. A reservation
// then fails the deployment, and workers that are throttled receive events in vain,
// which makes them dead letters.
func (s Settings) CheckQuota(quota Quota) error {
	needed, because := s.Limits.needed()
	free := quota.Unreserved + quota.ReservedByStack
	if free >= needed {
		return nil
	}
	return fmt.Errorf("environment %s needs %d concurrent executions of Lambda (%s) and there are %d, of the account's %d in %s: "+
		"lower Limits in infra/environment/environment.go, or raise the quota "+
		"(in the console under Service Quotas, AWS Lambda, Concurrent executions): "+
		"aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value %d --region %s",
		s.Name, needed, because, free, quota.Total, quota.Region, max(defaultQuota, quota.Total+needed-free), quota.Region)
}

// NeedsQuota reports whether the Limits need any quota. Without limits all is left to
// AWS.
func (s Settings) NeedsQuota() bool {
	needed, _ := s.Limits.needed()
	return needed > 0
}

// needed returns how many concurrent executions the limits need, and for what. There are
// as many queues that workers poll as contexts: Order has two, and Loyalty has none.
func (c Concurrency) needed() (number int, because string) {
	reserved, unreserved := c.DirectWorkers+c.API, c.QueueWorkers*len(contract.Catalogue().Contexts())
	because = "for the workers of queues"
	if reserved > 0 && unreserved < unreservedMinimum {
		unreserved, because = unreservedMinimum, "that Lambda keeps unreserved"
	}
	return reserved + unreserved, fmt.Sprintf("%d reserved and %d %s", reserved, unreserved, because)
}
