package orderview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// Store loads the records of one context.
type Store interface {
	Load(ctx context.Context, subject string) (participant.Record, error)
}

// Loader reads orders. It needs the permissions dynamodb:GetItem on the tables of all
// contexts, logs:FilterLogEvents and logs:Unmask.
type Loader struct {
	// Stores are those of all contexts, by their names.
	Stores   map[string]Store
	Logs     cloudwatchlogs.FilterLogEventsAPIClient
	Stack    stack.Stack
	Language participant.Language
	Clock    func() time.Time
}

// NewLoader makes a loader of the orders in a stack.
func NewLoader(config aws.Config, in stack.Stack, clock func() time.Time) (*Loader, error) {
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	vocabulary, err := dynamo.NewVocabulary(language.Words()...)
	if err != nil {
		return nil, err
	}
	l := &Loader{
		Stores: make(map[string]Store), Logs: cloudwatchlogs.NewFromConfig(config), Stack: in, Language: language, Clock: clock,
	}
	for _, name := range contract.Catalogue().Contexts() {
		table, err := in.Table(name)
		if err != nil {
			return nil, err
		}
		l.Stores[name] = dynamo.NewStore(dynamodb.NewFromConfig(config), table, vocabulary)
	}
	return l, nil
}

const (
	// clockTolerance is how much earlier than its order, by another clock, something
	// about the order can be logged.
	clockTolerance = time.Minute
	// afterwards is how long after the last event of an order that has ended its logs
	// are read: long enough for the redelivery of duplicates.
	afterwards = time.Hour
	// slow is how long an order waits at least before processes that ended are looked up:
	// less than the shortest delay of a redelivery by SQS or Lambda, which is a second.
	slow = 250 * time.Millisecond
)

// Load reads all about an order. The dead letters may be those of all orders. It reads
// one item of each table and, if there is any, the event log and the logs of all functions
// for the time of the order.
func (l *Loader) Load(ctx context.Context, id string, deadLetters []dlq.DeadLetter) (View, error) {
	v := View{ID: id, ReadAt: l.Clock().UTC()}
	for _, d := range deadLetters {
		if d.Event.Order == id {
			v.DeadLetters = append(v.DeadLetters, d)
		}
	}
	if err := l.loadRecords(ctx, &v); err != nil || !v.Known() {
		return v, err
	}
	from, until := v.logged()
	found := newCollector(l.Language, v.Contexts)
	var reading sync.WaitGroup
	var eventsErr, linesErr error
	reading.Go(func() {
		eventsErr = found.readLog(ctx, l.Logs, l.Stack, logs.Query{Text: id, From: from, Until: until})
	})
	reading.Go(func() { v.Lines, linesErr = l.functions().Find(ctx, "", id, from, until) })
	reading.Wait()
	if err := errors.Join(eventsErr, linesErr); err != nil {
		return v, err
	}
	v.Lines = slices.DeleteFunc(v.Lines, func(line logs.Line) bool { return line.OrderID != id })
	var err error
	if v.Events, err = found.events(ctx, v); err != nil {
		return v, err
	}
	if shipped, known := v.find(contract.OrderShipped{}); known && v.Order.Ended() {
		v.EndedAt = shipped.Time
	}
	v.Balance = found.sum()
	readLines(&v)
	return v, l.loadEnds(ctx, &v)
}

func (l *Loader) functions() logs.Functions { return logs.Functions{Client: l.Logs, Stack: l.Stack} }

// loadRecords reads the records of all contexts at the same time. An order can be stopped
// because a context cannot read its record, so only that of the order context must be
// readable.
func (l *Loader) loadRecords(ctx context.Context, v *View) error {
	all := make([]Context, len(contract.Catalogue().Contexts()))
	var reading sync.WaitGroup
	for i, name := range contract.Catalogue().Contexts() {
		reading.Go(func() {
			record, err := l.Stores[name].Load(ctx, v.ID)
			all[i] = Context{name, record, err}
		})
	}
	reading.Wait()
	for _, c := range all {
		if c.Name == contract.SourceOrder && c.Unreadable != nil {
			return fmt.Errorf("the record in %s: %w", c.Name, c.Unreadable)
		}
		if c.Version > 0 || c.Unreadable != nil {
			v.Contexts = append(v.Contexts, c)
		}
	}
	record := v.record(contract.SourceOrder)
	v.CorrelationID = record.First().CorrelationID
	var err error
	v.Order, v.EndedAt, err = readOrder(record)
	return err
}

// loadEnds finds the processes that ended while the order waited, with one search for each
// context that it waited for.
func (l *Loader) loadEnds(ctx context.Context, v *View) error {
	waits := v.waits()
	for _, name := range contract.Catalogue().Contexts() {
		from, until := around(waits[name])
		if from.IsZero() {
			continue
		}
		ends, err := l.functions().Ends(ctx, name, from, until)
		if err != nil {
			return err
		}
		v.Ends = append(v.Ends, slices.DeleteFunc(ends, func(line logs.Line) bool {
			return !slices.ContainsFunc(waits[name], func(w wait) bool { return w.has(line.Time) })
		})...)
	}
	slices.SortStableFunc(v.Ends, func(a, b logs.Line) int { return a.Time.Compare(b.Time) })
	return nil
}
