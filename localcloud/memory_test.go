package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/cloudwatchlogs"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/xray"
)

// toQueue delivers to a queue that no function reads.
type toQueue struct{ queues *sqs.Service }

func (q toQueue) Deliver(ctx context.Context, d eventbridge.Delivery) error {
	_, err := q.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: "http://localhost/1/all", MessageBody: string(d.Body)})
	return err
}

const bus = "arn:aws:events:here:1:event-bus/default"

// A case has five events, each of which is archived, logged and queued, five lines of
// its own in a log, and a trace of six segments.
func TestWhatIsKeptOfACaseIsSmall(t *testing.T) {
	const cases, events, segments, bound = 500, 5, 6, 8_000
	traces, err := xray.Start(slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := new(net.Dialer).DialContext(t.Context(), "udp", traces.Address(true))
	if err != nil {
		t.Fatal(err)
	}
	queues, logs := sqs.New(sqs.Config{Clock: time.Now}), cloudwatchlogs.New(cloudwatchlogs.Config{Clock: time.Now})
	logs.Ensure("all")
	buses := eventbridge.New(eventbridge.Config{Account: "1", Region: "here", Clock: time.Now, Deliverers: map[string]eventbridge.Deliverer{
		eventbridge.KindQueue: toQueue{queues}, eventbridge.KindLogGroup: logs,
	}})
	t.Cleanup(func() {
		buses.Close()
		if err := errors.Join(daemon.Close(), traces.Close()); err != nil {
			t.Error(err)
		}
	})
	err = errors.Join(
		queues.Create(sqs.Queue{Name: "all", ARN: "arn:aws:sqs:here:1:all", URL: "http://localhost/1/all"}),
		buses.CreateArchive(eventbridge.Archive{Name: "all", ARN: "arn:aws:events:here:1:archive/all", BusARN: bus}),
		buses.CreateRule(eventbridge.Rule{
			Name: "all", ARN: "arn:aws:events:here:1:rule/all", BusARN: bus, Pattern: json.RawMessage(`{"source":["counter"]}`), Enabled: true,
			Targets: []eventbridge.Target{{ID: "queue", ARN: "arn:aws:sqs:here:1:all"}, {ID: "logs", ARN: "arn:aws:logs:here:1:log-group:all"}},
		}))
	if err != nil {
		t.Fatal(err)
	}
	handle := func(n int) {
		id := uuid.NewString()
		for range events {
			detail := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"counter","type":"item.sold","subject":%q,"time":"2026-11-27T10:00:00Z","datacontenttype":"application/json","data":{"saleId":%q,"visitorId":"v-%d","items":[{"number":"123","quantity":2,"price":1250}],"currency":"EUR","method":"card","address":"23 Fake Street","total":2500},"causationid":%q,"correlationid":%q}`,
				uuid.NewString(), id, id, n, uuid.NewString(), id)
			if _, err := buses.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventbridge.PutEventsEntry{{Source: "counter", DetailType: "item.sold", Detail: &detail}}}); err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprintf(`{"time":"2026-11-27T10:00:00Z","level":"INFO","msg":"handled","event":"item.sold","sale":%q,"id":%q,"took":%d}`, id, uuid.NewString(), rand.IntN(1000))
			if err := logs.Put("all", "a", time.Now(), line); err != nil {
				t.Fatal(err)
			}
		}
		trace := fmt.Sprintf("1-67891233-%024x", n)
		for range segments {
			fmt.Fprintf(daemon, "{\"format\":\"json\",\"version\":1}\n"+`{"name":"counter","id":"%016x","trace_id":%q,"start_time":1,"end_time":2,"annotations":{"sale_id":%q},"metadata":{"default":{"service.name":"counter","faas.name":"worker"}}}`,
				rand.Uint64(), trace, id)
		}
		waitFor(t, func() bool { found, _ := traces.Find(trace); return len(found.Segments) == segments })
	}
	for n := range 100 { // So that what each engine needs once is not measured.
		handle(n)
	}
	before := heapInUse()
	for n := range cases {
		handle(100 + n)
	}
	waitFor(t, buses.Idle)
	used := (heapInUse() - before) / cases
	t.Logf("%d bytes are kept of a case", used)
	if used > bound {
		t.Errorf("that is more than %d", bound)
	}
	runtime.KeepAlive([]any{queues, logs, buses, traces})
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it takes too long")
		}
	}
}

func heapInUse() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
