package acceptance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// shownOrder is what operator order prints as JSON.
type shownOrder struct {
	Status, Sentence string
	Events           []struct {
		Type       string
		Deliveries []struct {
			Consumer string
			Failed   int
		}
	}
	DeadLetters []struct{ ID, Queue, Reason, LastError string }
	Ends        []struct{ Function string }
}

func (c *cloud) showOrder(t *testing.T, id string) shownOrder {
	t.Helper()
	out, _ := c.operator(t, "order", "-json", id)
	var shown shownOrder
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatalf("operator order prints %s: %v", out, err)
	}
	return shown
}

func TestTheOperatorShowsWhyOrdersOfEveryOutcomeEnded(t *testing.T) {
	c := startCloud(t)
	for name, want := range map[string]string{
		"shipped":       "Shipped after ",
		"out of stock":  ": there was not enough stock of never-received. No stock was reserved; nothing was charged.",
		"declined":      ": the payment was declined. The stock was given back; nothing was charged.",
		"blocked":       ": the award of points was rejected. The stock was given back; 25.00 EUR were refunded.",
		"undeliverable": ": the carrier does not deliver to the address. The stock was given back; 25.00 EUR were refunded; 25 points were revoked.",
	} {
		t.Run(name, func(t *testing.T) {
			var body string
			for _, kind := range orderKinds() {
				if kind.name == name {
					body = strings.Replace(basket, kind.from, kind.to, 1)
				}
			}
			o, err := c.place(t.Context(), body)
			if err != nil {
				t.Fatal(err)
			}
			c.awaitEnd(t, o.OrderID)
			if shown := c.showOrder(t, o.OrderID); !strings.Contains(shown.Sentence, want) {
				t.Errorf("the sentence is %s", shown.Sentence)
			}
			page, _ := c.operator(t, "order", o.OrderID)
			for _, part := range []string{"Order " + o.OrderID, "EVENTS\n     +0 ms  order.placed\n", "\nRECORDS\nOrder ", "\nLOG\n"} {
				if !strings.Contains(page, part) {
					t.Errorf("the page has no %q:\n%s", part, page)
				}
			}
			for line := range strings.Lines(page) {
				if utf8.RuneCountInString(strings.TrimSpace(line)) > 80 {
					t.Errorf("a line is longer than 80 columns: %s", line)
				}
			}
		})
	}
}

func TestTheOperatorShowsWhichDeadLetterStopsAnOrderAndItsLastError(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t, "--pause", "Payment/Worker", "--redeliver-after", "10ms")
	o, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	// The provider cannot read its entry, so each attempt fails.
	client := dynamodb.NewFromConfig(c.aws(t))
	table := c.Tables["Payment/Table"]
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "charge#" + o.OrderID}}
	entry := map[string]types.AttributeValue{"pk": key["pk"], "amount": &types.AttributeValueMemberS{Value: "much"}}
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: entry}); err != nil {
		t.Fatal(err)
	}
	c.resume(t)
	queue := c.deadLetters(t, "Payment/DeadLetters")
	dead := awaitDeadLetters(t, queue, 1)[0]

	shown := c.showOrder(t, o.OrderID)
	if !strings.HasPrefix(shown.Sentence, "Stopped for ") || !strings.Contains(shown.Sentence, ": Payment failed 10 times on warehouse.stock-reserved: ") ||
		!strings.Contains(shown.Sentence, "call the payment provider: decode an entry") {
		t.Errorf("the sentence is %s", shown.Sentence)
	}
	if len(shown.DeadLetters) != 1 || shown.DeadLetters[0].ID != dead.ID || shown.DeadLetters[0].Queue != queue.Name || shown.DeadLetters[0].LastError == "" {
		t.Errorf("the dead letters are %+v", shown.DeadLetters)
	}
	if listed, _ := c.operator(t, "dlq", queue.Name); !strings.Contains(listed, "cannot unmarshal string into Go value type int64 (failed 10 times in Payment/Queue: ") {
		t.Errorf("dlq prints %s", listed)
	}

	if _, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
		t.Fatal(err)
	}
	c.operator(t, "redrive", queue.Name)
	c.awaitStatus(t, o.OrderID, "shipped")
	c.settled(t)
	if shown := c.showOrder(t, o.OrderID); !strings.Contains(shown.Sentence, "after it had failed ") || len(shown.DeadLetters) != 0 {
		t.Errorf("the order is %+v", shown)
	}
}

