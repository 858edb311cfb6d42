// Package lambdaapp makes what a Lambda function of a bounded context runs on: it reads
// the settings in the function's environment, and makes clients, store, publisher,
// logger and tracer with them.
//
// The environment variables, of which those without a remark must be set:
//
//	SERVICE_NAME             the service in logs, metrics and traces
//	TABLE_NAME               the context's table, see package dynamo
//	EVENT_BUS_NAME           the bus to publish to
//	LOG_LEVEL                DEBUG, INFO, WARN or ERROR
//	METRICS_NAMESPACE        set, but may be empty: then the function writes no metrics
//	RETENTION                see participant.Config, such as 360h
//	DEAD_LETTER_QUEUE_URL    for Handler
//	QUEUE_URL, IMMEDIATE_QUEUE_URL
//	                         optional: the function's queues, whose failed messages are
//	                         delayed
//	TRACED_SHARE             optional: the share of traces to sample, 0 to 1; by default
//	                         as the parent span was
//	DUE_PARTITIONS_READ, DUE_PARTITIONS_WRITTEN
//	                         optional: see dynamo.DuePartitions; by default 1
//	AWS_XRAY_DAEMON_ADDRESS  Lambda sets it if the function is traced
//
// The construct infra/boundedcontext sets them, but for DUE_PARTITIONS_*, and gives the
// function the permissions: dynamodb:GetItem, PutItem and UpdateItem on the table
// (BatchGetItem for batches, Query on its indexes), events:PutEvents on the bus,
// sqs:SendMessage on the dead-letter queue and sqs:ChangeMessageVisibility on the
// function's queues.
//
// A whole function is in examples/consumer of this repository. The start calls no service.
// What an event costs is in the documentation of package dynamo.
package lambdaapp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/decode"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/eventbridge"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

// App is what a function runs on.
type App struct {
	// AWS is the configuration of clients.
	AWS aws.Config
	// Table is the name of the context's table.
	Table     string
	DynamoDB  *dynamodb.Client
	Store     *dynamo.Store
	Publisher *eventbridge.Publisher
	Language  Language
	Logger    *slog.Logger
	// Tracer starts the spans of the function's service.
	Tracer trace.Tracer
	// Decode is the worker.Config.Decode of Handler. It is nil, for CloudEvents in
	// structured mode, unless the function sets it.
	Decode decode.Decoder

	retention time.Duration
	queues    *sqs.Client
	// deadLetterQueueURL is empty for a function behind HTTP, queueURL for a function
	// without a queue of its own, and immediateQueueURL for one with a single queue.
	deadLetterQueueURL, queueURL, immediateQueueURL string
}

// Language is the published language of the system that the function belongs to. A
// *language.Language is one.
type Language interface {
	participant.Language
	// Words returns the words of the language that records have, see dynamo.Vocabulary.
	Words() []string
	// SubjectName returns the name of an event's subject in logs and traces, such as
	// order_id. If it is empty, the name is subject.
	SubjectName() string
}

// settings are the environment variables that the stack sets.
type settings struct {
	service, table, bus, logLevel string
	metricsNamespace              string
	deadLetterQueueURL            string
	queueURL, immediateQueueURL   string
	xrayDaemon                    string
	sampler                       sdktrace.Sampler
	retention                     time.Duration
	dueRead, dueWritten           int
}

// Main makes a language and an App, and calls run with it. An error of any of them is
// logged and ends the process with exit code 1.
func Main[L Language](newLanguage func() (L, error), run func(ctx context.Context, app *App) error) {
	ctx := context.Background()
	if err := start(ctx, newLanguage, run); err != nil {
		slog.ErrorContext(ctx, "the function cannot run", slog.String("error", err.Error()))
		os.Exit(1)
	}
}

func start[L Language](ctx context.Context, newLanguage func() (L, error), run func(context.Context, *App) error) error {
	language, err := newLanguage()
	if err != nil {
		return err
	}
	app, err := New(ctx, language)
	if err != nil {
		return err
	}
	return run(ctx, app)
}

