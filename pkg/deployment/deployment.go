// Package deployment gives a Lambda function what its stack deployed for it:
// the settings in its environment, made into clients, store and publisher.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/eventbridge"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

// Deployment is what a function works with.
type Deployment struct {
	// AWS is the configuration of clients.
	AWS aws.Config
	// Table is the name of the context's dedup table.
	Table     string
	DynamoDB  *dynamodb.Client
	Store     *dynamo.Store
	Publisher *eventbridge.Publisher
	Language  *contract.Language
	Logger    *slog.Logger
	// Tracer starts the spans of the function's service.
	Tracer trace.Tracer

	retention time.Duration
	queues    *sqs.Client
	// What a function behind HTTP, or without a queue of its own, does not have.
	deadLetterQueueURL, queueURL string
}

// settings are the environment variables that the stack sets.
type settings struct {
	service, table, bus, logLevel string
	metricsNamespace              string
	deadLetterQueueURL, queueURL  string
	xrayDaemon                    string
	sampler                       sdktrace.Sampler
	retention                     time.Duration
}

// Main runs a function's main until it ends, and makes an error the last line
// and the exit code of the process.
func Main(run func(ctx context.Context, d *Deployment) error) {
	ctx := context.Background()
	d, err := load(ctx)
	if err == nil {
		err = run(ctx, d)
	}
	if err != nil {
		slog.ErrorContext(ctx, "the function cannot run", slog.String("error", err.Error()))
		os.Exit(1)
	}
}

// Participant makes the participant of the bounded context that the function
// belongs to, of what the context itself says and of what was deployed for it.
func Participant[S any](d *Deployment, context participant.Config[S]) (*participant.Participant[S], error) {
	context.Store = d.Store
	context.Publisher = d.Publisher
	context.Language = d.Language
	context.Retention = d.retention
	context.TraceParent = tracing.Parent
	return participant.New(context)
}

// Handler makes the handler of the events that the function is invoked with. It
// needs the function's dead-letter queue.
func (d *Deployment) Handler(handle worker.Handle) (*worker.Handler, error) {
	if d.deadLetterQueueURL == "" {
		return nil, errors.New("the environment variable DEAD_LETTER_QUEUE_URL is not set")
	}
	deadLetters, err := worker.NewDeadLetterQueue(d.queues, d.deadLetterQueueURL)
	if err != nil {
		return nil, err
	}
	backoff, err := newBackoff(d.queues, d.queueURL)
	if err != nil {
		return nil, err
	}
	return worker.New(worker.Config{
		Handle: handle, DeadLetters: deadLetters, Backoff: backoff, Logger: d.Logger, Tracer: d.Tracer,
	})
}

func load(ctx context.Context) (*Deployment, error) {
	s, err := read(os.Getenv)
	if err != nil {
		return nil, err
	}
	logger, err := telemetry.NewLogger(os.Stdout, s.metricsNamespace, s.service, s.logLevel)
	if err != nil {
		return nil, err
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	config, err := awsconfig.Load(ctx)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(config)
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(config), Bus: s.bus})
	if err != nil {
		return nil, err
	}
	return &Deployment{
		AWS:       config,
		Table:     s.table,
		DynamoDB:  client,
		Store:     dynamo.NewStore(client, s.table),
		Publisher: publisher,
		Language:  language,
		Logger:    logger,
		Tracer:    newTracer(ctx, s, logger),

		retention:          s.retention,
		queues:             sqs.NewFromConfig(config),
		deadLetterQueueURL: s.deadLetterQueueURL,
		queueURL:           s.queueURL,
	}, nil
}

// newTracer makes the tracer of the function's service. Its spans go to the
// daemon that Lambda runs beside a function with active tracing. A trace is not
// worth a function that does not run.
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
	return tracing.NewProvider(s.service, s.sampler, exporter).Tracer("example.com/saga")
}

// newBackoff delays the failed messages of the function's queue, if it has one.
func newBackoff(client worker.Hider, url string) (worker.Backoff, error) {
	if url == "" {
		return nil, nil
	}
	return worker.NewVisibilityBackoff(client, url, nil)
}

// read takes the settings out of the environment and names all that are
// missing. A function behind HTTP has no dead-letter queue, only one behind a
// queue of its own can have its failed messages delayed, where nobody traces there
// is no daemon, and only where traces begin is it decided which are sampled.
func read(getenv func(string) string) (settings, error) {
	var problems []error
	required := func(name string) string {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("the environment variable %s is not set", name))
		}
		return value
	}
	s := settings{
		service:            required("SERVICE_NAME"),
		table:              required("TABLE_NAME"),
		bus:                required("EVENT_BUS_NAME"),
		logLevel:           required("LOG_LEVEL"),
		metricsNamespace:   required("METRICS_NAMESPACE"),
		deadLetterQueueURL: getenv("DEAD_LETTER_QUEUE_URL"),
		queueURL:           getenv("QUEUE_URL"),
		xrayDaemon:         getenv("AWS_XRAY_DAEMON_ADDRESS"), // Lambda sets it.
	}
	var unsampled, forgetful error
	s.sampler, unsampled = sampler(getenv("TRACED_SHARE"))
	s.retention, forgetful = duration("RETENTION", getenv)
	return s, errors.Join(append(problems, unsampled, forgetful)...)
}

// sampler samples a share of all traces. The trace id decides, so that all that
// is ever done about an order is sampled or none of it, and Lambda does not: it
// samples the first invocation of a second and 5 % of the others, and cannot be
// told otherwise (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html).
func sampler(share string) (sdktrace.Sampler, error) {
	if share == "" {
		return tracing.Followed(), nil
	}
	read, err := strconv.ParseFloat(share, 64)
	if err != nil || !(read >= 0 && read <= 1) {
		return nil, fmt.Errorf("the environment variable TRACED_SHARE is %q, not a share from 0 to 1", share)
	}
	return sdktrace.TraceIDRatioBased(read), nil
}

// Duration reads an environment variable that only some functions have, such
// as 24h.
func Duration(name string) (time.Duration, error) {
	return duration(name, os.Getenv)
}

func duration(name string, getenv func(string) string) (time.Duration, error) {
	value := getenv(name)
	if value == "" {
		return 0, fmt.Errorf("the environment variable %s is not set", name)
	}
	read, err := time.ParseDuration(value)
	if err != nil || read <= 0 {
		return 0, fmt.Errorf("the environment variable %s is %q, not a time such as 360h", name, value)
	}
	return read, nil
}
