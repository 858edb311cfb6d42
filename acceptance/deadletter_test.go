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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/rule"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	orders "example.com/saga/services/order"
)

// deadLetters returns a dead-letter queue as the operator's commands read it.
func (c *cloud) deadLetters(t *testing.T, name string) deadletter.Queue {
	t.Helper()
	url, err := c.stack(t).DeadLetterQueue(name)
	if err != nil {
		t.Fatal(err)
	}
	return deadletter.Queue{Client: sqs.NewFromConfig(c.aws(t)), Name: name, URL: url}
}

// awaitDeadLetters waits until a dead-letter queue has exactly the wanted number of dead
// letters, and returns them.
func awaitDeadLetters(t *testing.T, queue deadletter.Queue, want int) []deadletter.Message {
	t.Helper()
	var found []deadletter.Message
	await.Until(t, fmt.Sprintf("%d dead letters are in %s", want, queue.Name), func() error {
		var err error
		if found, err = queue.Look(t.Context(), deadletter.Maximum); err == nil && len(found) != want {
			err = fmt.Errorf("there are %d", len(found))
		}
		return err
	})
	return found
}

// redrive redrives all dead letters of a queue, and fails the test if one stays.
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

func TestAPoisonMessageBlocksNoOrderAndIsKeptWhole(t *testing.T) {
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

	found := awaitDeadLetters(t, c.deadLetters(t, "Warehouse/DeadLetters"), 2)
	for i, want := range []struct{ body, eventType, reason string }{
		{notJSON, "", "INVALID_EVENT: invalid event: "},
		{unknown, "order.poisoned", `INVALID_EVENT: invalid event: unknown type "order.poisoned"`},
	} {
		l := found[i]
		if l.Body != want.body || l.Group != first.OrderID {
			t.Errorf("the dead letter is %q of group %s, and not %q of %s", l.Body, l.Group, want.body, first.OrderID)
		}
		if got := l.Reason(nil); !strings.HasPrefix(got, want.reason) || len(got) <= len("INVALID_EVENT: invalid event: ") {
			t.Errorf("the reason is %q, which does not begin with %q", got, want.reason)
		}
		if got := l.Content().Type; got != want.eventType {
			t.Errorf("the type is %q, not %q", got, want.eventType)
		}
	}
	var violated []int
	for _, violation := range c.violations(t) {
		violated = append(violated, violation.Invariant)
	}
	if !slices.Equal(violated, []int{8}) {
		t.Errorf("the violated invariants are %v, and not only 8: no dead letters are left", violated)
	}
}

// Ten attributes are all that SQS accepts, so the reason does not fit beside them.
func TestAPoisonMessageKeepsItsAttributesAlsoWhenItIsRedriven(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	attributes := map[string]sqstypes.MessageAttributeValue{"key": {DataType: aws.String("Binary"), BinaryValue: []byte("\x00\xff")}}
	for n := range 9 {
		attributes[fmt.Sprint("number", n)] = sqstypes.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(fmt.Sprint(n))}
	}
	if _, err := sqs.NewFromConfig(c.aws(t)).SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(c.Queues["Payment/Queue"]), MessageBody: aws.String("poison"), MessageAttributes: attributes,
	}); err != nil {
		t.Fatal(err)
	}
	queue := c.deadLetters(t, "Payment/DeadLetters")
	before := awaitDeadLetters(t, queue, 1)[0]
	c.redrive(t, queue)
	c.settled(t)
	after := awaitDeadLetters(t, queue, 1)[0]
	if after.ID == before.ID {
		t.Error("it was not redriven")
	}
	attributes[deadletter.ErrorCode], attributes[deadletter.ErrorMessage] = before.Attributes[deadletter.ErrorCode], before.Attributes[deadletter.ErrorMessage]
	for name, got := range map[string]deadletter.Message{"before": before, "after": after} {
		if diff := cmp.Diff(attributes, got.Attributes, cmpopts.IgnoreUnexported(sqstypes.MessageAttributeValue{})); diff != "" {
			t.Errorf("the attributes %s it is redriven (-want +got):\n%s", name, diff)
		}
	}
}

// lostEvents is a publisher that delivers nothing.
type lostEvents struct{ events []event.Event }

func (l *lostEvents) Publish(_ context.Context, events ...event.Event) error {
	l.events = append(l.events, events...)
	return nil
}

