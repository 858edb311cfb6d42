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

// audit collects the evidence and prints every violation of an invariant.
func (o operator) audit(ctx context.Context, given []string) error {
	flags := o.newFlags("audit", "")
	allowDeadLetters := flags.Bool("allow-dead-letters", false, "dead letters are no violation")
	asJSON := flags.Bool("json", false, "print one JSON object, and no text")
	flags.BoolVar(allowDeadLetters, "allow-letters", false, "the same as -allow-dead-letters")
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
	if *allowDeadLetters {
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
	orders, events := len(collected.Tables[contract.SourceOrder].Records), len(collected.Published)
	if *asJSON {
		return errors.Join(printJSON(o, []shownAudit{{Orders: orders, Events: events, Violations: append([]audit.Violation{}, violations...)}}), violated(violations))
	}
	for _, violation := range violations {
		if _, err := fmt.Fprintln(o.stdout, printable.Line(violation.String())); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(o.stdout, "orders: %d, events: %d, violations: %d\n", orders, events, len(violations)); err != nil {
		return err
	}
	return violated(violations)
}

// shownAudit is what is shown of an audit as JSON.
type shownAudit struct {
	Orders     int               `json:"orders"`
	Events     int               `json:"events"`
	Violations []audit.Violation `json:"violations"`
}

// violated returns an error that counts the invariants which are violated.
func violated(violations []audit.Violation) error {
	invariants := make(map[int]bool)
	for _, violation := range violations {
		invariants[violation.Invariant] = true
	}
	switch len(invariants) {
	case 0:
		return nil
	case 1:
		return errors.New("1 invariant is violated")
	default:
		return fmt.Errorf("%d invariants are violated", len(invariants))
	}
}
