// Command stock adds stock receipts: it publishes warehouse.stock-received for each
// argument SKU=QUANTITY.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/uuid"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/eventbridge"
)

func main() {
	bus := flag.String("bus", os.Getenv("EVENT_BUS_NAME"), "name of the Global bus (default $EVENT_BUS_NAME)")
	flag.Usage = func() {
		//nolint:errcheck // An error of the help text cannot be reported.
		fmt.Fprintln(flag.CommandLine.Output(), "usage: stock [-bus NAME] SKU=QUANTITY …")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(context.Background(), *bus, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "stock:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bus string, deliveries []string) error {
	if bus == "" {
		return errors.New("there is no bus: set -bus or EVENT_BUS_NAME")
	}
	if len(deliveries) == 0 {
		return errors.New("there is no SKU=QUANTITY")
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return err
	}
	var received []event.Event
	for _, delivery := range deliveries {
		e, err := stockReceived(delivery, time.Now())
		if err != nil {
			return err
		}
		if e, err = language.Seal(e); err != nil {
			return err
		}
		received = append(received, e)
	}
	aws, err := awsconfig.Load(ctx)
	if err != nil {
		return err
	}
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(aws), Bus: bus})
	if err != nil {
		return err
	}
	return publisher.Publish(ctx, received...)
}

// stockReceived makes the event of a delivery, with a random id: each run of the
// command is another delivery.
func stockReceived(delivery string, now time.Time) (event.Event, error) {
	sku, count, found := strings.Cut(delivery, "=")
	quantity, err := strconv.ParseInt(count, 10, 64)
	if !found || err != nil {
		return event.Event{}, fmt.Errorf("%q is not SKU=QUANTITY", delivery)
	}
	id := uuid.NewString()
	command := event.Event{ID: id, Source: contract.SourceWarehouse, Subject: id, CorrelationID: id}
	return event.Caused(event.Cause{Event: command, IsCommand: true}, contract.SourceWarehouse,
		contract.StockReceived{SKU: sku, Quantity: quantity}, 0, now)
}
