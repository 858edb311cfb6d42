package acceptance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
)

// hostileEvent is a text for a consumer, with the route by which it is sent.
type hostileEvent struct {
	route string
	text  string
}

// The routes: through a rule to a queue, directly to the queue, and through a rule to a
// function.
const (
	byRule     = "bus"
	byQueue    = "queue"
	byFunction = "function"
)

var markPattern = regexp.MustCompile(`hostile-[0-9]+`)

// event draws an event with a mark that identifies it in every outcome. One of ten is
// valid.
func (g generator) event(t *testing.T, n int) hostileEvent {
	t.Helper()
	route := []string{byRule, byQueue, byFunction}[g.IntN(3)]
	mark := fmt.Sprintf("hostile-%d", n)
	e := event.Event{
		ID: mark, Source: contract.SourceWarehouse, Type: contract.StockReceived{}.EventType(), Subject: mark, Time: time.Now(),
		DataSchema: "https://example.com/saga/schema/warehouse.stock-received/1", CorrelationID: "c-1",
		Data: json.RawMessage(`{"sku":"123","quantity":5}`),
	}
	if route == byFunction {
		e.Source, e.Type = contract.SourcePayment, contract.PaymentTaken{}.EventType()
		e.DataSchema = "https://example.com/saga/schema/payment.taken/1"
		e.Data = json.RawMessage(`{"customerId":"c-42","amount":{"amount":2500,"currency":"EUR"}}`)
	}
	encoded, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	// The mark is in an extension too, because the id may be removed.
	text := strings.Replace(string(encoded), "{", fmt.Sprintf(`{"mark":%q,`, mark), 1)
	if n%10 > 0 {
		text = g.corrupt(route, text)
	}
	return hostileEvent{route, text}
}

// corrupt changes an event so that a part of it has another reading, or none. Texts that
// EventBridge could not send to a queue are not sent through a rule.
func (g generator) corrupt(route, text string) string {
	number := regexp.MustCompile(`("quantity"|"amount"):[0-9]+`)
	odd := g.text()
	for route == byRule && !isAccepted(odd) {
		odd = g.text()
	}
	switch g.IntN(9) {
	case 0:
		return strings.Replace(text, `"application/json"`, g.one([]string{
			`"application/json; charset=utf-8"`, `"Application/JSON"`, `null`, `"application/vnd.x+json"`, `"text/json"`,
			`"text/plain"`, `"application/json; charset=latin1"`, `7`, `""`, `"json"`,
		}), 1)
	case 1:
		return strings.Replace(text, `"datacontenttype":"application/json",`, "", 1)
	case 2:
		data := text[strings.Index(text, `"data":`)+len(`"data":`) : len(text)-1]
		inBase64 := fmt.Sprintf(`"data_base64":%q`, base64.StdEncoding.EncodeToString([]byte(data)))
		return g.one([]string{strings.Replace(text, `"data":`+data, inBase64, 1), strings.Replace(text, `{`, `{`+inBase64+`,`, 1)})
	case 3:
		return strings.Replace(text, "{", "{"+g.one([]string{
			`"id":"other",`, `"correlationId":"c-2",`, `"correlationid":"c-2",`, `"specversion":"0.3",`, `"data":{"sku":"456","quantity":9},`,
			`"tracestate":"x",`, `"com-example":"x",`, `"":"x",`, `"Subject":"o-1",`, `"sequence":1.5,`, `"flags":{"a":1},`, `"dataref":null,`,
		}), 1)
	case 4:
		return number.ReplaceAllString(text, "$1:"+g.one(oddValues[:len(oddValues)-6]))
	case 5:
		return strings.Replace(text, `"data":{`, fmt.Sprintf(`"data":{"note":"%s",`, odd), 1)
	case 6:
		return strings.Replace(text, "{", fmt.Sprintf(`{"note":"%s",`, odd), 1)
	case 7:
		name := g.one([]string{"specversion", "id", "time", "dataschema", "correlationid", "data"})
		return regexp.MustCompile(`"`+name+`":("[^"]*"|\{.*\}),?`).ReplaceAllString(text, g.one([]string{``, `"` + name + `":null,`, `"` + name + `":7,`}))
	default:
		return g.garbage(route, text)
	}
}

// garbage returns a text that is no event, and that the route accepts.
func (g generator) garbage(route, text string) string {
	mark := markPattern.FindString(text)
	if route != byQueue {
		// A rule matches no event whose content has less than this.
		known := regexp.MustCompile(`"source":"[a-z]+","type":"[a-z.-]+"`).FindString(text)
		return g.one([]string{`{"mark":"` + mark + `",` + known + `}`, `["` + mark + `"]`, `"` + mark + `"`, text + "}", text[:len(text)-1]})
	}
	return g.one([]string{
		mark, text + text, text[:len(text)/2] + "\u2603", "[" + text + "]", "null " + mark, mark + "\uFFFF", mark + "\x01", "\uFEFF" + text,
		strings.Repeat("[", 600) + `"` + mark + `"` + strings.Repeat("]", 600), `{"detail":` + text + `,"detail-type":"x","source":"y"}`,
	})
}

