// Package dlq reads the dead letters of a stack, each with the whole reason why it is one.
package dlq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/stack"
)

// DeadLetter is a message in a dead-letter queue.
type DeadLetter struct {
	deadletter.Message

	// Queue is the construct path of the dead-letter queue, and Context the bounded
	// context that it belongs to.
	Queue, Context string
	Event          deadletter.Content
	// Reason is why it is a dead letter.
	Reason string
	// Attempts is how often it was tried before a queue moved it, or 0.
	Attempts int
	// LastError is the last error that the context logged about the event, of a message
	// that failed too often: SQS moves it without one.
	LastError string
}

// Why returns the reason with the last error: the root cause first, and then where it
// occurred.
func (d DeadLetter) Why() string {
	if d.LastError == "" {
		return RootFirst(d.Reason)
	}
	return RootFirst(d.Reason + ": " + d.LastError)
}

// RootFirst returns the text of a wrapped error, such as "call the provider: dial tcp:
// connection refused", with its root cause first: "connection refused (call the provider:
// dial tcp)". A colon within quotes or brackets does not count.
func RootFirst(text string) string {
	last, depth, quoted := -1, 0, false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(', r == '[', r == '{':
			depth++
		case r == ')', r == ']', r == '}':
			depth--
		case r == ':' && depth == 0 && strings.HasPrefix(text[i:], ": "):
			last = i
		}
	}
	if last < 0 || quoted || last+2 == len(text) {
		return text
	}
	return text[last+2:] + " (" + text[:last] + ")"
}

// Errors finds the last errors about events.
type Errors interface {
	// LastErrors returns the last error about each event, by its id, that the functions of
	// a bounded context logged since a time.
	LastErrors(ctx context.Context, boundedContext string, since time.Time) (map[string]string, error)
}

// Reader reads the dead-letter queues of a stack. It needs the permissions of a
// deadletter.Queue and of its Errors.
type Reader struct {
	Queues deadletter.Client
	Errors Errors
	Stack  stack.Stack
	// Sources are the queues of the stack that have a dead-letter queue.
	Sources deadletter.Sources
}

// NewReader makes a reader of the dead-letter queues of a stack.
func NewReader(ctx context.Context, queues deadletter.Client, errors Errors, in stack.Stack) (Reader, error) {
	sources, err := deadletter.FindSources(ctx, queues, in.Queues)
	return Reader{Queues: queues, Errors: errors, Stack: in, Sources: sources}, err
}

// ReadAll returns the dead letters of all queues, the oldest first.
func (r Reader) ReadAll(ctx context.Context) ([]DeadLetter, error) {
	paths := r.Stack.DeadLetterQueues()
	found, errs := make([][]DeadLetter, len(paths)), make([]error, len(paths))
	var reading sync.WaitGroup
	for i, path := range paths {
		reading.Go(func() {
			queue := deadletter.Queue{Client: r.Queues, Name: path, URL: r.Stack.Queues[path]}
			found[i], errs[i] = r.readUnlessEmpty(ctx, queue)
		})
	}
	reading.Wait()
	all := slices.Concat(found...)
	slices.SortStableFunc(all, func(a, b DeadLetter) int { return a.Sent.Compare(b.Sent) })
	return all, errors.Join(errs...)
}

// readUnlessEmpty takes a second for a queue with dead letters, as a long poll does, and a
// moment for an empty one.
func (r Reader) readUnlessEmpty(ctx context.Context, queue deadletter.Queue) ([]DeadLetter, error) {
	count, err := queue.Count(ctx)
	if err != nil || count == 0 {
		return nil, err
	}
	return r.Read(ctx, queue)
}

// Read returns the dead letters of one queue.
func (r Reader) Read(ctx context.Context, queue deadletter.Queue) ([]DeadLetter, error) {
	messages, err := queue.Look(ctx, deadletter.Maximum)
	if err != nil {
		return nil, err
	}
	return r.explain(ctx, queue.Name, messages)
}

// Explain finds the reason of a dead letter in the queue with a name.
func (r Reader) Explain(ctx context.Context, queue string, m deadletter.Message) (DeadLetter, error) {
	explained, err := r.explain(ctx, queue, []deadletter.Message{m})
	if err != nil {
		return DeadLetter{}, err
	}
	return explained[0], nil
}

// explain finds the reasons of dead letters in a queue, with one search for their last
// errors.
func (r Reader) explain(ctx context.Context, queue string, messages []deadletter.Message) ([]DeadLetter, error) {
	all := make([]DeadLetter, len(messages))
	var since time.Time
	for i, m := range messages {
		all[i] = DeadLetter{
			Message: m, Queue: queue, Context: stack.ContextOf(queue), Event: m.Content(),
			Reason: m.Reason(r.Sources), Attempts: m.Attempts(r.Sources),
		}
		if m.FailedTooOften() && (since.IsZero() || m.Sent.Before(since)) {
			since = m.Sent
		}
	}
	if since.IsZero() {
		return all, nil
	}
	last, err := r.Errors.LastErrors(ctx, stack.ContextOf(queue), since)
	if err != nil {
		return nil, fmt.Errorf("the last errors about the dead letters in %s: %w", queue, err)
	}
	for i := range all {
		if all[i].FailedTooOften() {
			all[i].LastError = last[all[i].Event.ID]
		}
	}
	return all, nil
}
