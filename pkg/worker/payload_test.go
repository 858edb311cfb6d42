package worker_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// Payloads with which AWS invokes functions, shortened.
const (
	envelope    = `{"version":"0","id":"e","detail-type":"order.placed","source":"order","detail":{"specversion":"1.0"}}`
	scheduled   = `{"version":"0","id":"e","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`
	snsRecord   = `{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"MessageId":"m","Message":"{}"}}`
	sns         = `{"Records":[` + snsRecord + `]}`
	s3          = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","s3":{"bucket":{"name":"b"}}}]}`
	stream      = `{"Records":[{"eventID":"1","eventSource":"aws:dynamodb","dynamodb":{"Keys":{}}}]}`
	kinesis     = `{"Records":[{"kinesis":{"data":"e30="},"eventSource":"aws:kinesis"}]}`
	kafka       = `{"eventSource":"aws:kafka","records":{"topic-0":[{"value":"e30="}]}}`
	functionURL = `{"version":"2.0","rawPath":"/orders","requestContext":{"http":{"method":"POST"}},"body":"{}"}`
	restAPI     = `{"resource":"/","httpMethod":"POST","body":"{}"}`
	destination = `{"version":"1.0","requestContext":{"functionArn":"f"},"requestPayload":{},"responsePayload":{}}`
	logs        = `{"awslogs":{"data":"H4sI"}}`
	firehose    = `{"invocationId":"i","deliveryStreamArn":"arn","records":[{"recordId":"1","data":"e30="}]}`
	sqsRecord   = `{"messageId":"m-1","eventSource":"aws:sqs","body":"{}","attributes":{}}`
)

// assertRefused checks that the log has one line, with the error of a payload.
func assertRefused(t *testing.T, f *fixture, err error) {
	t.Helper()
	lines := f.lines(t)
	if len(lines) != 1 || lines[0]["level"] != "ERROR" || err == nil || lines[0]["error"] != err.Error() {
		t.Errorf("the log is %v, want one line with %v", lines, err)
	}
}

func TestABatchOfTheWrongKindIsAnErrorAndAcknowledgesNothing(t *testing.T) {
	const toQueue = "the target of the rule must be the function's queue"
	for payload, want := range map[string]string{
		envelope:                              "the payload is an EventBridge event in its envelope, and not a batch that Batch can handle: it has no Records: " + toQueue,
		scheduled:                             "an EventBridge event in its envelope",
		body(t, "1"):                          "the payload is a CloudEvent, and not a batch that Batch can handle: it has no Records: " + toQueue,
		sns:                                   `an event of aws:sns, and not a batch that Batch can handle: record 0 has the eventSource "aws:sns"`,
		s3:                                    "an event of aws:s3",
		stream:                                "an event of aws:dynamodb",
		kinesis:                               "an event of aws:kinesis",
		kafka:                                 "an event of aws:kafka",
		functionURL:                           "an HTTP request",
		restAPI:                               "an HTTP request",
		destination:                           "the result of another function",
		logs:                                  "a batch of CloudWatch Logs",
		firehose:                              "a batch of Amazon Data Firehose",
		`{}`:                                  "an object with the members [], and not a batch that Batch can handle: it has no Records: the event source mapping of a queue must invoke the function",
		`{"answer":42}`:                       `an object with the members ["answer"]`,
		`null`:                                "the value null",
		`42`:                                  "the value 42",
		`"hello"`:                             "a string",
		"\n []":                               "an array",
		``:                                    "not JSON",
		`{"Records":`:                         "not JSON",
		`{"Records":[]}`:                      "it has no Records",
		`{"Records":null}`:                    "it has no Records",
		`{"Records":{}}`:                      "cannot unmarshal object",
		`{"Records":[null]}`:                  `record 0 has the eventSource ""`,
		`{"Records":["x"]}`:                   "cannot unmarshal string",
		records(sqsRecord, `{}`):              `a batch of SQS messages, and not a batch that Batch can handle: record 1 has the eventSource "", and not aws:sqs: SQS sends no such messages`,
		records(sqsRecord, snsRecord):         `record 1 has the eventSource "aws:sns"`,
		records(`{"eventSource":"aws:sqs"}`):  "record 0 has no messageId",
		records(sqsRecord, withID("")):        "record 1 has no messageId",
		records(`{"messageId":"m-1"}`):        `record 0 has the eventSource ""`,
		records(`{"eventSource":"aws:sqs",1`): "not JSON",
	} {
		t.Run(want, func(t *testing.T) {
			f := newFixture(t, failing())
			response, err := f.Batch(t.Context(), json.RawMessage(payload))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error is %v", payload, err)
			}
			if len(response.BatchItemFailures)+len(f.handled)+len(f.deadLetters) != 0 {
				t.Errorf("%s: the response is %v, handled %v, dead letters %v", payload, response, f.handled, f.deadLetters)
			}
			assertRefused(t, f, err)
		})
	}
}