// isAccepted reports whether SQS accepts a JSON string after it was decoded and encoded
// again.
func isAccepted(text string) bool {
	var read string
	return json.Unmarshal([]byte(`"`+text+`"`), &read) != nil || !strings.ContainsAny(read, "\uFFFE\uFFFF")
}

// putHostile sends an event, and returns the reason if it is rejected.
func (c *cloud) putHostile(t *testing.T, h hostileEvent) string {
	t.Helper()
	if h.route == byQueue {
		url, mark := c.Queues["Warehouse/Queue"], markPattern.FindString(h.text)
		_, err := sqs.NewFromConfig(c.aws(t)).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &h.text, MessageGroupId: &mark})
		if err != nil {
			return err.Error()
		}
		return ""
	}
	entry := types.PutEventsRequestEntry{
		EventBusName: aws.String(c.Outputs["GlobalBusName"]), Source: aws.String(contract.SourceWarehouse),
		DetailType: aws.String(contract.StockReceived{}.EventType()), Detail: &h.text,
	}
	if h.route == byFunction {
		entry.EventBusName = aws.String(c.Buses["Loyalty/Bus"])
		entry.Source, entry.DetailType = aws.String(contract.SourcePayment), aws.String(contract.PaymentTaken{}.EventType())
	}
	out, err := eventbridge.NewFromConfig(c.aws(t)).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return err.Error()
	}
	return aws.ToString(out.Entries[0].ErrorMessage)
}

// Every event is rejected with a reason, or kept whole and with a reason in a dead-letter
// queue, or handled.
func TestEveryHostileEventIsRejectedKeptWholeOrHandled(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	g := newGenerator(t)
	open := make(map[string]hostileEvent)
	rejected := 0
	for n := range hostile {
		h := g.event(t, n)
		if reason := c.putHostile(t, h); reason != "" {
			rejected++
			continue
		}
		open[fmt.Sprintf("hostile-%d", n)] = h
	}
	c.settled(t)
	kept := c.takeKept(t, open)
	handled := 0
	for _, name := range []string{"Warehouse/Table", "Loyalty/Table"} {
		contents, err := dynamo.Scan(t.Context(), dynamodb.NewFromConfig(c.aws(t)), c.Tables[name], vocabulary(t))
		if err != nil {
			t.Fatal(err)
		}
		for subject, record := range contents.Records {
			if _, isOpen := open[subject]; isOpen && len(record.Handled) == 1 {
				handled++
				delete(open, subject)
			}
		}
	}
	for mark, h := range open {
		t.Errorf("%s through a %s is neither rejected nor kept nor handled: %q", mark, h.route, h.text)
	}
	if rejected+kept+handled != hostile || rejected < hostile/50 || kept < hostile/10 || handled < hostile/10 {
		t.Errorf("%d were rejected, %d kept, %d handled, of %d", rejected, kept, handled, hostile)
	}
}

// takeKept removes from the open events those that are kept in dead-letter queues, and
// returns how many they are. Each must be whole and have a reason.
func (c *cloud) takeKept(t *testing.T, open map[string]hostileEvent) int {
	t.Helper()
	kept := 0
	for name := range c.Queues {
		if !stack.IsDeadLetterQueue(name) || strings.HasPrefix(name, "Order/") {
			continue
		}
		queue := c.deadLetters(t, name)
		found, err := queue.Look(t.Context(), deadletter.Maximum)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range found {
			if strings.HasPrefix(l.Content().Type, contract.SourceLoyalty) {
				continue // The event is an effect of one that was handled.
			}
			mark := markPattern.FindString(l.Body)
			h, isOpen := open[mark]
			if !isOpen {
				t.Errorf("a dead letter in %s has no mark, or that of another: %q", name, l.Body)
				continue
			}
			if !isWhole(h, l.Body) {
				t.Errorf("%s was sent as %q, and is kept in %s as %q", mark, h.text, name, l.Body)
			}
			if reason := l.Reason(nil); len(reason) < len("INVALID_EVENT: invalid event: ") {
				t.Errorf("the dead letter %s has only the reason %q", mark, reason)
			}
			delete(open, mark)
			kept++
		}
	}
	return kept
}

// isWhole reports whether a dead letter has all that was sent. A bus encodes an event
// again, and a rule keeps it in its envelope.
func isWhole(h hostileEvent, body string) bool {
	if h.route == byQueue {
		return body == h.text
	}
	var envelope struct {
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if json.Unmarshal([]byte(body), &envelope) == nil && envelope.DetailType != "" {
		body = string(envelope.Detail)
	}
	return reflect.DeepEqual(lenient(h.text), lenient(body))
}

func lenient(text string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err.Error()
	}
	return value
}
