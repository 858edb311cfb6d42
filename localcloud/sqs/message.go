package sqs

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// message is one message in one queue.
type message struct {
	id, body, bodyMD5 string
	attributes        map[string]MessageAttribute
	trace, sender     string
	group, dedup      string
	// source is the ARN of the queue that moved the message to this dead-letter
	// queue.
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
func (m *message) sequenceNumber() string { return fmt.Sprintf("188%017d", m.order*256) }

// systemAttributes returns all attributes that SQS itself sets.
func (m *message) systemAttributes(fifo bool) map[string]string {
	all := map[string]string{
		"SenderId":                         m.sender,
		"SentTimestamp":                    milliseconds(m.sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.firstReceived),
	}
	optional := map[string]string{
		"MessageGroupId":           m.group,
		"MessageDeduplicationId":   m.dedup,
		"AWSTraceHeader":           m.trace,
		"DeadLetterQueueSourceArn": m.source,
	}
	if fifo {
		optional["SequenceNumber"] = m.sequenceNumber()
	}
	for name, value := range optional {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// receipt is the content of a receipt handle: one receive of one message of one
// queue.
type receipt struct {
	arn, id  string
	receives int
}

func (m *message) handle(arn string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Join([]string{arn, m.id, strconv.Itoa(m.receives)}, " ")))
}

func parseReceipt(handle string) (receipt, bool) {
	text, err := base64.StdEncoding.DecodeString(handle)
	if err != nil {
		return receipt{}, false
	}
	parts := strings.Split(string(text), " ")
	if len(parts) != 3 {
		return receipt{}, false
	}
	receives, err := strconv.Atoi(parts[2])
	return receipt{arn: parts[0], id: parts[1], receives: receives}, err == nil
}
