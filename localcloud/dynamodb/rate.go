package dynamodb

import (
	"maps"
	"time"

	"example.com/saga/localcloud/wire"
)

// What one partition takes in a second.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
const (
	maximumReads  = 3000
	maximumWrites = 1000
)

// burst is the time for which a partition that was not used takes everything at once.
const burst = time.Second

// rate limits the units of each partition of an index. The items of one partition key
// are a partition by themselves, which is the most that DynamoDB does for a key that
// is used much. A request is accepted if any units are left, and takes all that it
// costs.
type rate struct {
	perUnit time.Duration
	// free is when each used partition would have all of its units again.
	free  map[string]time.Time
	swept time.Time
}

func newRate(perSecond int) rate {
	return rate{perUnit: time.Second / time.Duration(perSecond), free: make(map[string]time.Time)}
}

func (r *rate) isExceeded(partition string, now time.Time) bool {
	return r.free[partition].Sub(now) >= burst
}

func (r *rate) use(partition string, units float64, now time.Time) {
	from := r.free[partition]
	if from.Before(now) {
		from = now
	}
	r.free[partition] = from.Add(time.Duration(units * float64(r.perUnit)))
	if now.Sub(r.swept) >= burst {
		maps.DeleteFunc(r.free, func(_ string, free time.Time) bool { return !free.After(now) })
		r.swept = now
	}
}

// throttled is the refusal because a partition is used too much; nil if all partitions
// have units left.
func (s *Service) throttled(loads []load) *refusal {
	now := s.config.Clock()
	for _, l := range loads {
		switch {
		case l.read > 0 && l.index.reads.isExceeded(l.partition, now):
			return l.index.throttled("Read")
		case l.write > 0 && l.index.writes.isExceeded(l.partition, now):
			return l.index.throttled("Write")
		}
	}
	return nil
}

// throttlingReason is one element of the reasons in an error.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
type throttlingReason struct {
	Reason   string `json:"reason"`
	Resource string `json:"resource"`
}

// throttled returns the refusal of a read or a write. A table on demand has another error
// than a provisioned table, and the messages are those of cancelled transactions.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (x *index) throttled(operation string) *refusal {
	isIndex := x.Name != ""
	reason, code, member := CancellationReason{Code: "ThrottlingError"}, "ThrottlingException", "throttlingReasons"
	if x.table.Provisioned {
		reason.Code, code, member = "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException", "ThrottlingReasons"
	}
	switch {
	case x.table.Provisioned && isIndex:
		reason.Message = "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"
	case x.table.Provisioned:
		reason.Message = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
	case isIndex:
		reason.Message = "Throughput exceeds the current capacity for one or more global secondary indexes. DynamoDB is automatically scaling your index so please try again shortly."
	default:
		reason.Message = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
	}
	resource := "Table"
	if isIndex {
		resource = "Index"
	}
	failure := wire.Errorf(code, "%s", reason.Message)
	failure.Members = map[string]any{member: []throttlingReason{{resource + operation + "KeyRangeThroughputExceeded", x.arn()}}}
	return &refusal{reason, failure}
}
