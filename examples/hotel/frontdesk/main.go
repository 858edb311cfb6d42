// Command frontdesk opens rooms of a hotel: frontdesk double=30 publishes that there are
// 30 more doubles. The environment has the region, the credentials and, for the local
// cloud, the endpoint of AWS. It needs events:PutEvents on the bus hotel.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/uuid"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/eventbridge"

	"example.org/hotel"
)

func main() {
	ctx := context.Background()
	if err := open(ctx, os.Args[1:]); err != nil {
		slog.ErrorContext(ctx, "no rooms are opened", slog.String("error", err.Error()))
		os.Exit(1)
	}
}

// open publishes an event for each argument, such as double=30.
func open(ctx context.Context, args []string) error {
	config, err := awsconfig.Load(ctx)
	if err != nil {
		return err
	}
	publisher, err := eventbridge.NewPublisher(eventbridge.Config{Client: awseventbridge.NewFromConfig(config), Bus: "hotel"})
	if err != nil {
		return err
	}
	published, err := hotel.Language()
	if err != nil {
		return err
	}
	for _, arg := range args {
		room, number, _ := strings.Cut(arg, "=")
		rooms, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a type of room and a number, such as double=30", arg)
		}
		data, err := json.Marshal(hotel.Opened{Rooms: rooms})
		if err != nil {
			return err
		}
		id := uuid.NewString()
		opened, err := published.Seal(event.Event{
			ID: id, Source: hotel.Room, Type: hotel.Opened{}.EventType(), Subject: room, Time: time.Now(), CorrelationID: id, Data: data,
		})
		if err != nil {
			return err
		}
		if err := publisher.Publish(ctx, opened); err != nil {
			return err
		}
	}
	return nil
}