func TestADeadLetterThatIsRedrivenCompletesItsOrder(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	id, lost := c.placeAndLose(t)
	encoded, err := json.Marshal(lost.events[0])
	if err != nil {
		t.Fatal(err)
	}
	queue := c.deadLetters(t, "Warehouse/DeadLetters")
	c.send(t, queue.URL, string(encoded), id)
	awaitDeadLetters(t, queue, 1)

	outcomes := c.redrive(t, queue)
	if len(outcomes) != 1 || outcomes[0].To != "queue Warehouse/Queue" {
		t.Errorf("the outcomes are %+v", outcomes)
	}
	c.awaitStatus(t, id, "shipped")
	c.settled(t)
	awaitDeadLetters(t, queue, 0)
}

// placeAndLose places an order as the order API does, but its events are lost. It returns
// the id of the order and the events.
func (c *cloud) placeAndLose(t *testing.T) (string, *lostEvents) {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	lost := new(lostEvents)
	context, err := participant.New(participant.Config[orders.State]{
		Source: contract.SourceOrder, Decide: participant.Pure(orders.Decide), Publisher: lost, Language: language,
		Store: dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), c.Tables["Order/Table"], vocabulary(t)), Retention: time.Hour,
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
	if err != nil || len(lost.events) != 1 {
		t.Fatalf("%v, published %v", err, lost.events)
	}
	c.deriveToken(t, id)
	return id, lost
}

func TestANotificationThatCouldNotBeDeliveredIsRedriven(t *testing.T) {
	t.Parallel() // It mostly waits.
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
	l := awaitDeadLetters(t, queue, 1)[0]
	if content := l.Content(); content.Type != "warehouse.order-shipped" || content.Order != o.OrderID {
		t.Errorf("the dead letter has the content %+v", content)
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
	awaitDeadLetters(t, queue, 0)
	c.checkInvariants(t)
}

// A dead letter that still cannot be handled returns to the queue, which shows that it was
// delivered.
func TestADeadLetterOfADirectlyInvokedFunctionIsRedriven(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	queue := c.deadLetters(t, "Loyalty/DeadLetters")
	c.send(t, queue.URL, `{"still": "poison"}`, "")
	before := awaitDeadLetters(t, queue, 1)[0]
	if outcomes := c.redrive(t, queue); len(outcomes) != 1 || outcomes[0].To != "function "+c.stack(t).Functions["Loyalty/Worker"]+":live" {
		t.Errorf("the outcomes are %+v", outcomes)
	}
	c.settled(t)
	after := awaitDeadLetters(t, queue, 1)[0]
	if after.ID == before.ID || after.Body != before.Body || !strings.HasPrefix(after.Reason(nil), "INVALID_EVENT: ") {
		t.Errorf("the dead letter after the redrive is %+v", after)
	}
}

// SQS rejects U+FFFF. The bus delivers the event whole to the function, so its dead letter
// must be whole too.
func TestAPoisonEventWithCharactersThatSQSRejectsIsKeptWholeAndRedriven(t *testing.T) {
	t.Parallel() // It mostly waits.
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
	before := awaitDeadLetters(t, queue, 1)[0]
	if before.Body != poison || !strings.HasPrefix(before.Reason(nil), "INVALID_EVENT: ") || before.Attribute("BODY_ENCODING") != "percent" {
		t.Errorf("the dead letter is %+v", before)
	}
	var shown struct{ Body string }
	listed, _ := c.operator(t, "dlq", "-json", queue.Name)
	if err := json.Unmarshal([]byte(listed), &shown); err != nil || shown.Body != poison {
		t.Errorf("the operator prints %s, %v", listed, err)
	}

	// It still cannot be handled, so it returns to the queue.
	c.operator(t, "redrive", "-invalid", queue.Name)
	c.settled(t)
	after := awaitDeadLetters(t, queue, 1)[0]
	if after.ID == before.ID || after.Body != poison || !strings.HasPrefix(after.Reason(nil), "INVALID_EVENT: ") {
		t.Errorf("the dead letter after the redrive is %+v", after)
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
	l := awaitDeadLetters(t, c.deadLetters(t, "Loyalty/DeadLetters"), 1)[0]
	if l.Body != envelope || !strings.Contains(l.Reason(nil), "the function failed: the payload is an EventBridge event in its envelope") ||
		!strings.Contains(l.Reason(nil), "InputPath must be $.detail") {
		t.Errorf("the dead letter is %q for the reason %s", l.Body, l.Reason(nil))
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

func TestTheReasonOfAMessageThatFailsTooOftenIsTheCountAndTheQueue(t *testing.T) {
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