// Participant makes the participant of the bounded context that the function
// belongs to. It sets Store, Publisher, Language, Retention and TraceParent of the
// config; the rest is the context's own.
func Participant[S any](app *App, config participant.Config[S]) (*participant.Participant[S], error) {
	config.Store = app.Store
	config.Publisher = app.Publisher
	config.Language = app.Language
	config.Retention = app.retention
	config.TraceParent = tracing.Parent
	return participant.New(config)
}

// Handler makes the handler of the events that the function is invoked with. An
// error is returned if the function has no dead-letter queue.
func (app *App) Handler(handle worker.HandleBatch) (*worker.Handler, error) {
	if app.deadLetterQueueURL == "" {
		return nil, errors.New("the environment variable DEAD_LETTER_QUEUE_URL is not set")
	}
	deadLetters, err := worker.NewDeadLetterQueue(app.queues, app.deadLetterQueueURL)
	if err != nil {
		return nil, err
	}
	backoff, err := newBackoff(app.queues, app.queueURL, app.immediateQueueURL)
	if err != nil {
		return nil, err
	}
	return worker.New(worker.Config{
		HandleBatch: handle, Decode: app.Decode, DeadLetters: deadLetters, Backoff: backoff, Logger: app.Logger, Tracer: app.Tracer,
	})
}

// New makes an App from the environment variables of the process. The error names every
// variable that is missing or invalid.
func New(ctx context.Context, language Language) (*App, error) {
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	logger, err := telemetry.NewLogger(os.Stdout, telemetry.Config{
		Service: s.service, Level: s.logLevel, Namespace: s.metricsNamespace, Subject: language.SubjectName(),
	})
	if err != nil {
		return nil, err
	}
	vocabulary, err := dynamo.NewVocabulary(language.Words()...)
	if err != nil {
		return nil, err
	}
	config, err := awsconfig.FromEnvironment(ctx)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(config)
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(config), Bus: s.bus})
	if err != nil {
		return nil, err
	}
	return &App{
		AWS:       config,
		Table:     s.table,
		DynamoDB:  client,
		Store:     dynamo.NewStore(client, s.table, vocabulary, dynamo.DuePartitions(s.dueRead, s.dueWritten)),
		Publisher: publisher,
		Language:  language,
		Logger:    logger,
		Tracer:    tracing.NameSubject(newTracer(ctx, s, logger), language.SubjectName()),

		retention:          s.retention,
		queues:             sqs.NewFromConfig(config),
		deadLetterQueueURL: s.deadLetterQueueURL,
		queueURL:           s.queueURL,
		immediateQueueURL:  s.immediateQueueURL,
	}, nil
}

// newTracer makes the tracer of the function's service. Its spans are sent to the
// X-Ray daemon, whose address Lambda sets. The function runs without a daemon too,
// because a trace matters less than an event.
func newTracer(ctx context.Context, s settings, logger *slog.Logger) trace.Tracer {
	var exporter sdktrace.SpanExporter
	if s.xrayDaemon != "" {
		daemon, err := tracing.NewDaemon(ctx, s.xrayDaemon, logger)
		if err != nil {
			logger.WarnContext(ctx, "no traces are sent", slog.String("error", err.Error()))
		} else {
			exporter = daemon
		}
	}
	return tracing.NewProvider(s.service, s.sampler, exporter).Tracer("example.com/saga/pkg/lambdaapp")
}

// newBackoff makes the backoff of the function's queues, or nil if it has none. The
// URL of a queue that it does not have is empty.
func newBackoff(client worker.VisibilityChanger, urls ...string) (worker.Backoff, error) {
	urls = slices.DeleteFunc(urls, func(url string) bool { return url == "" })
	if len(urls) == 0 {
		return nil, nil
	}
	return worker.NewVisibilityBackoff(client, urls, nil)
}

