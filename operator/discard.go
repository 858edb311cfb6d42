package main

import (
	"context"
	"fmt"
	"slices"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
)

// discard removes the dead letters of a queue. Its output is a copy of them.
func (o operator) discard(ctx context.Context, given []string) error {
	flags := o.newFlags("discard", "QUEUE")
	id := flags.String("id", "", "discard only the dead letter with this `id`")
	dryRun := flags.Bool("dry-run", false, "only print what would be discarded, as dlq does")
	asJSON := flags.Bool("json", false, "with -dry-run, print JSON lines, whole, and no table")
	name, err := flags.parseOne(given, "queue", o.stdout)
	if err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	reader, queue, err := openQueue(ctx, config, found, name)
	if err != nil {
		return err
	}
	if *dryRun {
		return o.showDiscarded(ctx, reader, queue, *id, *asJSON)
	}
	return o.discardAll(ctx, reader, queue, *id)
}

// showDiscarded prints the dead letters that would be discarded.
func (o operator) showDiscarded(ctx context.Context, reader dlq.Reader, queue deadletter.Queue, id string, asJSON bool) error {
	found, err := reader.Read(ctx, queue)
	if err != nil {
		return err
	}
	var chosen []dlq.DeadLetter
	for _, d := range found {
		if id == "" || d.ID == id {
			chosen = append(chosen, d)
		}
	}
	if id != "" && len(chosen) == 0 {
		return fmt.Errorf("%w %s in %s", deadletter.ErrNotFound, id, queue.Name)
	}
	return o.printDeadLetters(chosen, asJSON)
}

// discardAll prints each dead letter whole, as a line of JSON, and then removes it.
func (o operator) discardAll(ctx context.Context, reader dlq.Reader, queue deadletter.Queue, id string) error {
	count, err := queue.Count(ctx)
	if err != nil {
		return err
	}
	// Read at once, they need one search for their last errors.
	found, err := reader.Read(ctx, queue)
	if err != nil {
		return err
	}
	removed, err := queue.Discard(ctx, id, func(m deadletter.Message) error {
		if i := slices.IndexFunc(found, func(d dlq.DeadLetter) bool { return d.ID == m.ID }); i >= 0 {
			return printJSON(o, []shown{showDeadLetter(found[i])})
		}
		explained, err := reader.Explain(ctx, queue.Name, m)
		if err != nil {
			return err
		}
		return printJSON(o, []shown{showDeadLetter(explained)})
	})
	o.warn("%d of %d dead letters in %s are discarded", removed, count, queue.Name)
	return err
}
