// Command observer shows every event on the Global bus as it comes, read from
// the observability queue: one line each, coloured and aligned on a terminal,
// and one CloudEvent in JSON otherwise. Against AWS, as the environment has it, or
// against the local cloud that -endpoint names, whatever the environment has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/term"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/printable"
)

// attempts is how often a request is tried when AWS throttles or the network is
// away, with the backoff of the SDK: it tells after some ten seconds, at most.
const attempts = 5

func main() {
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "observer:", printable.Line(strings.ReplaceAll(err.Error(), "\n", "; ")))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string) error {
	options, err := parse(args, getenv, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg, err := options.aws(ctx)
	if err != nil {
		return err
	}
	o := &observer{
		queue:   sqs.NewFromConfig(cfg),
		url:     options.queueURL,
		filter:  options.filter,
		printer: jsonLines{os.Stdout},
		logger:  slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		o.printer = terminal{out: os.Stdout, colour: options.colour}
	}
	return o.run(ctx)
}

type options struct {
	queueURL string
	// endpoint is that of a local cloud; empty is AWS.
	endpoint string
	filter   filter
	// colour tells whether a terminal may be coloured.
	colour bool
}

// localRegion is any Region: a local cloud has one only.
const localRegion = "local"

// aws returns the configuration of the client of the queue.
func (o options) aws(ctx context.Context) (aws.Config, error) {
	if o.endpoint == "" {
		return awsconfig.Load(ctx, config.WithRetryMaxAttempts(attempts))
	}
	at := awsconfig.At(o.endpoint, localRegion)
	at.RetryMaxAttempts = attempts
	return at, nil
}

// parse reads the flags. The help goes to the given writer.
func parse(args []string, getenv func(string) string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("observer", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.queueURL, "queue-url", getenv("QUEUE_URL"), "`URL` of the observability queue (default $QUEUE_URL)")
	flags.StringVar(&o.endpoint, "endpoint", "", "AWS endpoint `URL` of the local cloud; without it the environment says where AWS is")
	flags.StringVar(&o.filter.order, "order", "", "show only the events of the order with this `id`")
	flags.StringVar(&o.filter.eventType, "type", "", "show only the events whose type matches this `pattern`, such as 'payment.*'")
	plain := flags.Bool("no-color", getenv("NO_COLOR") != "", "no colours on a terminal (default if $NO_COLOR is set)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(help)
			//nolint:errcheck // There is nowhere else to tell.
			fmt.Fprintln(help, "usage: observer [flags]")
			flags.PrintDefaults()
		}
		return o, err
	}
	o.colour = !*plain
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see -help", flags.Arg(0))
	}
	if o.queueURL == "" {
		return o, errors.New("name the observability queue with -queue-url or in QUEUE_URL: " +
			"its URL is the output ObservabilityQueueUrl of the stack")
	}
	if _, err := path.Match(o.filter.eventType, ""); err != nil {
		return o, fmt.Errorf("-type %q is not a pattern: %w", o.filter.eventType, err)
	}
	return o, nil
}
