package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/rule"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
)

// redrive sends the dead letters of a queue to their original destinations.
func (o operator) redrive(ctx context.Context, given []string) error {
	var options redrive.Options
	flags := o.newFlags("redrive", "QUEUE")
	flags.StringVar(&options.ID, "id", "", "redrive only the dead letter with this `id`")
	flags.BoolVar(&options.DryRun, "dry-run", false, "only print what would be done")
	flags.IntVar(&options.Most, "max", deadletter.Maximum, "redrive so `many` dead letters at most")
	invalid := flags.Bool("invalid", false, "send what its destination can never handle, too")
	asJSON := flags.Bool("json", false, "print one JSON object a line, and no table")
	switch err := flags.parse(given, 1, o.stdout); {
	case err != nil:
		return err
	case flags.NArg() == 0:
		return fmt.Errorf("say which queue: %w", errUsage)
	case options.Most < 1 || options.Most > deadletter.Maximum:
		return fmt.Errorf("-max %d is not between 1 and %d: %w", options.Most, deadletter.Maximum, errUsage)
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(config)
	queue, err := queueOf(client, found, flags.Arg(0))
	if err != nil {
		return err
	}
	redriver, err := newRedriver(ctx, config, found)
	if err != nil {
		return err
	}
	if *invalid {
		redriver.Check = nil
	}
	options.Planned = o.warnOfInvalid
	count, err := queue.Count(ctx)
	if err != nil {
		return err
	}
	outcomes, err := redriver.Redrive(ctx, queue, options)
	if err := errors.Join(o.printRedriven(outcomes, options.DryRun, *asJSON), err); err != nil {
		return err
	}
	if len(outcomes) == 0 {
		o.warn("no dead letter is in %s, or another receiver has them", queue.Name)
		return nil
	}
	if rest := count - len(outcomes); options.ID == "" && rest > 0 {
		o.warn("%d more were not tried: more than the maximum, or behind others of their message group; run it again", rest)
	}
	return nil
}

func newRedriver(ctx context.Context, config aws.Config, in stack.Stack) (*redrive.Redriver, error) {
	rules, err := rule.DescribeAll(ctx, eventbridge.NewFromConfig(config), in.Rules)
	if err != nil {
		return nil, err
	}
	r := newDeliverer(config, rules)
	if r.Sources, err = deadletter.FindSources(ctx, r.Queues, in.Queues); err != nil {
		return nil, err
	}
	if r.Owners, err = redrive.FindOwners(ctx, r.Functions, in.Functions); err != nil {
		return nil, err
	}
	language, err := contract.NewLanguage()
	r.Check = redrive.HandledBy(language)
	return r, err
}

// warnOfInvalid prints, before anything is sent, how many dead letters can never be handled.
func (o operator) warnOfInvalid(planned []redrive.Outcome) {
	invalid := 0
	for _, outcome := range planned {
		if errors.Is(outcome.Err, redrive.ErrNeverHandled) {
			invalid++
		}
	}
	if invalid > 0 {
		o.warn("%d of %d can never be handled and stay: discard them, or send them with -invalid", invalid, len(planned))
	}
}

// newDeliverer returns a Redriver that delivers to the targets of these rules only.
func newDeliverer(config aws.Config, rules []rule.Rule) *redrive.Redriver {
	return &redrive.Redriver{
		Queues:    sqs.NewFromConfig(config),
		Buses:     eventbridge.NewFromConfig(config),
		Functions: lambda.NewFromConfig(config),
		Rules:     rules,
	}
}

// printRedriven prints the outcome of each dead letter. An error is returned if any
// stays in the queue.
func (o operator) printRedriven(outcomes []redrive.Outcome, dryRun, asJSON bool) error {
	stayed, err := o.printOutcomes(outcomes, dryRun, asJSON, "stays", func(m deadletter.Message) string { return m.ID })
	if err == nil && stayed > 0 {
		return fmt.Errorf("%d of %d dead letters stay in the queue", stayed, len(outcomes))
	}
	return err
}

// shownOutcome is what is shown of an outcome as JSON.
type shownOutcome struct {
	ID     string             `json:"id"`
	Event  deadletter.Content `json:"event"`
	Result string             `json:"result"`
	To     string             `json:"to,omitempty"`
	Reason string             `json:"reason,omitempty"`
}

// printOutcomes prints the outcome of each dead letter under its name, and returns how
// many were not sent.
func (o operator) printOutcomes(outcomes []redrive.Outcome, dryRun, asJSON bool, notSent string, name func(deadletter.Message) string) (int, error) {
	sent, failed := "sent", 0
	if dryRun {
		sent = "would be sent"
	}
	rows, lines := make([][]string, len(outcomes)), make([]shownOutcome, len(outcomes))
	for i, outcome := range outcomes {
		line := shownOutcome{ID: name(outcome.Message), Event: outcome.Message.Content(), Result: sent, To: outcome.To}
		result := sent + " to " + outcome.To
		if outcome.Err != nil {
			failed++
			line.Result, line.Reason = notSent, outcome.Err.Error()
			result = notSent + ": " + dlq.RootFirst(line.Reason)
		}
		rows[i], lines[i] = []string{line.ID, typeOf(line.Event), result}, line
	}
	if asJSON {
		return failed, printJSON(o, lines)
	}
	return failed, o.printTable(rows)
}
