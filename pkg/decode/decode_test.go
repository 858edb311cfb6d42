package decode_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/event"
)

// structured is an event in structured mode.
const structured = `{"specversion":"1.0","id":"b-1","source":"booking","type":"booking.made","subject":"stay-7",` +
	`"time":"2026-03-04T05:06:07Z","dataschema":"https://example.com/booking/1","correlationid":"stay-7","data":{"nights":3}}`

// made is that event.
func made() event.Event {
	return event.Event{
		ID: "b-1", Source: "booking", Type: "booking.made", Subject: "stay-7", Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		DataSchema: "https://example.com/booking/1", CorrelationID: "stay-7", Data: json.RawMessage(`{"nights":3}`),
	}
}

// binary are its attributes in binary mode.
func binary() map[string]string {
	return map[string]string{
		"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "booking", "ce-type": "booking.made", "ce-subject": "stay-7",
		"ce-time": "2026-03-04T05:06:07Z", "ce-dataschema": "https://example.com/booking/1", "ce-correlationid": "stay-7",
	}
}

// with returns the attributes with one more or other.
func with(attributes map[string]string, name, value string) map[string]string {
	attributes[name] = value
	return attributes
}

func without(attributes map[string]string, name string) map[string]string {
	delete(attributes, name)
	return attributes
}

// inEventBridge returns an event of EventBridge with the detail
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html).
func inEventBridge(source, detailType, detail string) string {
	return `{"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "` + detailType + `", "source": "` + source + `",
		"account": "111122223333", "time": "2017-12-22T18:43:48Z", "region": "us-west-1", "resources": [], "detail": ` + detail + `}`
}

// terminated is the example of AWS on the same page.
func terminated() string {
	return inEventBridge("aws.ec2", "EC2 Instance State-change Notification", `{"instance-id": "i-1234567890abcdef0", "state": "terminated"}`)
}

// inSNS returns a message as SNS puts it into a queue without raw message delivery
// (https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html).
func inSNS(t *testing.T, message string, attributes map[string]map[string]string) string {
	t.Helper()
	members := map[string]any{
		"Type": "Notification", "MessageId": "dc1e94d9-56c5-5e96-808d-cc7f68faa162", "TopicArn": "arn:aws:sns:us-east-2:111122223333:ExampleTopic1",
		"Subject": "TestSubject", "Message": message, "Timestamp": "2021-02-16T21:41:19.978Z", "SignatureVersion": "1", "Signature": "FMG5tlZhJNHLHUXvZgtZzlk24FzVa7oX0T4P03neeXw==",
		"SigningCertURL": "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
		"UnsubscribeURL": "https://sns.us-east-2.amazonaws.com/?Action=Unsubscribe",
	}
	if attributes != nil {
		members["MessageAttributes"] = attributes
	}
	encoded, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// inAttributes returns attributes as SNS wraps them.
func inAttributes(attributes map[string]string) map[string]map[string]string {
	wrapped := make(map[string]map[string]string)
	for name, value := range attributes {
		wrapped[name] = map[string]string{"Type": "String", "Value": value}
	}
	return wrapped
}

// instance is what the tests take from the detail of terminated.
type instance struct {
	ID string `json:"instance-id"`
}

// complete sets what the events of AWS have not.
func complete(e event.Event, i instance) (event.Event, error) {
	if i.ID == "" {
		return event.Event{}, errors.New("it has no instance")
	}
	e.Source, e.Subject, e.CorrelationID, e.DataSchema = "ec2", i.ID, i.ID, "https://example.com/instance/1"
	return e, nil
}

func assertDecoded(t *testing.T, want, got event.Event, err error) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the event (-want +got):\n%s%v", diff, err)
	}
}

