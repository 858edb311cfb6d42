package capacity

import "time"

// rate is a quota of something a second. It may be used in advance or late by burst. The
// zero rate has no limit.
type rate struct {
	perSecond float64
	burst     time.Duration
	// used is until when the quota is used up.
	used time.Duration
}

func perSecond(n float64) rate { return rate{perSecond: n, burst: time.Second} }

// take uses n, or returns false if there are not as many.
func (r *rate) take(now time.Duration, n float64) bool {
	if r.wait(now, n) == 0 {
		return true
	}
	r.used -= r.time(n)
	return false
}

// wait uses n, and returns after which time they are free.
func (r *rate) wait(now time.Duration, n float64) time.Duration {
	r.used = max(r.used, now) + r.time(n)
	return max(0, r.used-now-r.burst)
}

func (r *rate) time(n float64) time.Duration {
	if r.perSecond == 0 {
		return 0
	}
	return time.Duration(n / r.perSecond * float64(time.Second))
}

// partition is a partition of DynamoDB: of a table, or of an index.
type partition struct{ writes rate }

func newPartition() *partition { return &partition{perSecond(partitionWrites)} }

// item is one that many transactions write, such as the stock of a SKU. A transaction
// which meets another one on it is in conflict.
type item struct {
	partition *partition
	busyUntil time.Duration
}

// table is a table on demand, and what has to be written with its items.
type table struct {
	writes rate
	quota  float64
	// average is over the current minute, peak the highest of a minute so far.
	average, peak float64
	minute, grown time.Duration
}

// newTable returns a table that is warm for as many write units a second.
func newTable(warm, quota float64) *table {
	return &table{writes: perSecond(min(warm, quota)), quota: quota}
}

// take writes as many units, or returns false if the table is throttled.
func (t *table) take(now time.Duration, units float64) bool {
	if now >= t.minute+time.Minute {
		t.peak, t.average, t.minute = max(t.peak, t.average/time.Minute.Seconds()), 0, now
	}
	if now >= t.grown+warmPeriod {
		t.writes.perSecond, t.grown = min(t.quota, max(t.writes.perSecond, 2*t.peak)), now
	}
	if !t.writes.take(now, units) {
		return false
	}
	t.average += units
	return true
}

// function is a Lambda function.
type function struct {
	account *account
	memory  float64
	// reserved is its reserved concurrency, or 0.
	reserved              int
	running, environments int
	scale                 rate
}

// account has the concurrency that no function reserves.
type account struct{ unreserved, running int }

// start begins an execution, and reports whether it is a cold start and whether it is not
// throttled.
func (f *function) start(now time.Duration) (cold, started bool) {
	if f.reserved > 0 && f.running >= f.reserved || f.reserved == 0 && f.account.running >= f.account.unreserved {
		return false, false
	}
	if cold = f.running == f.environments; cold {
		if !f.scale.take(now, 1) {
			return true, false
		}
		f.environments++
	}
	f.running++
	if f.reserved == 0 {
		f.account.running++
	}
	return cold, true
}

// end ends an execution.
func (f *function) end() {
	f.running--
	if f.reserved == 0 {
		f.account.running--
	}
}

// queue is a queue of SQS with the event source mapping that reads it.
type queue struct {
	function *function
	service  string
	fifo     bool
	batch    int
	window   time.Duration
	// limit is the most batches at once; pollers is how many may be read now.
	limit, pollers float64
	inFlight       int
	lastGrown      time.Duration
	waiting        []message
	// head is how many of the waiting messages were received.
	head    int
	closing bool
	// sends is the quota of a FIFO queue.
	sends rate
}

func (q *queue) length() int { return len(q.waiting) - q.head }

// grow adds pollers while all are busy and messages wait.
func (q *queue) grow(now time.Duration) {
	if q.inFlight >= int(q.pollers) && q.length() > 0 {
		q.pollers = min(q.limit, q.pollers+(now-q.lastGrown).Minutes()*pollersAMinute)
	}
	q.lastGrown = now
}

// receive takes a batch.
func (q *queue) receive() []message {
	n := min(q.batch, q.length())
	batch := q.waiting[q.head : q.head+n : q.head+n]
	q.head += n
	if q.head == len(q.waiting) {
		q.waiting, q.head = nil, 0
	}
	return batch
}
