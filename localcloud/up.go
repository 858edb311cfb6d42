package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

// The outputs by which the saga's stack says where things are.
const (
	outputOrders   = "OrdersUrl"
	outputBus      = "GlobalBusName"
	outputObserved = "ObservabilityQueueUrl"
)

// exampleOrder is the body of an order that will be shipped.
const exampleOrder = `{"customerId": "c-42", "items": [{"sku": "123", "quantity": 2, "price": 1250}], ` +
	`"currency": "EUR", "paymentMethod": "card", "shippingAddress": "23 Fake Street"}`

// up runs the stack until ctx ends, which is no error.
func (m machine) up(ctx context.Context, o options) (err error) {
	began := m.clock()
	if err := removeReadyFile(o.readyFile); err != nil {
		return err
	}
	watcher := m.console(o)
	logger := slog.New(slog.NewTextHandler(m.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	running, err := cloud.Start(ctx, cloud.Config{
		Assembly: o.assembly, Region: region, AccountID: accountID,
		Port: o.port, OrdersPort: o.ordersPort,
		NotifyURL: o.notify, DeliverTwice: o.deliverTwice, ScheduleEvery: o.scheduleEvery,
		Faults: o.dice(ctx, logger), RedeliverAfter: o.redeliverAfter,
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
	facts := factsOf(running)
	if err := m.receiveStock(ctx, o, facts, running.AwaitIdle); err != nil {
		return stopped(ctx, err)
	}
	if err := running.Pause(o.pause...); err != nil {
		return err
	}
	if err := writeReadyFile(o.readyFile, facts); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeReadyFile(o.readyFile)) }()
	watcher.Ready(bannerOf(running.Stack(), facts, m.clock().Sub(began)))
	select {
	case <-ctx.Done():
		return watcher.Err()
	case err := <-running.Failed():
		return err
	}
}

// stopped tells a failure from having been told to stop.
func stopped(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

func (m machine) console(o options) *console.Console {
	return console.New(m.stdout, console.Style{JSON: o.json, Quiet: o.quiet, Color: console.HasColors(m.stdout, m.noColor)})
}

// eventOf takes what a person wants to see out of an event. Its detail is a
// CloudEvent whose subject is the order; another detail has none.
func eventOf(busARN string, e eventbridge.Event, now time.Time) console.Event {
	_, busName, _ := strings.Cut(busARN, ":event-bus/")
	var detail struct {
		Subject string `json:"subject"`
	}
	//nolint:errcheck // An event of another kind is shown too, without an order.
	json.Unmarshal(e.Detail, &detail)
	return console.Event{Time: now, Bus: busName, ID: e.ID, Order: detail.Subject, Type: e.DetailType, Source: e.Source}
}

// facts is what programs read to find their way.
type facts struct {
	// OrderURL is where the order API begins: orders are placed at its /orders.
	OrderURL string `json:"orderUrl"`
	cloud.Description
}

func factsOf(running *cloud.Cloud) facts {
	found := facts{Description: running.Describe()}
	found.OrderURL = strings.TrimSuffix(found.Outputs[outputOrders], "/")
	return found
}

func bannerOf(stack string, f facts, took time.Duration) console.Banner {
	banner := console.Banner{
		Stack: stack, Took: took, OrderBody: exampleOrder,
		Notifications: f.NotificationsURL, Usage: f.UsageURL, Traces: f.TracesURL,
		AWSEndpoint: f.AWSEndpointURL, Region: f.Region,
		Observed: f.Outputs[outputObserved],
	}
	if f.OrderURL != "" {
		banner.Orders = f.OrderURL + "/orders"
	}
	return banner
}

// removeReadyFile removes what this run or an earlier one has left: nothing is
// ready there any more.
func removeReadyFile(path string) error {
	if err := os.Remove(path); path != "" && err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the ready file: %w", err)
	}
	return nil
}

// writeReadyFile writes the file whole or not at all, so that whoever waits for
// it never reads half of it.
func writeReadyFile(path string, content facts) error {
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
