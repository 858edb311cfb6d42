package lambdaapp

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/tracing"
)

func environment() map[string]string {
	return map[string]string{
		"SERVICE_NAME":          "payment",
		"TABLE_NAME":            "payment-dedup",
		"EVENT_BUS_NAME":        "global",
		"LOG_LEVEL":             "INFO",
		"METRICS_NAMESPACE":     "saga-test",
		"RETENTION":             "360h",
		"DEAD_LETTER_QUEUE_URL": "https://sqs.example.com/1/payment-dead",
		"QUEUE_URL":             "https://sqs.example.com/1/payment",
		"IMMEDIATE_QUEUE_URL":   "https://sqs.example.com/1/payment-now",

		"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
	}
}

// settingsOf reads the settings of an environment.
func settingsOf(variables map[string]string) (settings, error) {
	return readSettings(func(name string) (string, bool) {
		value, isSet := variables[name]
		return value, isSet
	})
}

func TestTheSettingsAreReadFromTheEnvironment(t *testing.T) {
	got, err := settingsOf(environment())
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		service: "payment", table: "payment-dedup", bus: "global", logLevel: "INFO", metricsNamespace: "saga-test",
		deadLetterQueueURL: "https://sqs.example.com/1/payment-dead", queueURL: "https://sqs.example.com/1/payment",
		immediateQueueURL: "https://sqs.example.com/1/payment-now",
		xrayDaemon:        "127.0.0.1:2000", sampler: tracing.ParentBased(), retention: 360 * time.Hour,
		dueRead: 1, dueWritten: 1,
	}
	if got != want {
		t.Errorf("read %+v, expected %+v", got, want)
	}
}

