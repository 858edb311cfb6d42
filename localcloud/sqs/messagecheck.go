package sqs

import (
	"cmp"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// checkMessage returns an error for a message that the queue cannot accept. The group id
// of a FIFO queue is checked before, because its absence is a different error in a batch.
func checkMessage(q *store, in *SendMessageInput) error {
	switch delay := valueOr(in.DelaySeconds, 0); {
	case in.MessageBody == "":
		return missing("MessageBody")
	case !validText(in.MessageBody):
		return fail("InvalidMessageContents", invalidText)
	case messageSize(in) > q.MaximumMessageSize:
		return fail("InvalidParameterValue",
			"One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaximumMessageSize)
	case delay < 0 || delay > int(maximumDelay/time.Second):
		return invalid("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900.")
	case q.FIFO && delay > 0:
		return invalid("DelaySeconds", delay, "The request include parameter that is not valid for this queue type.")
	}
	return cmp.Or(
		checkAttributes(in.MessageAttributes),
		checkSystemAttributes(in.MessageSystemAttributes),
		checkIDs(q, in.MessageGroupId, in.MessageDeduplicationId),
	)
}

func checkIDs(q *store, group, dedup string) error {
	const reason = " can only include alphanumeric and punctuation characters. 1 to 128 in length."
	switch {
	case group != "" && !messageID.MatchString(group):
		return invalid("MessageGroupId", group, "MessageGroupId"+reason)
	case dedup == "" && q.FIFO && !q.ContentBasedDeduplication:
		return fail("InvalidParameterValue",
			"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case dedup != "" && !q.FIFO:
		return invalid("MessageDeduplicationId", dedup, "The request includes a parameter that is not valid for this queue type.")
	case dedup != "" && !messageID.MatchString(dedup):
		return invalid("MessageDeduplicationId", dedup, "MessageDeduplicationId"+reason)
	}
	return nil
}

// messageID has letters, digits and ASCII punctuation: no spaces.
var messageID = regexp.MustCompile(`^[!-~]{1,128}$`)

const invalidText = "Invalid characters found. Valid unicode characters are " +
	"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// validText reports whether a body or the text of an attribute has only valid characters
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html).
func validText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		control := r < 0x20 && r != '\t' && r != '\n' && r != '\r'
		return control || r == 0xFFFE || r == 0xFFFF
	})
}

// messageSize returns the bytes that count towards the limit: the body and the
// attributes.
func messageSize(in *SendMessageInput) int {
	size := len(in.MessageBody)
	for name, attribute := range in.MessageAttributes {
		size += len(name) + len(attribute.DataType) + len(attribute.value())
	}
	return size
}
