package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// traced returns the function's tracing active, and lets its role do so.
func traced(r resources) {
	r.properties("Worker")["TracingConfig"] = map[string]any{"Mode": "Active"}
	document := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)
	document["Statement"] = append(document["Statement"].([]any), map[string]any{
		"Effect": "Allow", "Action": []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, "Resource": "*",
	})
}

func TestActiveTracingNeedsAPermission(t *testing.T) {
	reason := refused(t, func(r resources) { r.properties("Worker")["TracingConfig"] = map[string]any{"Mode": "Active"} })
	if !strings.Contains(reason, "its tracing is active, but its role does not allow xray:PutTraceSegments") {
		t.Errorf("the reason is %s", reason)
	}
}

func TestTheTraceOfAnEventTravelsBesideIt(t *testing.T) {
	const header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
	for name, test := range map[string]struct {
		source string
		// want is a part of a line that the function writes then.
		want string
	}{
		"to a queue, as an attribute of the message": {"queued", `"AWSTraceHeader":"` + header + `"`},
		"over two buses to a function, as its trace": {"inner", "trace Root=1-67891233-abcdef012345678912345678;Parent="},
	} {
		t.Run(name, func(t *testing.T) {
			lines := make(chan string, 100)
			config := configOf(assembled(t, traced))
			config.Log = func(_ time.Time, _, line string) { lines <- line }
			s := startWith(t, config)
			if _, err := s.events.PutEvents(t.Context(), &awseventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
				EventBusName: aws.String("shop"), Source: &test.source, DetailType: aws.String("thing"), Detail: aws.String("{}"), TraceHeader: aws.String(header),
			}}}); err != nil {
				t.Fatal(err)
			}
			s.settle(t)
			for line := range lines {
				if strings.Contains(line, test.want) {
					return
				}
			}
		})
	}
}

func TestTracesAreShown(t *testing.T) {
	s := start(t, traced)
	if status, answer := request(t, http.MethodGet, s.where.TracesURL, nil, ""); status != http.StatusOK || answer != "{\n  \"traces\": []\n}" {
		t.Errorf("the traces are answered with %d %s", status, answer)
	}
	if status, answer := request(t, http.MethodGet, s.where.TracesURL+"/1-67891233-abcdef012345678912345678", nil, ""); status != http.StatusNotFound {
		t.Errorf("an unknown trace is answered with %d %s", status, answer)
	}
}
