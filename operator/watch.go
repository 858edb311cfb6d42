package main

import (
	"context"
	"fmt"
	"path"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/terminal"
	"example.com/saga/operator/watch"
)

// eventQueue is the construct path of the observability queue.
const eventQueue = "Observability/Queue"

// watchAttempts is how often watch tries a request when AWS throttles or the network
// is down, with the backoff of the SDK: some ten seconds at most, before it ends with
// the error.
const watchAttempts = 5

// watch shows the events of the Global bus from now on.
func (o operator) watch(ctx context.Context, given []string) error {
	var filter watch.Filter
	flags := o.newFlags("watch", "")
	flags.StringVar(&filter.Order, "order", "", "show only the events of the order with this `id`")
	flags.StringVar(&filter.Type, "type", "", "show only the events whose type matches this `pattern`, such as 'payment.*'")
	asJSON := flags.Bool("json", false, "print each event whole, as one CloudEvent in JSON a line")
	noColor := flags.Bool("no-color", false, "print no colours on a terminal (default if $NO_COLOR is set)")
	queue := flags.Bool("queue", false, "read the observability queue instead of the event log, and delete what was shown: "+
		"each event goes to one reader of the queue only")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	if _, err := path.Match(filter.Type, ""); err != nil {
		return fmt.Errorf("-type %q is not a pattern: %w", filter.Type, errUsage)
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	config.RetryMaxAttempts = watchAttempts
	var printer watch.Printer = terminal.Lines{Out: o.stdout, Color: o.color && !*noColor}
	if *asJSON {
		printer = terminal.JSON{Out: o.stdout}
	}
	show := func(message string) error { return watch.Show(message, filter, printer) }
	if *queue {
		url, exists := found.Queues[eventQueue]
		if !exists {
			return fmt.Errorf("the stack has no %s: the setting ObservabilityQueue is off", eventQueue)
		}
		o.warn("showing the events in %s; each goes to one reader only, so another reader and this one get a part each", eventQueue)
		return watch.Queue{Client: sqs.NewFromConfig(config), URL: url, Warn: o.warn}.Follow(ctx, show)
	}
	group, err := found.EventLog()
	if err != nil {
		return err
	}
	log := watch.Log{Client: cloudwatchlogs.NewFromConfig(config), Group: group, Clock: o.clock}
	return log.Follow(ctx, func() { o.warn("showing the events in %s from now on", group) }, show)
}
