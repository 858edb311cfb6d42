package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/worker"
)

// deadLetters keeps dead letters.
type deadLetters struct{ all []worker.DeadLetter }

func (d *deadLetters) Send(_ context.Context, letter worker.DeadLetter) error {
	d.all = append(d.all, letter)
	return nil
}

// report returns the body of a message: the report of a driver.
func report(id, parcel, recipient string) string {
	return fmt.Sprintf(`{"specversion": "1.0", "id": %q, "source": "parcel", "type": "parcel.delivered", "subject": %q,
		"time": "2026-03-04T05:06:07Z", "datacontenttype": "application/json", "dataschema": "https://parcels.example.org/schema/parcel.delivered/1",
		"correlationid": %[2]q, "data": {"recipient": %[3]q}}`, id, parcel, recipient)
}

func TestFeedbackIsRequestedOnceForEachParcel(t *testing.T) {
	published, err := newLanguage()
	if err != nil {
		t.Fatal(err)
	}
	bus, dead := &memory.Publisher{}, &deadLetters{}
	c := config()
	c.Store, c.Publisher, c.Language, c.Retention = memory.NewStore(), bus, published, 15*24*time.Hour
	c.Clock = func() time.Time { return time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC) }
	p, err := participant.New(c)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := worker.New(worker.Config{HandleBatch: p.HandleBatch, DeadLetters: dead, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var batch events.SQSEvent
	for i, body := range []string{
		report("e-1", "parcel-1", "Ada"), report("e-1", "parcel-1", "Ada"), report("e-2", "parcel-1", "Ada"), report("e-3", "parcel-2", "Bo"),
		report("e-4", "parcel-3", ""), "no event",
	} {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: strconv.Itoa(i), EventSource: "aws:sqs", Body: body})
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handler.Batch(t.Context(), payload)
	if err != nil || len(answer.BatchItemFailures) > 0 {
		t.Fatalf("the answer is %+v, %v", answer, err)
	}

	// The event that is published again has the id of the first: its consumers handle it once.
	contents := make(map[string]string)
	for _, e := range bus.Published() {
		contents[e.ID] = fmt.Sprint(e.Type, " ", e.Subject, " ", string(e.Data))
	}
	want := []string{`feedback.requested parcel-1 {"recipient":"Ada"}`, `feedback.requested parcel-2 {"recipient":"Bo"}`}
	if got := slices.Sorted(maps.Values(contents)); !slices.Equal(got, want) {
		t.Errorf("published: %q, want %q", got, want)
	}
	if len(dead.all) != 2 {
		t.Errorf("the dead letters are %+v", dead.all)
	}
}