// readSettings reads the settings from the environment. The error names all that
// are missing. Some are optional: a function behind HTTP has no dead-letter queue;
// only a function behind queues of its own can delay failed messages; and only a
// function in which traces begin, or one that is never traced, decides which of them
// are sampled. METRICS_NAMESPACE must be set, so that metrics are not lost by mistake:
// empty, the function writes none.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	var problems []error
	getenv := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	require := func(name string, isSet bool) {
		if !isSet {
			problems = append(problems, fmt.Errorf("the environment variable %s is not set", name))
		}
	}
	required := func(name string) string {
		value := getenv(name)
		require(name, value != "")
		return value
	}
	namespace, hasNamespace := lookup("METRICS_NAMESPACE")
	require("METRICS_NAMESPACE", hasNamespace)
	s := settings{
		service:            required("SERVICE_NAME"),
		table:              required("TABLE_NAME"),
		bus:                required("EVENT_BUS_NAME"),
		logLevel:           required("LOG_LEVEL"),
		metricsNamespace:   namespace,
		deadLetterQueueURL: getenv("DEAD_LETTER_QUEUE_URL"),
		queueURL:           getenv("QUEUE_URL"),
		immediateQueueURL:  getenv("IMMEDIATE_QUEUE_URL"),
		xrayDaemon:         getenv("AWS_XRAY_DAEMON_ADDRESS"), // Lambda sets it.
	}
	var shareErr, retentionErr, readErr, writtenErr error
	s.sampler, shareErr = newSampler(getenv("TRACED_SHARE"))
	s.retention, retentionErr = readDuration("RETENTION", getenv)
	s.dueRead, readErr = readPartitions("DUE_PARTITIONS_READ", getenv)
	s.dueWritten, writtenErr = readPartitions("DUE_PARTITIONS_WRITTEN", getenv)
	if readErr == nil && s.dueWritten > s.dueRead {
		writtenErr = fmt.Errorf("the environment variable DUE_PARTITIONS_WRITTEN is %d, and DUE_PARTITIONS_READ %d: what is written must be read", s.dueWritten, s.dueRead)
	}
	return s, errors.Join(append(problems, shareErr, retentionErr, readErr, writtenErr)...)
}

// readPartitions reads a number of partitions, which is 1 if the variable is not set.
func readPartitions(name string, getenv func(string) string) (int, error) {
	value := cmp.Or(getenv(name), "1")
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("the environment variable %s is %q, not a number of partitions", name, value)
	}
	return n, nil
}

// newSampler makes a sampler of a share of all traces, by trace id, so that all
// the work for an order is sampled or none of it. It ignores the decision of
// Lambda, which samples the first invocation of a second and 5 % of the others and
// has no setting for that
// (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html). Without a
// share it is tracing.ParentBased.
func newSampler(share string) (sdktrace.Sampler, error) {
	if share == "" {
		return tracing.ParentBased(), nil
	}
	fraction, err := strconv.ParseFloat(share, 64)
	if err != nil || !(fraction >= 0 && fraction <= 1) {
		return nil, fmt.Errorf("the environment variable TRACED_SHARE is %q, not a share from 0 to 1", share)
	}
	return sdktrace.TraceIDRatioBased(fraction), nil
}

// Duration reads a duration such as 24h from an environment variable that only
// some functions have. An error is returned if it is not set or not positive.
func Duration(name string) (time.Duration, error) {
	return readDuration(name, os.Getenv)
}

func readDuration(name string, getenv func(string) string) (time.Duration, error) {
	value := getenv(name)
	if value == "" {
		return 0, fmt.Errorf("the environment variable %s is not set", name)
	}
	parsed, err := time.ParseDuration(value)
	if err != nil || parsed <= 0 {
		return 0, fmt.Errorf("the environment variable %s is %q, not a duration such as 360h", name, value)
	}
	return parsed, nil
}
