package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/rule"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	orders "example.com/saga/services/order"
)

// deadLetters is a dead-letter queue as an operator sees it.
func (c *cloud) deadLetters(t *testing.T, name string) deadletter.Queue {
	t.Helper()
	url, err := c.stack(t).DeadLetterQueue(name)
	if err != nil {
		t.Fatal(err)
	}
	return deadletter.Queue{Client: sqs.NewFromConfig(c.aws(t)), Name: name, URL: url}
}

// awaitLetters waits until a dead-letter queue has so many letters.
func awaitLetters(t *testing.T, queue deadletter.Queue, want int) []deadletter.Message {
	t.Helper()
	var letters []deadletter.Message
	eventually(t, fmt.Sprintf("%d letters are in %s", want, queue.Name), func() error {
		var err error
		if letters, err = queue.Look(t.Context(), deadletter.Maximum); err == nil && len(letters) != want {
			err = fmt.Errorf("there are %d", len(letters))
		}
		return err
	})
	return letters
}

// redrive sends all letters of a queue back, and fails if one stays.
func (c *cloud) redrive(t *testing.T, queue deadletter.Queue) []redrive.Outcome {
	t.Helper()
	r := &redrive.Redriver{
		Queues: sqs.NewFromConfig(c.aws(t)), Buses: eventbridge.NewFromConfig(c.aws(t)), Functions: lambda.NewFromConfig(c.aws(t)),
	}
	var err error
	if r.Sources, err = deadletter.FindSources(t.Context(), r.Queues, c.Queues); err != nil {
		t.Fatal(err)
	}
	if r.Rules, err = rule.DescribeAll(t.Context(), eventbridge.NewFromConfig(c.aws(t)), c.stack(t).Rules); err != nil {
		t.Fatal(err)
	}
	if r.Owners, err = redrive.FindOwners(t.Context(), r.Functions, c.stack(t).Functions); err != nil {
		t.Fatal(err)
	}
	outcomes, err := r.Redrive(t.Context(), queue, redrive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range outcomes {
		if outcome.Err != nil {
			t.Errorf("dead letter %s stays: %v", outcome.Message.ID, outcome.Err)
		}
	}
	return outcomes
}

// send puts a message into a queue, in a group if that is a FIFO queue.
func (c *cloud) send(t *testing.T, url, body, group string) {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}
	if strings.HasSuffix(url, ".fifo") {
		in.MessageGroupId = &group
	}
	if _, err := sqs.NewFromConfig(c.aws(t)).SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func TestAPoisonMessageBlocksNobodyAndIsKeptWhole(t *testing.T) {
	c := startCloud(t)
	first, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	const notJSON = "{\"poison\": \u2620 \t\n  not JSON"
	unknown := fmt.Sprintf(`{ "specversion":"1.0",  "id":"p-1","source":"order","type":"order.poisoned","subject":%q,
		"time":"2026-01-02T03:04:05Z","datacontenttype":"application/json","dataschema":"https://example.com/none","correlationid":"c-1","data":{}}`, first.OrderID)
	for _, poison := range []string{notJSON, unknown} {
		c.send(t, c.Queues["Warehouse/Queue"], poison, first.OrderID)
	}
	for _, o := range append(c.placeMany(t, 99, concurrency), first) {
		c.awaitStatus(t, o.OrderID, "shipped")
	}
	c.settled(t)

	letters := awaitLetters(t, c.deadLetters(t, "Warehouse/DeadLetters"), 2)
	for i, want := range []struct{ body, eventType, reason string }{
		{notJSON, "", "INVALID_EVENT: invalid event: "},
		{unknown, "order.poisoned", `INVALID_EVENT: invalid event: unknown type "order.poisoned"`},
	} {
		l := letters[i]
		if l.Body != want.body || l.Group != first.OrderID {
			t.Errorf("the letter is %q of group %s, and not %q of %s", l.Body, l.Group, want.body, first.OrderID)
		}
		if got := l.Reason(nil); !strings.HasPrefix(got, want.reason) || len(got) <= len("INVALID_EVENT: invalid event: ") {
			t.Errorf("the reason is %q, which does not begin with %q", got, want.reason)
		}
		if got := l.Content().Type; got != want.eventType {
			t.Errorf("the type is %q, not %q", got, want.eventType)
		}
	}
	var found []int
	for _, violation := range c.violations(t) {
		found = append(found, violation.Invariant)
	}
	if !slices.Equal(found, []int{8}) {
		t.Errorf("the violated invariants are %v, and not only that there are letters", found)
	}
}

// lost keeps what is published, and nobody gets it.
type lost struct{ events []event.Event }

func (l *lost) Publish(_ context.Context, events ...event.Event) error {
	l.events = append(l.events, events...)
	return nil
}

func TestALetterThatIsRedrivenCompletesItsOrder(t *testing.T) {
	c := startCloud(t)
	id, way := c.placeAndLose(t)
	encoded, err := json.Marshal(way.events[0])
	if err != nil {
		t.Fatal(err)
	}
	queue := c.deadLetters(t, "Warehouse/DeadLetters")
	c.send(t, queue.URL, string(encoded), id)
	awaitLetters(t, queue, 1)

	outcomes := c.redrive(t, queue)
	if len(outcomes) != 1 || outcomes[0].To != "queue Warehouse/Queue" {
		t.Errorf("the outcomes are %+v", outcomes)
	}
	c.awaitStatus(t, id, "shipped")
	c.settled(t)
	awaitLetters(t, queue, 0)
}

// placeAndLose places an order as the order API does, but what it publishes
// is lost.
func (c *cloud) placeAndLose(t *testing.T) (string, *lost) {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	way := new(lost)
	context, err := participant.New(participant.Config[orders.State]{
		Source: contract.SourceOrder, Decide: participant.Pure(orders.Decide), Publisher: way, Language: language,
		Store: dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"]), Retention: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	id := event.DeriveID("lost", fmt.Sprint(time.Now().UnixNano()))
	command := event.Event{ID: "place " + id, Source: "test", Type: "order.place", Subject: id, CorrelationID: "saga of " + id, Time: time.Now()}
	_, err = context.Execute(t.Context(), command, orders.Place{Order: contract.OrderPlaced{
		OrderID: id, CustomerID: "c-42", PaymentMethod: "card", ShippingAddress: "23 Fake Street",
		Items: []contract.Item{{SKU: "123", Quantity: 2, Price: 1250, Currency: "EUR"}},
	}})
	if err != nil || len(way.events) != 1 {
		t.Fatalf("%v, published %v", err, way.events)
	}
	c.deriveToken(t, id)
	return id, way
}

func TestANotificationThatCouldNotBeDeliveredIsRedriven(t *testing.T) {
	var down atomic.Bool
	var received atomic.Int64
	down.Store(true)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusGone) // which is not retried
			return
		}
		received.Add(1)
	}))
	defer endpoint.Close()
	c := startCloud(t, "--destination-url", endpoint.URL)
	o, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	queue := c.deadLetters(t, "Notification/Undelivered")
	l := awaitLetters(t, queue, 1)[0]
	if content := l.Content(); content.Type != "warehouse.order-shipped" || content.Order != o.OrderID {
		t.Errorf("the letter is about %+v", content)
	}
	if reason := l.Reason(nil); !strings.Contains(reason, "410") || !strings.Contains(reason, ":rule/saga-local/") {
		t.Errorf("the reason is %s", reason)
	}

	down.Store(false)
	if outcomes := c.redrive(t, queue); len(outcomes) != 1 || outcomes[0].To != "bus saga-local" {
		t.Errorf("the outcomes are %+v", outcomes)
	}
	c.settled(t)
	if got := received.Load(); got != 1 {
		t.Errorf("%d notifications were received", got)
	}
	awaitLetters(t, queue, 0)
	c.checkInvariants(t)
}

