package decode_test

import (
	"fmt"
	"time"

	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/event"
)

// show prints what was decoded.
func show(e event.Event, err error) {
	if err == nil {
		err = event.Check(e)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Type, "of", e.Source, "about", e.Subject, "with", string(e.Data))
}

// A rule of EventBridge sends CloudEvents to a topic of SNS, and a queue subscribes to it.
func Example() {
	decoder := decode.InSNS(decode.InEventBridge(decode.CloudEvent))
	show(decoder(decode.Message{Body: `{
		"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:bookings", "Timestamp": "2026-03-04T05:06:08Z",
		"Message": "{\"id\": \"e-1\", \"source\": \"booking\", \"detail-type\": \"booking.made\", \"time\": \"2026-03-04T05:06:07Z\", \"detail\": {` +
		`\"specversion\": \"1.0\", \"id\": \"b-1\", \"source\": \"booking\", \"type\": \"booking.made\", \"subject\": \"stay-7\", \"time\": \"2026-03-04T05:06:07Z\",` +
		`\"dataschema\": \"https://example.com/booking/1\", \"correlationid\": \"stay-7\", \"data\": {\"nights\":3}}}"
	}`}))
	// Output: booking.made of booking about stay-7 with {"nights":3}
}

// S3 announces a new object
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html). The id is derived
// from the object, because EventBridge chooses another one if S3 sends the event twice.
func ExampleEventBridge() {
	type created struct {
		Object struct {
			Key     string `json:"key"`
			Version string `json:"sequencer"`
		} `json:"object"`
	}
	decoder := decode.EventBridge(func(e event.Event, c created) (event.Event, error) {
		e.ID = event.DeriveID(e.Source, c.Object.Key, c.Object.Version)
		e.Source, e.Type = "archive", "archive.object-created"
		e.Subject, e.CorrelationID = c.Object.Key, c.Object.Key
		e.DataSchema = "https://example.com/object-created/1"
		return e, nil
	})
	show(decoder(decode.Message{Body: `{
		"version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
		"account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1", "resources": [],
		"detail": {"object":{"key":"stay-7.pdf","sequencer":"0062E99A88DC407460"}}
	}`}))
	// Output: archive.object-created of archive about stay-7.pdf with {"object":{"key":"stay-7.pdf","sequencer":"0062E99A88DC407460"}}
}

// A partner sends its own JSON, to which the function gives the attributes of an event.
func ExampleJSON() {
	type booking struct {
		Number string    `json:"bookingNumber"`
		Stay   string    `json:"stay"`
		At     time.Time `json:"bookedAt"`
	}
	decoder := decode.JSON(func(e event.Event, b booking) (event.Event, error) {
		e.ID, e.Source, e.Type = b.Number, "partner", "partner.booking-made"
		e.Subject, e.CorrelationID, e.Time = b.Stay, b.Stay, b.At
		e.DataSchema = "https://example.com/partner-booking/1"
		return e, nil
	})
	show(decoder(decode.Message{Body: `{"bookingNumber":"p-1","stay":"stay-7","bookedAt":"2026-03-04T05:06:07Z"}`}))
	show(decoder(decode.Message{Body: `{"bookingNumber":"p-1","stay":"stay 7","bookedAt":"2026-03-04T05:06:07Z"}`}))
	// Output:
	// partner.booking-made of partner about stay-7 with {"bookingNumber":"p-1","stay":"stay-7","bookedAt":"2026-03-04T05:06:07Z"}
	// invalid event: subject is missing or not 1 to 100 letters, digits and . _ : -
}

// In binary mode the attributes of an event are message attributes, and its data is the
// body.
func ExampleCloudEvent() {
	show(decode.CloudEvent(decode.Message{Body: `{"nights":3}`, Attributes: map[string]string{
		"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "booking", "ce-type": "booking.made", "ce-subject": "stay-7",
		"ce-time": "2026-03-04T05:06:07Z", "ce-dataschema": "https://example.com/booking/1", "ce-correlationid": "stay-7",
	}}))
	// Output: booking.made of booking about stay-7 with {"nights":3}
}
