package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/evidence"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/replay"
	"example.com/saga/operator/rule"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/printable"
)

// archiveLag is the longest time, by the documentation of AWS, until an event is in the
// archive.
const archiveLag = 10 * time.Minute

// replayed is what is replayed, and the destination.
type replayed struct {
	to, order   string
	from, until time.Time
	dryRun      bool
	// erased includes the events of erased orders.
	erased bool
	asJSON bool
}

// replay sends the events of a time or of an order to one context again.
func (o operator) replay(ctx context.Context, given []string) error {
	var what replayed
	var from, until string
	flags := o.newFlags("replay", "")
	flags.StringVar(&what.to, "to", "", "the bounded `context` that gets the events, such as Payment")
	flags.StringVar(&what.order, "order", "", "replay the events of the order with this `id`")
	flags.StringVar(&from, "from", "", "replay what happened from this `time` on, such as 2026-11-25T10:00:00Z")
	flags.StringVar(&until, "until", "", "replay what happened before this `time` (default now)")
	flags.BoolVar(&what.dryRun, "dry-run", false, "only print what would be done")
	flags.BoolVar(&what.asJSON, "json", false, "print one JSON object a line")
	flags.BoolVar(&what.erased, "erased", false, "replay the events of erased orders to Notification or Observability, too")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	if err := what.read(from, until, o.clock()); err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	destination, err := replay.Find(ctx, eventbridge.NewFromConfig(config), found, what.to)
	if err != nil {
		return err
	}
	if err := what.checkErased(ctx, dynamodb.NewFromConfig(config), found); err != nil {
		return err
	}
	if what.order != "" {
		return o.replayOrder(ctx, config, found, destination, what)
	}
	return o.replayTime(ctx, eventbridge.NewFromConfig(config), found, destination, what)
}

// read parses the times. An error is returned if an option is missing or does not fit.
func (r *replayed) read(from, until string, now time.Time) (err error) {
	switch {
	case r.to == "":
		return errors.New("name the destination with -to")
	case r.order == "" && from == "":
		return errors.New("name the events with -order or -from")
	case r.order != "" && from+until != "":
		return errors.New("use either -order, or -from and -until")
	case r.order != "":
		return nil
	}
	if r.from, err = timeOf("-from", from); err != nil {
		return err
	}
	r.until = now
	if until != "" {
		if r.until, err = timeOf("-until", until); err != nil {
			return err
		}
	}
	if !r.from.Before(r.until) {
		return fmt.Errorf("-from %s is not before -until %s", stamp(r.from), stamp(r.until))
	}
	return nil
}

func timeOf(flag, text string) (time.Time, error) {
	read, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return read, fmt.Errorf("%s %q is not a time such as 2026-11-25T10:00:00Z", flag, text)
	}
	return read, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// replayTime starts a replay of the archive by EventBridge, and waits until it has ended.
func (o operator) replayTime(ctx context.Context, client replay.Replays, in stack.Stack, to replay.Destination, what replayed) error {
	// The name is unique: no two replays begin in the same millisecond.
	name := fmt.Sprintf("%s-%s", to.Name, o.clock().UTC().Format("20060102T150405.000Z"))
	if what.until.After(o.clock().Add(-archiveLag)) && !in.Local() {
		o.warn("an event may take ten minutes to the archive: replay the last ten minutes again then")
	}
	for _, queue := range to.FIFOQueues() {
		o.warn("%s drops events that it got in the last five minutes, also those of a replay: use -order for them", queue)
	}
	if what.dryRun {
		o.warn("the events from %s until %s would be replayed to", stamp(what.from), stamp(what.until))
		return o.printRules(to.Rules, what.asJSON)
	}
	if err := to.Start(ctx, client, name, what.from, what.until); err != nil {
		return err
	}
	return replay.Await(ctx, client, name, func(now replay.Progress) error {
		if what.asJSON {
			return printJSON(o, []shownReplay{{Replay: name, State: now.State, Reached: now.Reached}})
		}
		reached := ""
		if !now.Reached.IsZero() {
			reached = ", has reached " + stamp(now.Reached)
		}
		_, err := fmt.Fprintln(o.stdout, printable.Line(fmt.Sprintf("replay %s is %s%s", name, now.State, reached)))
		return err
	})
}

// printRules prints the rules that deliver a replay.
func (o operator) printRules(rules []rule.Rule, asJSON bool) error {
	rows := [][]string{{"RULE", "TARGET"}}
	var lines []shownRule
	for _, r := range rules {
		line := shownRule{Rule: r.Path}
		for _, target := range r.Targets {
			line.Targets = append(line.Targets, aws.ToString(target.Arn))
		}
		lines = append(lines, line)
		rows = append(rows, []string{line.Rule, strings.Join(line.Targets, " ")})
	}
	if asJSON {
		return printJSON(o, lines)
	}
	return o.printTable(rows)
}

// shownRule is what is shown of a rule as JSON.
type shownRule struct {
	Rule    string   `json:"rule"`
	Targets []string `json:"targets"`
}

// shownReplay is what is shown of the progress of a replay as JSON.
type shownReplay struct {
	Replay  string    `json:"replay"`
	State   string    `json:"state"`
	Reached time.Time `json:"reached,omitzero"`
}

// replayOrder reads an order's events from the event log, because EventBridge can only
// replay all events of a time, and delivers them as the rules would.
func (o operator) replayOrder(ctx context.Context, config aws.Config, in stack.Stack, to replay.Destination, what replayed) error {
	outcomes, err := deliverOrder(ctx, config, in, to, what)
	if err != nil {
		return err
	}
	if len(outcomes) == 0 {
		o.warn("the order has events, and none is for %s", to.Name)
		return nil
	}
	failed, err := o.printOutcomes(outcomes, what.dryRun, what.asJSON, "not sent", func(m deadletter.Message) string { return m.Content().ID })
	if err == nil && failed > 0 {
		return fmt.Errorf("%d of %d events were not sent", failed, len(outcomes))
	}
	return err
}

// deliverOrder delivers the events of an order to a context.
func deliverOrder(ctx context.Context, config aws.Config, in stack.Stack, to replay.Destination, what replayed) ([]redrive.Outcome, error) {
	events, err := evidence.OfOrder(ctx, cloudwatchlogs.NewFromConfig(config), in, what.order)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("the event log has no events of an order %q: if it is older than the log, replay its time with -from and -until", what.order)
	}
	messages, err := to.DeadLetters(ctx, eventbridge.NewFromConfig(config), events, rand.Text)
	if err != nil {
		return nil, err
	}
	deliverer := newDeliverer(config, to.Rules)
	outcomes := make([]redrive.Outcome, len(messages))
	for i, m := range messages {
		outcomes[i] = deliverer.Deliver(ctx, m, what.dryRun)
	}
	return outcomes, nil
}