func TestAnEventIsReadInEachForm(t *testing.T) {
	inBus := inEventBridge("booking", "booking.made", structured)
	raw := decode.Message{Body: `{"nights":3}`, Attributes: binary()}
	for name, c := range map[string]struct {
		decoder decode.Decoder
		message decode.Message
	}{
		"structured":                           {decode.CloudEvent, decode.Message{Body: structured}},
		"structured, with a type":              {decode.CloudEvent, decode.Message{Body: structured, Attributes: map[string]string{"content-type": event.ContentType}}},
		"structured, with attributes":          {decode.CloudEvent, decode.Message{Body: structured, Attributes: with(binary(), "Content-Type", "application/cloudevents+json")}},
		"structured, with others":              {decode.CloudEvent, decode.Message{Body: structured, Attributes: map[string]string{"tenant": "t-1"}}},
		"binary":                               {decode.CloudEvent, raw},
		"binary, with white space":             {decode.CloudEvent, decode.Message{Body: " {\"nights\":\n3}", Attributes: binary()}},
		"binary, with a type":                  {decode.CloudEvent, decode.Message{Body: raw.Body, Attributes: with(binary(), "content-type", "application/json; charset=utf-8")}},
		"binary, with an extension":            {decode.CloudEvent, decode.Message{Body: raw.Body, Attributes: with(binary(), "ce-priority", "1")}},
		"binary, with others":                  {decode.CloudEvent, decode.Message{Body: raw.Body, Attributes: with(binary(), "Tenant", "100%")}},
		"binary, in upper case":                {decode.CloudEvent, decode.Message{Body: raw.Body, Attributes: with(without(binary(), "ce-id"), "Ce-Id", "b-1")}},
		"binary, percent-encoded":              {decode.CloudEvent, decode.Message{Body: raw.Body, Attributes: with(binary(), "ce-id", "%62%2d1")}},
		"in EventBridge":                       {decode.InEventBridge(decode.CloudEvent), decode.Message{Body: inBus}},
		"in SNS":                               {decode.InSNS(decode.CloudEvent), decode.Message{Body: inSNS(t, structured, nil)}},
		"in SNS, raw":                          {decode.InSNS(decode.CloudEvent), decode.Message{Body: structured}},
		"in SNS, binary":                       {decode.InSNS(decode.CloudEvent), decode.Message{Body: inSNS(t, raw.Body, inAttributes(raw.Attributes))}},
		"in SNS, binary and raw":               {decode.InSNS(decode.CloudEvent), raw},
		"in EventBridge in SNS":                {decode.InSNS(decode.InEventBridge(decode.CloudEvent)), decode.Message{Body: inSNS(t, inBus, nil)}},
		"in EventBridge in SNS, raw":           {decode.InSNS(decode.InEventBridge(decode.CloudEvent)), decode.Message{Body: inBus}},
		"in SNS in SNS":                        {decode.InSNS(decode.InSNS(decode.CloudEvent)), decode.Message{Body: inSNS(t, inSNS(t, structured, nil), nil)}},
		"a function of the caller's own":       {func(decode.Message) (event.Event, error) { return made(), nil }, decode.Message{}},
		"in SNS, a function of the caller too": {decode.InSNS(func(decode.Message) (event.Event, error) { return made(), nil }), decode.Message{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.decoder(c.message)
			assertDecoded(t, made(), got, err)
		})
	}
}

// The example of the specification.
func TestValuesInBinaryModeArePercentDecodedOnce(t *testing.T) {
	for value, want := range map[string]string{
		"Euro%20%E2%82%AC%20%F0%9F%98%80": "Euro € 😀", "Euro €": "Euro €", "a%2520b": "a%20b", "a+b": "a+b",
	} {
		want := event.Event{ID: want}
		got, err := decode.CloudEvent(decode.Message{Body: "{}", Attributes: with(binary(), "ce-id", value)})
		assertDecoded(t, want, event.Event{ID: got.ID}, err)
	}
}

func TestTheDataInBinaryModeAreTheBodyUnchanged(t *testing.T) {
	const body = "{\"html\":\"<a href='?x&y'>\u2028</a>\",\"big\":12345678901234567}"
	got, err := decode.CloudEvent(decode.Message{Body: body, Attributes: binary()})
	want := made()
	want.Data = json.RawMessage(body)
	assertDecoded(t, want, got, err)
}

func TestAnEventOfAWSIsCompletedFromItsDetail(t *testing.T) {
	want := event.Event{
		ID: "6a7e8feb-b491-4cf7-a9f1-bf3703467718", Source: "ec2", Type: "EC2 Instance State-change Notification", Subject: "i-1234567890abcdef0",
		Time: time.Date(2017, 12, 22, 18, 43, 48, 0, time.UTC), DataSchema: "https://example.com/instance/1", CorrelationID: "i-1234567890abcdef0",
		Data: json.RawMessage(`{"instance-id": "i-1234567890abcdef0", "state": "terminated"}`),
	}
	decoder := decode.InSNS(decode.EventBridge(complete))
	for _, body := range []string{terminated(), inSNS(t, terminated(), nil)} {
		got, err := decoder(decode.Message{Body: body})
		assertDecoded(t, want, got, errors.Join(err, event.Check(got)))
	}
}

