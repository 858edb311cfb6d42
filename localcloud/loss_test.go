package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// publish publishes an event that goes to the queue, and waits until all that follows
// is done.
func (r running) publish(t *testing.T, detailType, detail string) (id string) {
	t.Helper()
	return r.publishTo(t, "shop", "queued", detailType, detail)
}

func (r running) publishTo(t *testing.T, bus, source, detailType, detail string) (id string) {
	t.Helper()
	client := awseventbridge.New(awseventbridge.Options{
		BaseEndpoint: &r.ready.AWSEndpointURL, Region: r.ready.Region, Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", ""),
	})
	out, err := client.PutEvents(t.Context(), &awseventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &bus, Source: &source, DetailType: &detailType, Detail: &detail,
	}}})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("publishing fails: %v %+v", err, out)
	}
	r.awaitIdle(t)
	return *out.Entries[0].EventId
}

// unqueueable is an event for a queue, which takes no U+FFFF, and neither does the
// dead-letter queue of its rule.
const unqueueable = "{\"id\": \"1\", \"subject\": \"s-1\", \"text\": \"a\uffffb\"}"

func TestALossIsALineOfTheOutput(t *testing.T) {
	dir := assembled(t)
	for _, arguments := range [][]string{nil, {"--quiet"}} {
		r := startProgram(t, append([]string{"--assembly", dir}, arguments...)...)
		id := r.publish(t, "item.sold", unqueueable)
		if usage := r.usage(t); usage.Rules["Shop/ToQueue"].Dropped != 1 || usage.Lost != 1 {
			t.Errorf("counted are %+v and %d losses", usage.Rules["Shop/ToQueue"], usage.Lost)
		}
		r.stop(t, syscall.SIGTERM)
		var lines []string
		for line := range strings.Lines(r.stdout.String()) {
			if strings.Contains(line, "LOST") {
				lines = append(lines, line)
			}
		}
		if len(lines) != 1 || strings.Contains(lines[0], "\x1b") {
			t.Fatalf("%q shows %q, want one plain line that says LOST", arguments, r.stdout)
		}
		for _, want := range []string{
			"  LOST      rule Shop/ToQueue to Shop/Queue: ", "InvalidMessageContents", "its dead-letter queue arn:aws:sqs:",
			" type=item.sold id=" + id + " subject=s-1\n",
		} {
			if !strings.Contains(lines[0], want) {
				t.Errorf("the line %q has not %q", lines[0], want)
			}
		}
	}
}

func TestForProgramsALossIsAKindOfItsOwn(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--json")
	id := r.publish(t, "item.sold", unqueueable)
	r.stop(t, syscall.SIGTERM)
	var found []map[string]string
	for line := range bytes.Lines(r.stdout.Bytes()) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if object["loss"] == nil {
			continue
		}
		var members map[string]string
		if err := json.Unmarshal(object["loss"], &members); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		found = append(found, members)
	}
	if len(found) != 1 {
		t.Fatalf("%d losses are shown, want 1:\n%s", len(found), r.stdout)
	}
	got := found[0]
	if got["kind"] != "rule" || got["name"] != "Shop/ToQueue" || got["target"] != "Shop/Queue" || got["id"] != id ||
		got["type"] != "item.sold" || got["subject"] != "s-1" || !strings.Contains(got["reason"], "InvalidMessageContents") {
		t.Errorf("the loss is %v", got)
	}
}
