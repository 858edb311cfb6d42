package cloud_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/loss"
)

// recorded sends the records of the function's asynchronous invocations to destinations,
// which its role allows, and tries each event once.
func recorded(destinations string) func(resources) {
	return func(r resources) {
		r["Recorded"] = decode(`{"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
			"FunctionName": {"Ref": "Worker"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0, "DestinationConfig": ` + destinations + `}}`)
		r["RecordedPolicy"] = decode(`{"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "recorded", "Roles": [{"Ref": "WorkerRole"}],
			"PolicyDocument": {"Statement": [
				{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
				{"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": ["Inner", "Arn"]}},
				{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["Worker", "Arn"]}}]}}}`)
	}
}

const toQueue = `{"Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}`

// record is a record without what differs in every run.
type record struct {
	Version        string
	RequestContext struct {
		FunctionARN            string
		Condition              string
		ApproximateInvokeCount int
	}
	RequestPayload  struct{ Source string }
	ResponseContext struct {
		StatusCode      int
		ExecutedVersion string
		FunctionError   string
	}
	ResponsePayload any
}

func recordOf(t *testing.T, text string) record {
	t.Helper()
	var got record
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAQueueGetsTheRecordsOfAsynchronousInvocations(t *testing.T) {
	want := func(condition, failure string, payload any) record {
		var w record
		w.Version = "1.0"
		w.RequestContext.FunctionARN, w.RequestContext.Condition, w.RequestContext.ApproximateInvokeCount = ":$LATEST", condition, 1
		w.RequestPayload.Source = "inner"
		w.ResponseContext.StatusCode, w.ResponseContext.ExecutedVersion, w.ResponseContext.FunctionError = 200, "$LATEST", failure
		w.ResponsePayload = payload
		return w
	}
	for name, test := range map[string]struct {
		destinations, detail string
		want                 record
	}{
		"that succeed": {`{"OnSuccess": ` + toQueue + `}`, `{}`, want("Success", "", map[string]any{"batchItemFailures": []any{}})},
		"that fail": {`{"OnFailure": ` + toQueue + `}`, `{"fail": true}`, want("RetriesExhausted", "Unhandled", map[string]any{
			"errorType": "Runtime.ExitError", "errorMessage": "RequestId: ID Error: Runtime exited with error: exit status 1",
		})},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, recorded(test.destinations))
			s.publish(t, "inner", test.detail)
			text := *s.only(t, "DeadLetters").Body
			var ids struct {
				RequestContext struct{ RequestID, FunctionARN string }
			}
			if err := json.Unmarshal([]byte(text), &ids); err != nil || ids.RequestContext.RequestID == "" {
				t.Fatal(text, err)
			}
			arn := ids.RequestContext.FunctionARN
			if !strings.HasPrefix(arn, "arn:aws:lambda:eu-west-1:000000000000:function:") {
				t.Errorf("the function is %s", arn)
			}
			got := recordOf(t, strings.NewReplacer(strings.TrimSuffix(arn, ":$LATEST"), "", ids.RequestContext.RequestID, "ID").Replace(text))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the record is (-want +got):\n%s", diff)
			}
			if lost := s.Usage(t.Context()).Lost; lost != 0 {
				t.Errorf("%d events are lost", lost)
			}
		})
	}
}

func TestABusGetsARecordAsAnEventOfLambda(t *testing.T) {
	config := configOf(assembled(t, recorded(`{"OnSuccess": {"Destination": {"Fn::GetAtt": ["Inner", "Arn"]}}}`)))
	events := make(chan eventbridge.Event, 10)
	config.Observe = func(_ string, e eventbridge.Event) { events <- e }
	s := startWith(t, config)
	s.publish(t, "inner", `{}`)
	for e := range events {
		if e.Source != "lambda" {
			continue
		}
		if e.DetailType != "Lambda Function Invocation Result - Success" || recordOf(t, string(e.Detail)).RequestContext.Condition != "Success" ||
			len(e.Resources) != 2 || !strings.HasSuffix(e.Resources[0], ":event-bus/inner") || !strings.HasSuffix(e.Resources[1], ":$LATEST") {
			t.Errorf("the event is %+v", e)
		}
		return
	}
}

func TestAFunctionGetsARecord(t *testing.T) {
	s := start(t, recorded(`{"OnFailure": {"Destination": {"Fn::GetAtt": ["Worker", "Arn"]}}}`))
	s.publish(t, "inner", `{"fail": true}`)
	if got := s.Usage(t.Context()).Functions["Shop/Worker"].Invocations; got != 2 {
		t.Errorf("the function is invoked %d times, want with the event and with the record", got)
	}
}

func TestARecordThatItsDestinationDoesNotAcceptIsLost(t *testing.T) {
	for _, destination := range []string{"OnSuccess", "OnFailure"} {
		config := configOf(assembled(t, recorded(`{"`+destination+`": {"Destination": {"Fn::GetAtt": ["Bus", "Arn"]}}}`)))
		losses := make(chan loss.Loss, 10)
		config.Lost = func(l loss.Loss) { losses <- l }
		s := startWith(t, config)
		s.publish(t, "inner", map[string]string{"OnSuccess": `{}`, "OnFailure": `{"fail": true}`}[destination])
		if got := <-losses; !strings.Contains(got.Reason, "event-bus/shop does not accept the record: AccessDeniedException") {
			t.Errorf("%s: the loss is %+v", destination, got)
		}
	}
}

func TestADestinationThatTheRoleMayNotUseIsRefused(t *testing.T) {
	for destination, want := range map[string]string{
		`{"Fn::GetAtt": ["Undelivered", "Arn"]}`: "the provided execution role does not have permissions to call SendMessage on SQS",
		`"arn:aws:sqs:eu-west-1:000000000000:x"`: "the destination arn:aws:sqs:eu-west-1:000000000000:x is not in the stack",
		`{"Fn::GetAtt": ["Ordered", "Arn"]}`:     "a FIFO queue cannot be the destination of a function",
		`"arn:aws:sns:eu-west-1:000000000000:x"`: `property DestinationConfig.OnSuccess.Destination: only queues, event buses and functions are supported by the local cloud, not "arn:aws:sns:eu-west-1:000000000000:x"`,
	} {
		if got := refused(t, func(r resources) {
			recorded(`{"OnSuccess": {"Destination": ` + destination + `}}`)(r)
			r["Ordered"] = decode(`{"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`)
		}); !strings.Contains(got, want) {
			t.Errorf("the error is %s, want %s", got, want)
		}
	}
}
