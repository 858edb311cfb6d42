package eventbridge_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"example.com/saga/localcloud/eventbridge"
)

const (
	globalARN = "arn:aws:events:eu-west-1:111122223333:event-bus/global"
	otherARN  = "arn:aws:events:eu-west-1:111122223333:event-bus/other"
	thirdARN  = "arn:aws:events:eu-west-1:111122223333:event-bus/third"
	ruleARN   = "arn:aws:events:eu-west-1:111122223333:rule/global/all"
	queueARN  = "arn:aws:sqs:eu-west-1:111122223333:orders"
	deadARN   = "arn:aws:sqs:eu-west-1:111122223333:dead"
	roleARN   = "arn:aws:iam::111122223333:role/forward"
	hookARN   = "arn:aws:events:eu-west-1:111122223333:api-destination/hook/1"
	logsARN   = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/all"
)

// everything matches every event.
const everything = `{"source":[{"prefix":""}]}`

// deliverFunc is a Deliverer that is a function.
type deliverFunc func(ctx context.Context, d eventbridge.Delivery) error

func (f deliverFunc) Deliver(ctx context.Context, d eventbridge.Delivery) error { return f(ctx, d) }

// inbox is a Deliverer that keeps what it gets.
type inbox struct {
	mu  sync.Mutex
	got []eventbridge.Delivery
}

func (i *inbox) Deliver(_ context.Context, d eventbridge.Delivery) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, d)
	return nil
}

func (i *inbox) deliveries() []eventbridge.Delivery {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.got
}

type deadLetter struct {
	Queue      string
	Body       string
	Attributes map[string]string
}

// deadBox is a DeadLetters that keeps what it gets, or fails.
type deadBox struct {
	mu   sync.Mutex
	got  []deadLetter
	fail error
}

func (b *deadBox) SendDeadLetter(_ context.Context, queueARN string, body []byte, attributes map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.got = append(b.got, deadLetter{queueARN, string(body), maps.Clone(attributes)})
	return nil
}

func config(deliverers map[string]eventbridge.Deliverer, dead eventbridge.DeadLetters) eventbridge.Config {
	return eventbridge.Config{
		Account: "111122223333", Region: "eu-west-1", Clock: time.Now, Deliverers: deliverers, DeadLetters: dead,
		Random: func() float64 { return 1 }, Log: slog.New(slog.DiscardHandler),
	}
}

// start returns a service with the buses global, other and third and the rules.
func start(t *testing.T, c eventbridge.Config, rules ...eventbridge.Rule) *eventbridge.Service {
	t.Helper()
	service := eventbridge.New(c)
	t.Cleanup(service.Close)
	for name, arn := range map[string]string{"global": globalARN, "other": otherARN, "third": thirdARN} {
		if err := service.CreateBus(eventbridge.Bus{Name: name, ARN: arn}); err != nil {
			t.Fatal(err)
		}
	}
	for _, rule := range rules {
		if err := service.CreateRule(rule); err != nil {
			t.Fatal(err)
		}
	}
	return service
}

// allTo is a rule on the global bus that sends everything to the targets.
func allTo(targets ...eventbridge.Target) eventbridge.Rule {
	return eventbridge.Rule{
		Name: "all", ARN: ruleARN, BusARN: globalARN, Pattern: json.RawMessage(everything), Enabled: true, Targets: targets,
	}
}

func publish(t *testing.T, service *eventbridge.Service, detail string) string {
	t.Helper()
	out, err := service.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventbridge.PutEventsEntry{{
		Source: "order", DetailType: "order.placed", Detail: &detail, EventBusName: new("global"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 0 {
		t.Fatalf("the event was refused: %+v", out.Entries[0])
	}
	return out.Entries[0].EventId
}
