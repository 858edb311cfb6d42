package sqs

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/compact"
)

// message is one message in one queue.
type message struct {
	id            string
	body          compact.Text
	attributes    map[string]MessageAttribute
	trace, sender string
	group, dedup  string
	// source is the ARN of the queue that moved the message to this dead-letter queue.
	source string
	// order is the message's place in its queue.
	order uint64

	sent, expires, visibleAt time.Time
	// firstReceived and lastReceived are zero before the first receive.
	firstReceived, lastReceived time.Time

	receives int
	// lostDeletes counts the deletes that were lost by a fault. The deliveries
	// that this causes are not failures of the consumer, so they do not count
	// towards the dead-letter queue.
	lostDeletes int
}

func (m *message) hidden(now time.Time) bool { return m.visibleAt.After(now) }

// receive hides the message from now on, for a consumer.
func (m *message) receive(now time.Time, timeout time.Duration) {
	m.receives++
	m.lastReceived, m.visibleAt = now, now.Add(timeout)
	if m.firstReceived.IsZero() {
		m.firstReceived = now
	}
}

// sequenceNumber has 20 digits and grows, with gaps, as on AWS.
func sequenceNumber(order uint64) string { return fmt.Sprintf("188%017d", order*256) }

// systemAttributes returns all attributes that SQS itself sets.
func (m *message) systemAttributes(fifo bool) map[string]string {
	all := map[string]string{
		"SenderId":                         m.sender,
		"SentTimestamp":                    milliseconds(m.sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.firstReceived),
		"MessageGroupId":                   m.group,
		"MessageDeduplicationId":           m.dedup,
		traceHeader:                        m.trace,
		"DeadLetterQueueSourceArn":         m.source,
	}
	if fifo {
		all["SequenceNumber"] = sequenceNumber(m.order)
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// handle returns the receipt handle of the latest receive.
func (m *message) handle(arn string) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %s %d", arn, m.id, m.receives))
}

func parseHandle(handle string) (arn, id string, receives int, ok bool) {
	text, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 {
		return "", "", 0, false
	}
	receives, err = strconv.Atoi(parts[2])
	return parts[0], parts[1], receives, err == nil
}