func TestTheOperatorShowsThatAProcessEndedWhileAnOrderWaited(t *testing.T) {
	c := startCloud(t, "--fault", "kill-before-call=0.2", "--redeliver-after", "300ms", "--seed", "7")
	placed := c.placeThroughFaults(t, 0, 12)
	c.settled(t)
	interrupted := 0
	for _, p := range placed {
		shown := c.showOrder(t, p.OrderID)
		if len(shown.Ends) == 0 {
			continue
		}
		interrupted++
		if !slices.Contains(p.ends, shown.Status) || !strings.Contains(shown.Sentence, " Meanwhile ") ||
			!strings.Contains(shown.Sentence, " ended (Runtime exited with error: signal: killed), and the work was repeated.") {
			t.Errorf("the order is %s: %s", shown.Status, shown.Sentence)
		}
	}
	if interrupted == 0 {
		t.Error("no order was interrupted")
	}
}

func TestWhatCanNeverBeHandledIsNotRedrivenAndCanBeDiscarded(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	const poison = `{"poison": `
	for n := range 2 {
		c.send(t, c.Queues["Warehouse/Queue"], poison+fmt.Sprint(n), fmt.Sprint("g-", n))
	}
	queue := c.deadLetters(t, "Warehouse/DeadLetters")
	before := awaitDeadLetters(t, queue, 2)
	code, out := c.redriveProgram(t, queue.Name)
	if code != 1 || !strings.Contains(out, "2 of 2 can never be handled and stay") || !strings.Contains(out, "2 of 2 dead letters stay in the queue") {
		t.Errorf("redrive ends with %d and prints %s", code, out)
	}
	if planned, _ := c.operator(t, "discard", "-dry-run", queue.Name); strings.Count(planned, "INVALID_EVENT") != 2 {
		t.Errorf("discard -dry-run prints %s", planned)
	}
	awaitDeadLetters(t, queue, 2)

	copied, note := c.operator(t, "discard", "-id", before[1].ID, queue.Name)
	var shown struct{ ID, Body string }
	if err := json.Unmarshal([]byte(copied), &shown); err != nil || shown.ID != before[1].ID || shown.Body != before[1].Body {
		t.Errorf("discard prints %s, %v", copied, err)
	}
	if !strings.Contains(note, "1 of 2 dead letters in Warehouse/DeadLetters are discarded") {
		t.Errorf("discard notes %s", note)
	}
	if left := awaitDeadLetters(t, queue, 1); left[0].ID != before[0].ID {
		t.Errorf("%s is left", left[0].ID)
	}

	// With -invalid it is sent, and comes back.
	c.operator(t, "redrive", "-invalid", queue.Name)
	c.settled(t)
	if after := awaitDeadLetters(t, queue, 1)[0]; after.ID == before[0].ID || after.Body != before[0].Body {
		t.Errorf("the dead letter is %+v", after)
	}
}

func TestEveryCommandThatPrintsDataPrintsJSON(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	o, err := c.place(t.Context(), basket)
	if err != nil {
		t.Fatal(err)
	}
	c.awaitStatus(t, o.OrderID, "shipped")
	c.settled(t)
	dead := c.deadLetters(t, "Warehouse/DeadLetters")
	c.send(t, dead.URL, `{"poison": 1}`, "g")
	awaitDeadLetters(t, dead, 1)
	for _, command := range [][]string{
		{"order", "-json", o.OrderID},
		{"record", o.OrderID},
		{"balance", "-json", "c-42"},
		{"dlq", "-json"},
		{"dlq", "-json", dead.Name},
		{"redrive", "-json", "-dry-run", "-invalid", dead.Name},
		{"replay", "-json", "-dry-run", "-to", "Payment", "-order", o.OrderID},
		{"replay", "-json", "-dry-run", "-to", "Payment", "-from", "2026-01-01T00:00:00Z"},
		{"replay", "-json", "-to", "Payment", "-from", "2026-01-01T00:00:00Z"},
		{"erase", "-json", "-dry-run", "c-42"},
		{"audit", "-json", "-allow-dead-letters"},
		{"discard", "-json", "-dry-run", dead.Name},
		{"discard", dead.Name},
	} {
		out, _ := c.operator(t, command[0], command[1:]...)
		values := 0
		for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); values++ {
			if err := decoder.Decode(new(map[string]any)); err != nil {
				t.Fatalf("operator %v prints %s: %v", command, out, err)
			}
		}
		if values == 0 {
			t.Errorf("operator %v prints nothing", command)
		}
	}
}
