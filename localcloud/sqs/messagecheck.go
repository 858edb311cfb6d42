package sqs

import (
	"strings"
	"time"
	"unicode/utf8"
)

// checkMessage returns an error for a message that the queue cannot accept. The
// group id of a FIFO queue is checked before, because its absence is a
// different error in a batch.
func checkMessage(q *store, in *SendMessageInput) error {
	switch {
	case in.MessageBody == "":
		return missing("MessageBody")
	case !validText(in.MessageBody):
		return fail("InvalidMessageContents", invalidText)
	case messageSize(in) > q.MaximumMessageSize:
		return fail("InvalidParameterValue",
			"One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaximumMessageSize)
	}
	if err := checkDelay(q, in.DelaySeconds); err != nil {
		return err
	}
	if err := checkAttributes(in.MessageAttributes); err != nil {
		return err
	}
	if err := checkSystemAttributes(in.MessageSystemAttributes); err != nil {
		return err
	}
	return checkIDs(q, in)
}

func checkDelay(q *store, seconds *int) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 || *seconds > int(maximumDelay/time.Second) {
		return invalid("DelaySeconds", *seconds, "DelaySeconds must be >= 0 and <= 900.")
	}
	if q.FIFO && *seconds > 0 {
		return invalid("DelaySeconds", *seconds, "The request include parameter that is not valid for this queue type.")
	}
	return nil
}

func checkIDs(q *store, in *SendMessageInput) error {
	if in.MessageGroupId != "" && !validID(in.MessageGroupId) {
		return invalid("MessageGroupId", in.MessageGroupId,
			"MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if in.MessageDeduplicationId == "" {
		if q.FIFO && !q.ContentBasedDeduplication {
			return fail("InvalidParameterValue",
				"The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		return nil
	}
	if !q.FIFO {
		return invalid("MessageDeduplicationId", in.MessageDeduplicationId,
			"The request includes a parameter that is not valid for this queue type.")
	}
	if !validID(in.MessageDeduplicationId) {
		return invalid("MessageDeduplicationId", in.MessageDeduplicationId,
			"MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	return nil
}

// validID reports whether an id has only letters, digits and ASCII punctuation:
// no spaces.
func validID(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

const invalidText = "Invalid characters found. Valid unicode characters are " +
	"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// validText reports whether a body or the text of an attribute has only valid
// characters
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
