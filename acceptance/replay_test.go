package acceptance

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/evidence"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment/sandbox"
)

// checkReplay publishes every event again that was ever published, and fails the test if
// that changes anything.
func (c *cloud) checkReplay(t *testing.T) {
	t.Helper()
	before := c.evidence(t)
	c.publishAgain(t, before.Published)
	c.drained(t)
	c.checkUnchanged(t, before)
	if got, least := len(c.evidence(t).Published), 2*len(before.Published); got < least {
		t.Errorf("%d events were seen after the replay, at least %d must be", got, least)
	}
}

// checkUnchanged fails the test if a replay has changed anything.
func (c *cloud) checkUnchanged(t *testing.T, before audit.Evidence) {
	t.Helper()
	if diff := cmp.Diff(effectsOf(before), effectsOf(c.evidence(t))); diff != "" {
		t.Errorf("the replay has changed (-) to (+):\n%s", diff)
	}
	c.checkInvariants(t)
	if found := c.usage(t).deadLettered(); len(found) > 0 {
		t.Errorf("after the replay there are dead letters: %v", found)
	}
}

func (c *cloud) evidence(t *testing.T) audit.Evidence {
	t.Helper()
	collected, err := evidence.Collect(t.Context(), c.aws(t), c.stack(t))
	if err != nil {
		t.Fatal(err)
	}
	return collected
}

// publishAgain publishes events on the Global bus, as an operator.
func (c *cloud) publishAgain(t *testing.T, events []event.Event) {
	t.Helper()
	client := eventbridge.NewFromConfig(c.aws(t))
	for batch := range slices.Chunk(events, 10) {
		in := &eventbridge.PutEventsInput{}
		for _, e := range batch {
			detail, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			in.Entries = append(in.Entries, types.PutEventsRequestEntry{
				EventBusName: aws.String(c.Outputs["GlobalBusName"]),
				Source:       &e.Source, DetailType: &e.Type, Detail: aws.String(string(detail)),
			})
		}
		out, err := client.PutEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if out.FailedEntryCount > 0 {
			t.Fatalf("the replay is rejected: %+v", out.Entries)
		}
	}
}

// effects is what a replay must not change.
type effects struct {
	// States, Due and Entries are those of the records, by table and order.
	States   map[string]map[string]string
	Due      map[string]map[string]time.Time
	Entries  map[string]map[string]participant.Entry
	Counters map[string]map[string]map[string]int64
	Ledger   map[string]sandbox.Entry
	// Events are the ids of all events, sorted, each once.
	Events []string
}

func effectsOf(in audit.Evidence) effects {
	found := effects{
		States: map[string]map[string]string{}, Due: map[string]map[string]time.Time{}, Entries: map[string]map[string]participant.Entry{},
		Counters: map[string]map[string]map[string]int64{}, Ledger: in.Ledger,
	}
	for name, table := range in.Tables {
		found.States[name] = mapped(table.Records, func(r participant.Record) string { return string(r.State) })
		found.Due[name] = mapped(table.Records, func(r participant.Record) time.Time { return r.Due })
		found.Entries[name] = mapped(table.Records, func(r participant.Record) participant.Entry { return r.Entry })
		found.Counters[name] = table.Counters
	}
	for _, e := range in.Published {
		found.Events = append(found.Events, e.Type+" "+e.Source+" "+e.ID)
	}
	slices.Sort(found.Events)
	found.Events = slices.Compact(found.Events)
	return found
}

func mapped[A, B any](all map[string]A, f func(A) B) map[string]B {
	made := make(map[string]B, len(all))
	for key, value := range all {
		made[key] = f(value)
	}
	return made
}

// purge empties a queue.
func (c *cloud) purge(t *testing.T, path string) {
	t.Helper()
	if _, err := sqs.NewFromConfig(c.aws(t)).PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(c.Queues[path])}); err != nil {
		t.Fatal(err)
	}
}
