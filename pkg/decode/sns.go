package decode

import (
	"encoding/base64"
	"fmt"
	"strings"

	"example.com/saga/pkg/event"
)

// notification is a message of a topic as a queue gets it without raw message delivery
// (https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html).
type notification struct {
	Type              string
	TopicArn          string
	Message           *string
	MessageAttributes map[string]struct{ Type, Value string }
}

// InSNS decodes what was published to an SNS topic, and is in a queue that subscribes to
// it, with another decoder. The message attributes are those of the publication. With raw
// message delivery the queue has the publication itself, which is decoded as it is: so the
// setting can be changed while messages are in the queue.
//
// event.ErrInvalid is returned for other messages of a topic, such as the confirmation of
// a subscription. SNS invokes functions in another form, which is not supported: put a
// queue between them.
func InSNS(content Decoder) Decoder {
	return func(m Message) (event.Event, error) {
		n, err := read[notification]("", m.Body)
		if err != nil || n.TopicArn == "" {
			return content(m)
		}
		if n.Type != "Notification" || n.Message == nil {
			return event.Event{}, fmt.Errorf("%w: it is a message of SNS of type %q, and not a Notification with a Message", event.ErrInvalid, n.Type)
		}
		unwrapped := Message{Body: *n.Message, Attributes: make(map[string]string)}
		for name, attribute := range n.MessageAttributes {
			value := attribute.Value
			if strings.HasPrefix(attribute.Type, "Binary") {
				decoded, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					return event.Event{}, fmt.Errorf("%w: the message attribute %s: %w", event.ErrInvalid, name, err)
				}
				value = string(decoded)
			}
			unwrapped.Attributes[name] = value
		}
		return content(unwrapped)
	}
}