func TestAnEventOfEventBridgeBeginsWithWhatItsEnvelopeHas(t *testing.T) {
	asItIs := func(e event.Event, _ any) (event.Event, error) { return e, nil }
	got, err := decode.EventBridge(asItIs)(decode.Message{Body: inEventBridge("shop", "made", `{"a": 1}`)})
	assertDecoded(t, event.Event{
		ID: "6a7e8feb-b491-4cf7-a9f1-bf3703467718", Source: "shop", Type: "made", Time: time.Date(2017, 12, 22, 18, 43, 48, 0, time.UTC), Data: json.RawMessage(`{"a": 1}`),
	}, got, err)
}

func TestPlainJSONIsCompletedFromItself(t *testing.T) {
	got, err := decode.JSON(complete)(decode.Message{Body: `{"instance-id": "i-1", "state": "new"}`})
	assertDecoded(t, event.Event{
		Source: "ec2", Subject: "i-1", CorrelationID: "i-1", DataSchema: "https://example.com/instance/1", Data: json.RawMessage(`{"instance-id": "i-1", "state": "new"}`),
	}, got, err)
}

func TestBinaryAttributesInSNSAreTheirBytes(t *testing.T) {
	wrapped := map[string]map[string]string{
		"text": {"Type": "String", "Value": "x"}, "bytes": {"Type": "Binary", "Value": "AP8="}, "list": {"Type": "String.Array", "Value": `["a"]`},
	}
	var got map[string]string
	_, err := decode.InSNS(func(m decode.Message) (event.Event, error) { got = maps.Clone(m.Attributes); return made(), nil })(decode.Message{
		Body: inSNS(t, "x", wrapped), Attributes: map[string]string{"of": "the queue"},
	})
	if diff := cmp.Diff(map[string]string{"text": "x", "bytes": "\x00\xff", "list": `["a"]`}, got); diff != "" || err != nil {
		t.Errorf("the attributes (-want +got):\n%s%v", diff, err)
	}
}

func TestABodyThatIsNoMessageOfSNSIsDecodedAsItIs(t *testing.T) {
	const body = `{"Type":"Notification","TopicArn":"arn","Message":7}`
	got, err := decode.InSNS(decode.CloudEvent)(decode.Message{Body: body, Attributes: binary()})
	want := made()
	want.Data = json.RawMessage(body)
	assertDecoded(t, want, got, err)
}