func TestADirectInvocationOfTheWrongKindIsAnErrorAndNoDeadLetter(t *testing.T) {
	for payload, want := range map[string]string{
		envelope:                      "the payload is an EventBridge event in its envelope, and not a CloudEvent that Direct can handle: the target's InputPath must be $.detail",
		scheduled:                     "InputPath must be $.detail",
		records(sqsRecord):            "the payload is a batch of SQS messages, and not a CloudEvent that Direct can handle: behind a queue, Batch must handle them",
		records(`null`, sqsRecord):    "a batch of SQS messages",
		records(`7`, sqsRecord):       "a batch of SQS messages",
		sns:                           "an event of aws:sns, and not a CloudEvent that Direct can handle: a rule must invoke the function, with the InputPath $.detail",
		s3:                            "an event of aws:s3",
		stream:                        "an event of aws:dynamodb",
		kinesis:                       "an event of aws:kinesis",
		kafka:                         "an event of aws:kafka",
		functionURL:                   "an HTTP request",
		restAPI:                       "an HTTP request",
		destination:                   "the result of another function",
		logs:                          "a batch of CloudWatch Logs",
		firehose:                      "a batch of Amazon Data Firehose",
		`null`:                        "the value null",
		`true`:                        "the value true",
		`"{\"specversion\":\"1.0\"}"`: "a string",
		`[` + envelope + `]`:          "an array",
		``:                            "not JSON",
		`{"specversion":"1.0"`:        "not JSON",
	} {
		t.Run(want, func(t *testing.T) {
			f := newFixture(t, failing())
			err := f.invoke(t, payload)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error is %v", payload, err)
			}
			if len(f.handled)+len(f.deadLetters) != 0 {
				t.Errorf("%s: handled %v, dead letters %v", payload, f.handled, f.deadLetters)
			}
			assertRefused(t, f, err)
		})
	}
}

// An object of unknown kind may be a malformed event.
func TestAnObjectThatIsNotAnEventIsADeadLetterOfADirectInvocation(t *testing.T) {
	for _, payload := range []string{
		`{}`, `{"answer":42}`, `{"Records":[]}`, `{"Records":[{"id":1}]}`, `{"Records":"x"}`, `{"eventSource":7}`,
		`{"detail-type":"order.placed"}`, `{"detail":{}}`,
		strings.Replace(envelope, `"version"`, `"specversion"`, 1), `{"specversion":"1.0",` + sns[1:],
	} {
		f := newFixture(t, failing())
		if err := f.invoke(t, payload); err != nil {
			t.Errorf("%s: %v", payload, err)
		}
		if len(f.deadLetters) != 1 || f.deadLetters[0].Body != payload || f.deadLetters[0].Err == nil {
			t.Errorf("%s: the dead letters are %+v", payload, f.deadLetters)
		}
	}
}

func records(all ...string) string { return `{"Records":[` + strings.Join(all, ",") + `]}` }

// withID is a record of SQS with the given id.
func withID(id string) string { return strings.Replace(sqsRecord, "m-1", id, 1) }
