package sqs_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"example.com/saga/localcloud/sqs"
)

func TestAMessageWhoseDeleteIsLostIsDeliveredAgain(t *testing.T) {
	lost := 0
	lose := func(context.Context) bool {
		lost++
		return lost <= 2
	}
	virtually(t, sqs.Config{LoseDelete: lose}, []sqs.Queue{standard("q")}, func(b *bench) {
		b.send("a", "")
		for range 3 {
			messages := b.receive()
			b.expect(messages, "a")
			b.delete(messages...)
		}
		b.expect(b.receive())
		if got := b.service.Duplicated(); got != 2 {
			b.Errorf("%d deletes are counted as lost", got)
		}
	})
}

func TestAShuffleChangesTheOrderOfAStandardQueueOnly(t *testing.T) {
	backwards := func(_ context.Context, n int, swap func(i, j int)) {
		for i := range n / 2 {
			swap(i, n-1-i)
		}
	}
	virtually(t, sqs.Config{Shuffle: backwards}, []sqs.Queue{standard("q")}, func(b *bench) {
		for _, body := range []string{"a", "b", "c"} {
			b.send(body, "")
		}
		b.expect(b.receive(), "c", "b", "a")
	})
	virtually(t, sqs.Config{Shuffle: backwards}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, body := range []string{"a", "b", "c"} {
			b.send(body, "g")
		}
		b.expect(b.receive(), "a", "b", "c")
	})
}

func TestRedeliverSoonShortensTheVisibilityTimeoutAndNeverExtendsIt(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{standard("q")}, func(b *bench) {
		b.send("a", "")
		first := b.receive()
		b.service.RedeliverSoon(b.url, first[0].ReceiptHandle, 2*time.Second)
		b.service.RedeliverSoon(b.url, first[0].ReceiptHandle, time.Minute)
		time.Sleep(time.Second)
		b.expect(b.receive())
		time.Sleep(time.Second)
		second := b.receive()
		b.expect(second, "a")
		b.service.RedeliverSoon(b.url, first[0].ReceiptHandle, 0) // An older receive has no effect.
		b.expect(b.receive())
		b.delete(second...)
		b.service.RedeliverSoon(b.url, second[0].ReceiptHandle, 0)
		b.service.RedeliverSoon("http://127.0.0.1/1/none", second[0].ReceiptHandle, 0)
		if got := b.receive(); !slices.Equal(bodies(got), nil) {
			b.Errorf("a deleted message came back: %v", bodies(got))
		}
	})
}
