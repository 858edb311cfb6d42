package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"time"

	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/console"
	"example.com/saga/localcloud/eventbridge"
)

// Where the stack thinks it is.
const (
	region    = "eu-west-1"
	accountID = "000000000000"
)

// up runs the stack until ctx ends, which is no error.
func (m machine) up(ctx context.Context, o options) (err error) {
	began := m.clock()
	if o.seed == 0 {
		o.seed = mathrand.Uint64()
	}
	if err := removeReadyFile(o.readyFile); err != nil {
		return err
	}
	watcher := m.console(o)
	logger := slog.New(slog.NewTextHandler(m.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	running, err := cloud.Start(ctx, cloud.Config{
		Assembly: o.assembly, Parameters: o.parameters, Region: region, AccountID: accountID,
		Port: o.port, URLPorts: o.urlPorts,
		DestinationURL: o.destinationURL, DeliverTwice: o.deliverTwice, ScheduleEvery: o.scheduleEvery,
		Faults: o.dice(ctx, logger), Seed: o.seed, RedeliverAfter: o.redeliverAfter, Latency: o.latency,
		Clock: m.clock, Random: rand.Reader,
		Observe: func(busARN string, e eventbridge.Event) { watcher.Event(eventOf(busARN, e, m.clock())) },
		Log:     watcher.Log,
		Lost:    watcher.Loss,
		Logger:  logger,
	})
	if err != nil {
		return stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	where := running.Describe()
	output, err := m.setUp(ctx, o.setup, where, running.AwaitIdle)
	if err != nil {
		return stopped(ctx, err)
	}
	if err := running.Pause(o.pause...); err != nil {
		return err
	}
	if err := writeReadyFile(o.readyFile, where); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeReadyFile(o.readyFile)) }()
	watcher.Ready(console.Banner{
		Stack: running.Stack(), Took: m.clock().Sub(began),
		FunctionURLs: where.FunctionURLs, Outputs: where.Outputs,
		Deliveries: where.DeliveriesURL, Usage: where.UsageURL, Traces: where.TracesURL,
		AWSEndpoint: where.AWSEndpointURL, Region: where.Region,
		Setup: output,
	})
	select {
	case <-ctx.Done():
		return watcher.Err()
	case err := <-running.Failed():
		return err
	}
}

// stopped returns the error of a failure, and none if ctx has ended.
func stopped(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

func (m machine) console(o options) *console.Console {
	return console.New(m.stdout, console.Style{JSON: o.json, Quiet: o.quiet, Color: console.HasColors(m.stdout, m.noColor), Highlights: o.highlights})
}

// eventOf returns what is shown of an event. Only a detail that is a CloudEvent has a
// subject.
func eventOf(busARN string, e eventbridge.Event, now time.Time) console.Event {
	_, busName, _ := strings.Cut(busARN, ":event-bus/")
	var detail struct {
		Subject string `json:"subject"`
	}
	//nolint:errcheck // Any other detail is shown without a subject.
	json.Unmarshal(e.Detail, &detail)
	return console.Event{Time: now, Bus: busName, ID: e.ID, Subject: detail.Subject, Type: e.DetailType, Source: e.Source}
}

// removeReadyFile removes what this run or an earlier one has left: nothing is
// ready there any more.
func removeReadyFile(path string) error {
	if err := os.Remove(path); path != "" && err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the ready file: %w", err)
	}
	return nil
}

// writeReadyFile writes the file whole or not at all, so that a program that waits
// for it never reads half of it. Only its owner can read it.
func writeReadyFile(path string, content cloud.Description) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the ready file: %w", err)
	}
	unfinished := path + ".tmp"
	if err := os.WriteFile(unfinished, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the ready file: %w", err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("writing the ready file: %w", errors.Join(err, os.Remove(unfinished)))
	}
	return nil
}