// A letter that is still poison comes back: so it is seen that it was delivered.
func TestALetterOfADirectlyInvokedFunctionIsRedriven(t *testing.T) {
	c := startCloud(t)
	queue := c.deadLetters(t, "Loyalty/DeadLetters")
	c.send(t, queue.URL, `{"still": "poison"}`, "")
	before := awaitLetters(t, queue, 1)[0]
	if outcomes := c.redrive(t, queue); len(outcomes) != 1 || outcomes[0].To != "function "+c.stack(t).Functions["Loyalty/Worker"] {
		t.Errorf("the outcomes are %+v", outcomes)
	}
	c.settled(t)
	after := awaitLetters(t, queue, 1)[0]
	if after.ID == before.ID || after.Body != before.Body || !strings.HasPrefix(after.Reason(nil), "INVALID_EVENT: ") {
		t.Errorf("the letter that came back is %+v", after)
	}
}

// SQS refuses U+FFFF. The event comes whole through the bus to the function, and its
// dead letter must be as whole.
func TestAPoisonEventWithWhatSQSRefusesIsKeptWholeAndRedriven(t *testing.T) {
	c := startCloud(t)
	poison := `{"specversion":"1.0","id":"p-1","source":"payment","type":"payment.taken","subject":"o-1","time":"2026-01-02T03:04:05Z",` +
		`"datacontenttype":"application/json","dataschema":"https://example.com/none","correlationid":"c-1","data":{"note":"100%25 ` + "\uFFFE\uFFFF" + `"}}`
	put, err := eventbridge.NewFromConfig(c.aws(t)).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: new(c.Buses["Loyalty/Bus"]), Source: new("payment"), DetailType: new("payment.taken"), Detail: &poison,
	}}})
	if err != nil || put.FailedEntryCount != 0 {
		t.Fatalf("the event is not published: %+v, %v", put, err)
	}
	queue := c.deadLetters(t, "Loyalty/DeadLetters")
	before := awaitLetters(t, queue, 1)[0]
	if before.Body != poison || !strings.HasPrefix(before.Reason(nil), "INVALID_EVENT: ") || before.Attribute("BODY_ENCODING") != "percent" {
		t.Errorf("the dead letter is %+v", before)
	}
	var shown struct{ Body string }
	listed, _ := c.operator(t, "dlq", "-json", queue.Name)
	if err := json.Unmarshal([]byte(listed), &shown); err != nil || shown.Body != poison {
		t.Errorf("the operator shows %s, %v", listed, err)
	}

	// It is still poison, so that it comes back.
	c.operator(t, "redrive", queue.Name)
	c.settled(t)
	after := awaitLetters(t, queue, 1)[0]
	if after.ID == before.ID || after.Body != poison || !strings.HasPrefix(after.Reason(nil), "INVALID_EVENT: ") {
		t.Errorf("the dead letter that came back is %+v", after)
	}
}

