package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// publisher is what a function publishes, and on which bus.
type publisher struct {
	bus   string
	types []string
}

// publishers returns the functions with what the catalogue declares, not with what the
// template grants.
func publishers() map[string]publisher {
	requests := event.Types(contract.OrderPlaced{}, contract.CancellationRequested{})
	all := map[string]publisher{"Order/Api": {"GlobalBus", requests}, "Order/Sweeper": {"GlobalBus", requests}}
	for _, context := range contract.Catalogue().Contexts() {
		bus, types := "GlobalBus", event.Types(contract.Catalogue().PublishedBy(context)...)
		switch context {
		case contract.SourceLoyalty:
			bus = "Loyalty/Bus"
		case contract.SourceOrder: // the rest
			types = slices.DeleteFunc(types, func(eventType string) bool { return slices.Contains(requests, eventType) })
		}
		all[constructID(context)+"/Worker"] = publisher{bus, types}
	}
	return all
}

// constructID returns the construct id of a context: Order of order.
func constructID(context string) string { return strings.ToUpper(context[:1]) + context[1:] }

// contextIDs returns the construct ids of the contexts.
func contextIDs() []string {
	var ids []string
	for _, context := range contract.Catalogue().Contexts() {
		ids = append(ids, constructID(context))
	}
	return ids
}

// queuedContexts returns the construct ids of the contexts behind a queue. The
// function of Loyalty is invoked directly.
func queuedContexts() []string {
	return slices.DeleteFunc(contextIDs(), func(id string) bool { return id == "Loyalty" })
}

func TestAFunctionPublishesItsOwnEventsAndNoOthers(t *testing.T) {
	c := startCloud(t)
	c.settled(t)
	before := c.usage(t).Queues["Observability/Queue"].Visible
	sources := map[string]string{}
	for source, types := range contract.Catalogue().BySource(contract.Catalogue().All()...) {
		for _, eventType := range types {
			sources[eventType] = source
		}
	}
	known := publishers()
	if got := slices.Sorted(maps.Keys(c.usage(t).Functions)); !slices.Equal(got, slices.Sorted(maps.Keys(known))) {
		t.Fatalf("the functions are %v", got)
	}
	for function, publishes := range known {
		t.Run(function, func(t *testing.T) {
			client := eventbridge.NewFromConfig(c.as(t, function))
			put := func(entries ...types.PutEventsRequestEntry) error {
				_, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
				return err
			}
			var own []types.PutEventsRequestEntry
			for _, eventType := range publishes.types {
				own = append(own, c.entry(publishes.bus, sources[eventType], eventType))
			}
			if err := put(own...); err != nil {
				t.Errorf("all of its events in one batch: %v", err)
			}
			for eventType, source := range sources {
				allowed := slices.Contains(publishes.types, eventType)
				if err := put(c.entry(publishes.bus, source, eventType)); allowed != (err == nil) || !allowed && !isDenied(err) {
					t.Errorf("%s of %s on its bus: %v", eventType, source, err)
				}
				for _, bus := range append(slices.Collect(maps.Keys(c.Buses)), "") {
					if bus != publishes.bus && !isDenied(put(c.entry(bus, source, eventType))) {
						t.Errorf("%s of %s on the bus %q is not denied", eventType, source, bus)
					}
				}
				if foreign := c.entry(publishes.bus, source, eventType); !allowed && !isDenied(put(slices.Insert(slices.Clone(own), len(own)/2, foreign)...)) {
					t.Errorf("%s of %s in a batch with its own events is not denied", eventType, source)
				}
			}
			for source := range contract.Catalogue().BySource(contract.Catalogue().All()...) {
				if source != *own[0].Source && !isDenied(put(c.entry(publishes.bus, source, publishes.types[0]))) {
					t.Errorf("its own event as %s is not denied", source)
				}
			}
			if !isDenied(put(c.entry(publishes.bus, *own[0].Source, "invented"))) {
				t.Error("an event of an invented type is not denied")
			}
		})
	}
	c.settled(t)
	allowed := 0
	for _, publishes := range known {
		allowed += 2 * len(publishes.types) // each alone, and all in one batch
	}
	if after := c.usage(t).Queues["Observability/Queue"].Visible; after-before != allowed {
		t.Errorf("%d events were published, want %d: a batch that is denied publishes nothing", after-before, allowed)
	}
}

func TestAFunctionReadsNoOtherContextsTableOrQueue(t *testing.T) {
	c := startCloud(t)
	for function := range publishers() {
		t.Run(function, func(t *testing.T) {
			context, _, _ := strings.Cut(function, "/")
			tables, queues := dynamodb.NewFromConfig(c.as(t, function)), sqs.NewFromConfig(c.as(t, function))
			for path, table := range c.Tables {
				_, err := tables.GetItem(t.Context(), &dynamodb.GetItemInput{
					TableName: &table, Key: map[string]dynamotypes.AttributeValue{"pk": &dynamotypes.AttributeValueMemberS{Value: "o-1"}},
				})
				if own := strings.HasPrefix(path, context+"/"); own != (err == nil) || !own && !isDenied(err) {
					t.Errorf("reading %s: %v", path, err)
				}
			}
			for path, queue := range c.Queues {
				_, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue})
				own := path == context+"/Queue" || path == context+"/ImmediateQueue"
				if polled := own && function == context+"/Worker"; polled != (err == nil) || !polled && !isDenied(err) {
					t.Errorf("receiving from %s: %v", path, err)
				}
			}
		})
	}
}

// entry returns an event that rules match and no context can handle: it ends in dead-letter
// queues.
func (c *cloud) entry(bus, source, eventType string) types.PutEventsRequestEntry {
	detail := fmt.Sprintf(`{"source": %q, "type": %q}`, source, eventType)
	entry := types.PutEventsRequestEntry{Source: &source, DetailType: &eventType, Detail: &detail}
	if bus != "" {
		entry.EventBusName = aws.String(c.Buses[bus])
	}
	return entry
}

// as returns the configuration of a client with the credentials of a function, which are
// in the environment of its process.
func (c *cloud) as(tb testing.TB, function string) aws.Config {
	tb.Helper()
	if runtime.GOOS != "linux" {
		tb.Skip("the environment of another process can be read on Linux only")
	}
	config := c.aws(tb)
	processes := c.usage(tb).Functions[function].Processes
	if len(processes) == 0 {
		tb.Fatalf("%s has no process", function)
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", processes[0].PID))
	if err != nil {
		tb.Fatal(err)
	}
	variables := map[string]string{}
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		name, value, _ := strings.Cut(string(variable), "=")
		variables[name] = value
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(
		variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"])
	return config
}

// isDenied reports whether IAM has denied a call.
func isDenied(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && failure.ErrorCode() == "AccessDeniedException" && strings.Contains(failure.ErrorMessage(), "is not authorized to perform")
}
