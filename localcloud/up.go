package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/console"
	"example.com/saga/localcloud/eventbridge"
)

// Where the stack is.
const (
	region    = "eu-west-1"
	accountID = "000000000000"
)

// up runs the stack until ctx ends, which is no error.
func (m machine) up(ctx context.Context, o options) (err error) {
	began := m.clock()
	if o.Seed == 0 {
		o.Seed = mathrand.Uint64()
	}
	if err := clearReadyFile(o.readyFile); err != nil {
		return err
	}
	watcher := m.console(o)
	logger := slog.New(slog.NewTextHandler(m.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if len(o.Faults) > 0 {
		logger.WarnContext(ctx, "faults will strike", "faults", o.Faults, "seed", o.Seed)
	}
	config := o.Config
	config.Region, config.AccountID = region, accountID
	config.Clock, config.Random, config.Logger = m.clock, rand.Reader, logger
	config.Debugged = func(function string, pid int) {
		watcher.Debug(console.Debugged{Time: m.clock(), Function: function, PID: pid})
	}
	config.Observe = func(busARN string, e eventbridge.Event) { watcher.Event(eventOf(busARN, e, m.clock())) }
	config.Log, config.Lost, config.Failed, config.DeadLetter = watcher.Log, watcher.Loss, watcher.Failure, watcher.DeadLetter
	running, err := cloud.Start(ctx, config)
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
	ready, err := writeReadyFile(o.readyFile, where)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ready.remove()) }()
	watcher.Ready(console.Banner{
		Stack: running.Stack(), Took: m.clock().Sub(began),
		TakenPorts: running.TakenPorts(), Addresses: where.Addresses, Paused: o.pause, Setup: output,
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
	return console.New(m.stdout, console.Style{
		JSON: o.json, Quiet: o.quiet, Color: console.HasColors(m.stdout, m.noColor), Highlights: o.highlights,
		Width: console.Columns(m.stdout), DeadLetterCommand: o.deadLetterCommand,
	})
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
