package sqs_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/saga/localcloud/sqs"
)

func TestAnExpiredReceiptHandleOfAFIFOQueueIsRefused(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		b.send("a", "g")
		old := b.receive()
		time.Sleep(30 * time.Second)
		b.expectCode(b.tryDelete(old[0].ReceiptHandle), "InvalidParameterValue")
		b.expect(b.receive(), "a")
		b.expectCode(b.tryDelete(old[0].ReceiptHandle), "InvalidParameterValue")
	})
}

func TestAGroupWithAMessageInFlightIsBlocked(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, body := range []string{"a1", "a2", "a3"} {
			b.send(body, "a")
		}
		taken := b.receiveFrom(b.url, 2, 0)
		b.expect(taken, "a1", "a2")
		b.send("a4", "a")
		b.send("b1", "b")
		b.expect(b.receive(), "b1")
		b.delete(taken[0])
		b.expect(b.receive())
		b.delete(taken[1])
		b.expect(b.receive(), "a3", "a4")
	})
}

func TestAGroupComesBackInItsOrder(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, body := range []string{"a1", "a2", "a3"} {
			b.send(body, "a")
		}
		b.expect(b.receiveFrom(b.url, 2, 0), "a1", "a2")
		start := time.Now()
		b.expect(b.receiveFrom(b.url, 10, 20))
		b.expect(b.receiveFrom(b.url, 10, 20), "a1", "a2", "a3")
		if waited := time.Since(start); waited != 30*time.Second {
			b.Errorf("the group came back after %s, want 30s", waited)
		}
	})
}

func TestVisibilityWithinAGroup(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, body := range []string{"1", "2", "3"} {
			b.send(body, "g")
		}
		taken := b.receive()
		if err := b.hide(taken[1], 60); err != nil {
			b.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		again := b.receive()
		b.expect(again, "1") // Those from the extended one on stay blocked.
		if err := b.hide(again[0], 0); err != nil {
			b.Fatal(err)
		}
		b.expect(b.receive(), "1")
	})
}

func TestAReceivePrefersOneGroupAndFillsWithOthers(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, m := range [][2]string{{"a1", "a"}, {"b1", "b"}, {"a2", "a"}, {"c1", "c"}, {"b2", "b"}, {"a3", "a"}} {
			b.send(m[0], m[1])
		}
		b.expect(b.receiveFrom(b.url, 5, 0), "a1", "a2", "a3", "b1", "b2")
		b.expect(b.receive(), "c1")
	})
}

func TestDuplicatesWithinFiveMinutesAreNeverDelivered(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		first := b.send("same", "g")
		b.delete(b.receive()...)
		time.Sleep(5*time.Minute - time.Nanosecond)
		second := b.send("same", "other")
		b.expect(b.receive())
		if second.MessageId != first.MessageId || second.SequenceNumber != first.SequenceNumber {
			b.Errorf("the duplicate got %+v, want the first one's %+v", second, first)
		}
		time.Sleep(time.Nanosecond)
		third := b.send("same", "g")
		b.expect(b.receive(), "same")
		if len(third.SequenceNumber) != 20 || third.SequenceNumber <= first.SequenceNumber {
			b.Errorf("the sequence number %s does not follow %s", third.SequenceNumber, first.SequenceNumber)
		}
	})
}

func TestAnExplicitDeduplicationIDOverridesTheContent(t *testing.T) {
	virtually(t, sqs.Config{}, []sqs.Queue{fifo("q")}, func(b *bench) {
		for _, id := range []string{"1", "2", "1"} {
			if _, err := b.service.SendMessage(b.Context(), &sqs.SendMessageInput{
				QueueUrl: b.url, MessageBody: "same", MessageGroupId: "g", MessageDeduplicationId: id,
			}); err != nil {
				b.Fatal(err)
			}
		}
		b.expect(b.receive(), "same", "same")
	})
}

func TestDeduplicationPerMessageGroup(t *testing.T) {
	q := fifo("q")
	q.DeduplicationScope, q.FifoThroughputLimit = sqs.ScopeMessageGroup, sqs.LimitPerMessageGroup
	virtually(t, sqs.Config{}, []sqs.Queue{q}, func(b *bench) {
		b.send("same", "a")
		b.send("same", "b")
		b.send("same", "a")
		b.expect(b.receive(), "same", "same")
	})
}

func TestDeliverTwiceLosesTheFirstDelete(t *testing.T) {
	virtually(t, sqs.Config{DeliverTwice: true}, []sqs.Queue{fifo("q")}, func(b *bench) {
		b.send("a1", "a")
		b.send("a2", "a")
		b.send("a3", "a")
		first := b.receiveFrom(b.url, 2, 0)
		b.delete(first[0])
		b.expect(b.receive()) // The second is still in flight, so the group stays blocked.
		b.delete(first[1])
		second := b.receive()
		b.expect(second, "a1", "a2", "a3")
		b.delete(second...)
		third := b.receive()
		b.expect(third, "a3")
		b.delete(third...)
		b.expect(b.receive())
		if got := b.service.Duplicated(); got != 3 {
			b.Errorf("%d deletes were lost, want 3", got)
		}
		if got := b.service.Counts(arnStart + "q.fifo"); got != (sqs.Counts{}) {
			b.Errorf("the counts are %+v, want none", got)
		}
	})
}

func TestEachGroupKeepsItsOrderUnderConcurrentConsumers(t *testing.T) {
	virtually(t, sqs.Config{DeliverTwice: true}, []sqs.Queue{fifo("q")}, func(b *bench) {
		const groups, each = 5, 20
		for i := range each {
			for g := range groups {
				b.send(strconv.Itoa(g)+"/"+strconv.Itoa(i), strconv.Itoa(g))
			}
		}
		seen := make(chan sqs.Message, 4*groups*each)
		end := time.Now().Add(time.Hour)
		var consumers sync.WaitGroup
		for range 4 {
			consumers.Go(func() {
				for time.Now().Before(end) {
					for _, m := range b.receive() {
						seen <- m
						time.Sleep(time.Second)
						b.delete(m)
					}
					time.Sleep(time.Second)
				}
			})
		}
		consumers.Wait()
		close(seen)
		order := map[string][]int{}
		for m := range seen {
			group := m.Attributes["MessageGroupId"]
			n, err := strconv.Atoi(m.Body[len(group)+1:])
			if err != nil {
				b.Fatal(err)
			}
			if !slices.Contains(order[group], n) {
				order[group] = append(order[group], n)
			}
		}
		for group, got := range order {
			if len(got) != each || !slices.IsSorted(got) {
				b.Errorf("group %s was handled in the order %v", group, got)
			}
		}
		if len(order) != groups {
			b.Errorf("%d groups were handled, want %d", len(order), groups)
		}
	})
}