// A function that is wired wrongly acknowledges nothing.
func TestAPayloadOfTheWrongKindIsKeptByLambdaWithTheReason(t *testing.T) {
	c := startCloud(t, "--redeliver-after", "100ms")
	functions := lambda.NewFromConfig(c.aws(t))
	envelope := `{"version":"0","id":"e-1","detail-type":"payment.taken","source":"payment","detail":{"specversion":"1.0","id":"e-1"}}`
	direct := c.stack(t).Functions["Loyalty/Worker"]
	if _, err := functions.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &direct, InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(envelope),
	}); err != nil {
		t.Fatal(err)
	}
	l := awaitLetters(t, c.deadLetters(t, "Loyalty/DeadLetters"), 1)[0]
	if l.Body != envelope || !strings.Contains(l.Reason(nil), "the function failed: the payload is an EventBridge event in its envelope") ||
		!strings.Contains(l.Reason(nil), "InputPath must be $.detail") {
		t.Errorf("the dead letter is %q, because %s", l.Body, l.Reason(nil))
	}
	for _, context := range queuedContexts() {
		name := context + "/Worker"
		batched := c.stack(t).Functions[name]
		out, err := functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &batched, Payload: []byte(envelope)})
		if err != nil {
			t.Fatal(err)
		}
		if out.FunctionError == nil || !strings.Contains(string(out.Payload), "not a batch that Batch can handle") {
			t.Errorf("%s returns %s", name, out.Payload)
		}
	}
}

func TestMessagesThatFailTooOftenSayHowOften(t *testing.T) {
	c := startCloud(t)
	client := sqs.NewFromConfig(c.aws(t))
	sources, err := deadletter.FindSources(t.Context(), client, c.Queues)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, source := range sources {
		l := deadletter.Message{From: source.ARN}
		got[source.Name] = l.Reason(sources)
	}
	template, err := os.ReadFile("../cdk.out/local/saga-local.template.json")
	if err != nil {
		t.Fatal(err)
	}
	receives := regexp.MustCompile(`"maxReceiveCount": (\d+)`).FindSubmatch(template)
	if receives == nil {
		t.Fatal("no queue of the template has a maxReceiveCount")
	}
	for _, context := range queuedContexts() {
		name := context + "/Queue"
		if want := fmt.Sprintf("failed %s times in %s", receives[1], name); got[name] != want {
			t.Errorf("the reason is %q, not %q", got[name], want)
		}
	}
}