func TestEveryMissingVariableIsNamedAtOnce(t *testing.T) {
	_, err := settingsOf(nil)
	if err == nil {
		t.Fatal("nothing is missing")
	}
	lines := strings.Split(err.Error(), "\n")
	names := []string{"SERVICE_NAME", "TABLE_NAME", "EVENT_BUS_NAME", "LOG_LEVEL", "METRICS_NAMESPACE", "RETENTION"}
	if len(lines) != len(names) {
		t.Errorf("%d problems: %v", len(lines), err)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestOneMissingVariableIsNamedAlone(t *testing.T) {
	variables := environment()
	delete(variables, "TABLE_NAME")
	if _, err := settingsOf(variables); err == nil || err.Error() != "the environment variable TABLE_NAME is not set" {
		t.Errorf("the error is %v", err)
	}
}

func TestAFunctionBehindHTTPHasNoDeadLetterQueue(t *testing.T) {
	variables := environment()
	delete(variables, "DEAD_LETTER_QUEUE_URL")
	if _, err := settingsOf(variables); err != nil {
		t.Error(err)
	}
}

// fakeSQS is an SQS client that keeps the URL of the queue whose messages are
// delayed.
type fakeSQS struct{ url string }

func (f *fakeSQS) ChangeMessageVisibilityBatch(
	_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	f.url = *in.QueueUrl
	return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
}

func TestOnlyAFunctionWithAQueueDelaysFailedMessages(t *testing.T) {
	if backoff, err := newBackoff(&fakeSQS{}, "", ""); backoff != nil || err != nil {
		t.Errorf("without a queue there is the backoff %v, %v", backoff, err)
	}
	const main, immediate = "https://sqs.example.com/1/payment", "https://sqs.example.com/1/payment-now"
	for _, test := range []struct {
		urls       []string
		from, want string
	}{{[]string{main, ""}, "payment", main}, {[]string{main, immediate}, "payment", main}, {[]string{main, immediate}, "payment-now", immediate}} {
		client := &fakeSQS{}
		backoff, err := newBackoff(client, test.urls...)
		if err != nil {
			t.Fatal(err)
		}
		failed := events.SQSMessage{EventSourceARN: "arn:aws:sqs:eu-west-1:1:" + test.from, Attributes: map[string]string{"ApproximateReceiveCount": "1"}}
		if err := backoff.Delay(t.Context(), [][]events.SQSMessage{{failed}}); err != nil || client.url != test.want {
			t.Errorf("with the queues %q, messages of %q are delayed, %v", test.urls, client.url, err)
		}
	}
}

func TestAHandlerNeedsTheDeadLetterQueue(t *testing.T) {
	handle := func(context.Context, []event.Delivery) []error { return nil }
	app := &App{Logger: slog.New(slog.DiscardHandler), queues: &sqs.Client{}}
	if _, err := app.Handler(handle); err == nil || err.Error() != "the environment variable DEAD_LETTER_QUEUE_URL is not set" {
		t.Errorf("without a dead-letter queue the error is %v", err)
	}
	for _, queueURL := range []string{"", "https://sqs.example.com/1/payment"} {
		app.deadLetterQueueURL, app.queueURL = "https://sqs.example.com/1/payment-dead", queueURL
		if _, err := app.Handler(handle); err != nil {
			t.Errorf("with the queue %q: %v", queueURL, err)
		}
	}
}

func TestAHandlerHasTheDecoderOfTheFunction(t *testing.T) {
	var body string
	app := &App{Logger: slog.New(slog.DiscardHandler), queues: &sqs.Client{}, deadLetterQueueURL: "https://sqs.example.com/1/payment-dead"}
	app.Decode = func(m decode.Message) (event.Event, error) {
		body = m.Body
		return event.Event{
			ID: "e-1", Source: "partner", Type: "partner.paid", Subject: "o-1", CorrelationID: "o-1", Time: time.Unix(1, 0),
			DataSchema: "https://example.com/paid/1", Data: json.RawMessage("{}"),
		}, nil
	}
	handler, err := app.Handler(func(_ context.Context, deliveries []event.Delivery) []error { return make([]error, len(deliveries)) })
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handler.Batch(t.Context(), json.RawMessage(`{"Records":[{"messageId":"m-1","eventSource":"aws:sqs","body":"paid"}]}`))
	if err != nil || len(answer.BatchItemFailures) != 0 || body != "paid" {
		t.Errorf("the decoder got %q, the answer is %v, %v", body, answer, err)
	}
}

func TestAFunctionWithAnEmptyNamespaceWritesNoMetrics(t *testing.T) {
	variables := environment()
	variables["METRICS_NAMESPACE"] = ""
	got, err := settingsOf(variables)
	if err != nil || got.metricsNamespace != "" {
		t.Errorf("the namespace is %q, %v", got.metricsNamespace, err)
	}
}

func TestAFunctionRunsWithoutADaemonAndItsTracesHaveIDs(t *testing.T) {
	for name, test := range map[string]struct{ address, log string }{
		"no daemon":                 {"", ""},
		"an address without a port": {"nowhere", "no traces are sent"},
		"a daemon that is down":     {"127.0.0.1:9", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			tracer := newTracer(t.Context(), settings{service: "payment", xrayDaemon: test.address, sampler: tracing.ParentBased()}, slog.New(slog.NewTextHandler(&log, nil)))
			ctx, span := tracer.Start(t.Context(), "work")
			defer span.End()
			if tracing.Parent(ctx) == "" {
				t.Error("there is no trace")
			}
			if got := log.String(); (got == "") != (test.log == "") || !strings.Contains(got, test.log) {
				t.Errorf("the log is %q", got)
			}
		})
	}
}

func TestAShareOfTheTracesIsSampledIndependentOfLambda(t *testing.T) {
	for share, want := range map[string][2]bool{"0": {false, false}, "1": {true, true}, "": {false, true}} {
		variables := environment()
		variables["TRACED_SHARE"] = share
		s, err := settingsOf(variables)
		if err != nil {
			t.Fatal(err)
		}
		tracer := newTracer(t.Context(), s, slog.New(slog.DiscardHandler))
		for n, flags := range []string{"00", "01"} {
			ctx, span := tracer.Start(tracing.Continue(t.Context(), "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-"+flags), "work")
			if got := strings.HasSuffix(tracing.Parent(ctx), "-01"); got != want[n] {
				t.Errorf("a share of %q, invoked with the flags %s: sampled is %t", share, flags, got)
			}
			span.End()
		}
	}
}

func TestAnInvalidShareIsRefused(t *testing.T) {
	for _, share := range []string{"5 %", "1.5", "-0.1", "NaN"} {
		variables := environment()
		variables["TRACED_SHARE"] = share
		if _, err := settingsOf(variables); err == nil || !strings.Contains(err.Error(), "TRACED_SHARE") || !strings.Contains(err.Error(), share) {
			t.Errorf("%q: the error is %v", share, err)
		}
	}
}

func TestAnInvalidRetentionIsRefused(t *testing.T) {
	for _, value := range []string{"15 days", "360", "-360h", "0s"} {
		variables := environment()
		variables["RETENTION"] = value
		if _, err := settingsOf(variables); err == nil || !strings.Contains(err.Error(), "RETENTION") || !strings.Contains(err.Error(), value) {
			t.Errorf("%q: the error is %v", value, err)
		}
	}
}

func TestAnInvalidNumberOfPartitionsIsRefused(t *testing.T) {
	for _, name := range []string{"DUE_PARTITIONS_READ", "DUE_PARTITIONS_WRITTEN"} {
		for _, value := range []string{"0", "-1", "many"} {
			variables := environment()
			variables[name] = value
			if _, err := settingsOf(variables); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
				t.Errorf("%s is %q: the error is %v", name, value, err)
			}
		}
	}
}

func TestAPartitionThatIsWrittenAndNotReadIsRefused(t *testing.T) {
	variables := environment()
	variables["DUE_PARTITIONS_READ"], variables["DUE_PARTITIONS_WRITTEN"] = "4", "5"
	if _, err := settingsOf(variables); err == nil || !strings.Contains(err.Error(), "must be read") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheEnvironmentHasTheNumberOfPartitionsOfWhatIsDue(t *testing.T) {
	variables := environment()
	variables["DUE_PARTITIONS_READ"], variables["DUE_PARTITIONS_WRITTEN"] = "32", "16"
	if s, err := settingsOf(variables); err != nil || s.dueRead != 32 || s.dueWritten != 16 {
		t.Errorf("%d are read and %d written, %v", s.dueRead, s.dueWritten, err)
	}
}

func TestADurationIsReadByName(t *testing.T) {
	t.Setenv("DEADLINE", "24h")
	if got, err := Duration("DEADLINE"); err != nil || got != 24*time.Hour {
		t.Errorf("the duration is %s, %v", got, err)
	}
	for value, want := range map[string]string{"": "DEADLINE is not set", "soon": "soon", "-1h": "-1h"} {
		t.Setenv("DEADLINE", value)
		if _, err := Duration("DEADLINE"); err == nil || !strings.Contains(err.Error(), "DEADLINE") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v", value, err)
		}
	}
}