func TestWhatCannotBeDecodedIsInvalidAndTheReasonSaysWhy(t *testing.T) {
	const data = `{"nights":3}`
	for name, c := range map[string]struct {
		decoder decode.Decoder
		message decode.Message
		want    string
	}{
		"structured, no event":        {decode.CloudEvent, decode.Message{Body: `{}`}, "not a CloudEvent 1.0"},
		"a batch of events":           {decode.CloudEvent, decode.Message{Body: `[]`, Attributes: map[string]string{"content-type": "application/cloudevents-batch+json"}}, "not a JSON object"},
		"binary, of no version":       {decode.CloudEvent, decode.Message{Body: data, Attributes: without(binary(), "ce-specversion")}, `specversion is ""`},
		"binary, of another version":  {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-specversion", "0.3")}, `specversion is "0.3"`},
		"binary, without a subject":   {decode.CloudEvent, decode.Message{Body: data, Attributes: without(binary(), "ce-subject")}, "subject is missing"},
		"binary, with a bad time":     {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-time", "today")}, `time is "today"`},
		"binary, without data":        {decode.CloudEvent, decode.Message{Attributes: binary()}, "the data is not JSON"},
		"binary, with other data":     {decode.CloudEvent, decode.Message{Body: "hello", Attributes: binary()}, "the data is not JSON"},
		"binary, with more data":      {decode.CloudEvent, decode.Message{Body: `1},"id":"x","a":{}`, Attributes: binary()}, "the data is not JSON"},
		"binary, with ambiguous data": {decode.CloudEvent, decode.Message{Body: `{"a":1,"a":2}`, Attributes: binary()}, "repeated at /data/a"},
		"binary, of another type":     {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "content-type", "text/xml")}, `datacontenttype is "text/xml"`},
		"binary, with the type twice": {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-datacontenttype", "application/json")}, "no message attribute ce-datacontenttype"},
		"binary, data in base64":      {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-data_base64", "e30=")}, "no message attribute ce-data_base64"},
		"binary, data in attributes":  {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-data", "{}")}, "no message attribute ce-data"},
		"binary, twice in two cases":  {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "CE-ID", "b-2")}, "two message attributes are ce-id"},
		"binary, badly encoded":       {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-id", "100%")}, "ce-id"},
		"binary, overlong":            {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-id", "%C0%A0")}, "not percent-encoded UTF-8"},
		"binary, with a bad name":     {decode.CloudEvent, decode.Message{Body: data, Attributes: with(binary(), "ce-my_id", "1")}, `"my_id" is not a name`},
		"no event of EventBridge":     {decode.InEventBridge(decode.CloudEvent), decode.Message{Body: structured}, "it lacks source, detail-type or detail"},
		"no source":                   {decode.EventBridge(complete), decode.Message{Body: inEventBridge("", "made", "{}")}, "it lacks source, detail-type or detail"},
		"no type":                     {decode.EventBridge(complete), decode.Message{Body: inEventBridge("shop", "", "{}")}, "it lacks source, detail-type or detail"},
		"no detail":                   {decode.EventBridge(complete), decode.Message{Body: `{"source":"shop","detail-type":"made"}`}, "it lacks source, detail-type or detail"},
		"no event in EventBridge":     {decode.InEventBridge(decode.CloudEvent), decode.Message{Body: inEventBridge("booking", "booking.made", "{}")}, "not a CloudEvent 1.0"},
		"EventBridge, not JSON":       {decode.EventBridge(complete), decode.Message{Body: "hello"}, "it is not an event of EventBridge: "},
		"EventBridge, without time":   {decode.EventBridge(complete), decode.Message{Body: strings.Replace(terminated(), "2017-12-22T18:43:48Z", "today", 1)}, "it is not an event of EventBridge: "},
		"another detail":              {decode.EventBridge(complete), decode.Message{Body: inEventBridge("shop", "made", `{"instance-id":7}`)}, "the detail: json: cannot unmarshal number"},
		"a detail twice":              {decode.EventBridge(complete), decode.Message{Body: inEventBridge("shop", "made", `{},"detail":{}`)}, "repeated at /detail"},
		"of another source":           {decode.InEventBridge(decode.CloudEvent), decode.Message{Body: inEventBridge("forged", "booking.made", structured)}, `"booking.made" of "booking" is in the envelope of "booking.made" of "forged"`},
		"of another type":             {decode.InEventBridge(decode.CloudEvent), decode.Message{Body: inEventBridge("booking", "booking.lost", structured)}, `in the envelope of "booking.lost"`},
		"plain JSON, not JSON":        {decode.JSON(complete), decode.Message{Body: "hello"}, "the body: "},
		"plain JSON, ambiguous":       {decode.JSON(complete), decode.Message{Body: `{"instance-id":"a","INSTANCE-ID":"b"}`}, "the body: "},
		"SNS, a confirmation":         {decode.InSNS(decode.CloudEvent), decode.Message{Body: strings.Replace(inSNS(t, "x", nil), `"Notification"`, `"SubscriptionConfirmation"`, 1)}, `of type "SubscriptionConfirmation"`},
		"SNS, without a message":      {decode.InSNS(decode.CloudEvent), decode.Message{Body: strings.Replace(inSNS(t, "x", nil), `"Message":`, `"Other":`, 1)}, "not a Notification with a Message"},
		"SNS, of something else":      {decode.InSNS(decode.CloudEvent), decode.Message{Body: inSNS(t, "hello", nil)}, "invalid event"},
		"SNS, with bad attributes":    {decode.InSNS(decode.CloudEvent), decode.Message{Body: inSNS(t, structured, map[string]map[string]string{"key": {"Type": "Binary", "Value": "%"}})}, "the message attribute key: "},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.decoder(c.message)
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %s; the event is %v", err, c.want, got)
			}
		})
	}
}
