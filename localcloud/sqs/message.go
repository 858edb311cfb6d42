package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
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

// traceHeader is the only attribute of its own that SQS takes from a sender.
const traceHeader = "AWSTraceHeader"

// MessageAttribute is one attribute of a message: a String, a Number or a
// Binary, each with an optional suffix of its own after a dot.
type MessageAttribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

func (a MessageAttribute) kind() string {
	kind, _, _ := strings.Cut(a.DataType, ".")
	return kind
}

func (a MessageAttribute) isBinary() bool { return a.kind() == "Binary" }

func (a MessageAttribute) value() []byte {
	if a.isBinary() {
		return a.BinaryValue
	}
	if a.StringValue == nil {
		return nil
	}
	return []byte(*a.StringValue)
}

func (a MessageAttribute) isValid() bool { return a.isBinary() || validText(string(a.value())) }

// attributeName has letters, digits, hyphens and underscores, and single dots in between.
var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func checkAttributes(attributes map[string]MessageAttribute) error {
	if len(attributes) > 10 {
		return fail("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10].", len(attributes))
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		attribute := attributes[name]
		switch kind := attribute.kind(); {
		case len(name) > 256 || !attributeName.MatchString(name):
			return fail("InvalidParameterValue", "The message attribute name %q is invalid.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return fail("InvalidParameterValue",
				"The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case len(attribute.value()) == 0:
			return fail("InvalidParameterValue", "The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
		case !attribute.isValid():
			// For a body it would be InvalidMessageContents.
			return fail("InvalidParameterValue", invalidText)
		}
	}
	return nil
}

func checkSystemAttributes(attributes map[string]MessageAttribute) error {
	for name, attribute := range attributes {
		switch {
		case name != traceHeader:
			return fail("InvalidParameterValue", "Message system attribute name '%s' is invalid.", name)
		case attribute.DataType != "String" || len(attribute.value()) == 0:
			return fail("InvalidParameterValue", "The message system attribute '%s' must be a non-empty String.", name)
		case !attribute.isValid():
			return fail("InvalidParameterValue", invalidText)
		}
	}
	return nil
}

func md5Hex(content []byte) string {
	hash := md5.Sum(content)
	return hex.EncodeToString(hash[:])
}

// md5OfAttributes is the checksum that SQS and its clients compute of attributes: in
// the order of their names, each with name, type, kind of value and value.
func md5OfAttributes(attributes map[string]MessageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var text []byte
	measured := func(part []byte) {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(part))), part...)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		attribute := attributes[name]
		measured([]byte(name))
		measured([]byte(attribute.DataType))
		kind := byte(1)
		if attribute.isBinary() {
			kind = 2
		}
		text = append(text, kind)
		measured(attribute.value())
	}
	return md5Hex(text)
}
