package main

import (
	"context"
	"errors"
	"fmt"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/evidence"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/printable"
)

// audit collects the evidence and tells every invariant that does not hold.
func (o operator) audit(ctx context.Context, given []string) error {
	flags := o.newFlags("audit", "")
	allowLetters := flags.Bool("allow-letters", false, "letters in dead-letter queues are no violation")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	collected, err := evidence.Collect(ctx, config, found)
	if err != nil {
		return err
	}
	if *allowLetters {
		collected.DeadLetters = nil
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return err
	}
	violations, err := audit.Audit(language, collected)
	if err != nil {
		return err
	}
	for _, violation := range violations {
		if _, err := fmt.Fprintln(o.stdout, printable.Line(violation.String())); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(o.stdout, "orders: %d, events: %d, violations: %d\n",
		len(collected.Tables[contract.SourceOrder].Records), len(collected.Published), len(violations)); err != nil {
		return err
	}
	if len(violations) > 0 {
		return errors.New("the saga left something wrong behind")
	}
	return nil
}
