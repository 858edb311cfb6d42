package eventbridge_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/loss"
)

// failing fails a number of times with the error before it delivers, and notes
// when it was called.
type failing struct {
	inbox

	times int
	err   error
	calls []time.Duration
	began time.Time
}

func newFailing(times int, err error) *failing {
	return &failing{times: times, err: err, began: time.Now()}
}

func (f *failing) Deliver(ctx context.Context, d eventbridge.Delivery) error {
	f.mu.Lock()
	f.calls = append(f.calls, time.Since(f.began))
	failed := len(f.calls) <= f.times
	f.mu.Unlock()
	if failed {
		return f.err
	}
	return f.inbox.Deliver(ctx, d)
}

func retryable() error {
	return &eventbridge.DeliveryError{Code: "ERROR_FROM_TARGET", Message: "not now", Retryable: true}
}

func counts(t *testing.T, service *eventbridge.Service) eventbridge.Counts {
	t.Helper()
	got, known := service.Counts(ruleARN)
	if !known {
		t.Fatal("the rule is not known")
	}
	return got
}

func TestAFailedDeliveryIsRetriedWithGrowingDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newFailing(4, retryable())
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		publish(t, service, `{}`)
		synctest.Wait()
		if service.Idle() {
			t.Error("the service is idle while a retry is due")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}
		if !slices.Equal(queue.calls, want) {
			t.Errorf("attempts at %v, want %v", queue.calls, want)
		}
		if diff := cmp.Diff(eventbridge.Counts{Matched: 1, Delivered: 1, FailedAttempts: 4}, counts(t, service)); diff != "" {
			t.Error(diff)
		}
		if !service.Idle() {
			t.Error("the service is not idle")
		}
	})
}

func TestJitterSpreadsADelayOverItsUpperHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newFailing(1, retryable())
		c := config(map[string]eventbridge.Deliverer{"sqs": queue}, nil)
		c.Random = func() float64 { return 0 }
		c.BaseDelay = 10 * time.Second
		service := start(t, c, allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		publish(t, service, `{}`)
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []time.Duration{0, 5 * time.Second}; !slices.Equal(queue.calls, want) {
			t.Errorf("attempts at %v, want %v", queue.calls, want)
		}
	})
}

func TestATargetThatAsksForMoreTimeGetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newFailing(1, &eventbridge.DeliveryError{Code: "ERROR_FROM_TARGET", Retryable: true, RetryAfter: 20 * time.Second})
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		publish(t, service, `{}`)
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []time.Duration{0, 20 * time.Second}; !slices.Equal(queue.calls, want) {
			t.Errorf("attempts at %v, want %v", queue.calls, want)
		}
	})
}

func TestWhatGoesToTheDeadLetterQueue(t *testing.T) {
	base := map[string]string{"RULE_ARN": ruleARN, "TARGET_ARN": queueARN}
	with := func(pairs ...string) map[string]string {
		attributes := map[string]string{}
		maps.Copy(attributes, base)
		for i := 0; i < len(pairs); i += 2 {
			attributes[pairs[i]] = pairs[i+1]
		}
		return attributes
	}
	tests := []struct {
		rule     string
		err      error
		retry    eventbridge.RetryPolicy
		attempts int
		want     map[string]string
	}{
		{
			"an error that cannot be mended, at once", &eventbridge.DeliveryError{Code: "NO_RESOURCE", Message: "gone"},
			eventbridge.RetryPolicy{},
			1,
			with("ERROR_CODE", "NO_RESOURCE", "ERROR_MESSAGE", "gone"),
		},
		{
			"after the last retry", retryable(),
			eventbridge.RetryPolicy{MaximumAttempts: 2, MaximumAge: time.Hour},
			3,
			with("ERROR_CODE", "ERROR_FROM_TARGET", "ERROR_MESSAGE", "not now", "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts", "RETRY_ATTEMPTS", "2"),
		},
		{
			"without any retry", retryable(),
			eventbridge.RetryPolicy{MaximumAttempts: 0, MaximumAge: time.Hour},
			1,
			with("ERROR_CODE", "ERROR_FROM_TARGET", "ERROR_MESSAGE", "not now", "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts", "RETRY_ATTEMPTS", "0"),
		},
		// At 0, 1, 3, 7, 15 and 31 seconds; the next would be due after a minute.
		{
			"when it is too old", retryable(),
			eventbridge.RetryPolicy{MaximumAttempts: 185, MaximumAge: time.Minute},
			6,
			with("ERROR_CODE", "ERROR_FROM_TARGET", "ERROR_MESSAGE", "not now", "EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds", "RETRY_ATTEMPTS", "6"),
		},
		{
			"after an error of no known kind, retried", errors.New("odd"),
			eventbridge.RetryPolicy{MaximumAttempts: 1, MaximumAge: time.Hour},
			2,
			with("ERROR_CODE", "INTERNAL_ERROR", "ERROR_MESSAGE", "odd", "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts", "RETRY_ATTEMPTS", "1"),
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := newFailing(1000, test.err)
				var dead deadBox
				service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, &dead),
					allTo(eventbridge.Target{ID: "one", ARN: queueARN, DeadLetterARN: deadARN, Retry: test.retry, InputPath: new("$.detail")}))
				var event eventbridge.Event
				service.Observe(func(_ string, e eventbridge.Event) { event = e })
				publish(t, service, `{"id":"o-1"}`)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if len(queue.calls) != test.attempts {
					t.Errorf("attempts at %v, want %d", queue.calls, test.attempts)
				}
				envelope, err := event.Envelope()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]deadLetter{{deadARN, string(envelope), test.want}}, dead.got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(eventbridge.Counts{Matched: 1, FailedAttempts: test.attempts, DeadLettered: 1}, counts(t, service)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestTheDefaultPolicyTries185TimesAndNoLongerThanADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newFailing(1000, retryable())
		var dead deadBox
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, &dead), allTo(eventbridge.Target{ID: "one", ARN: queueARN, DeadLetterARN: deadARN}))
		publish(t, service, `{}`)
		time.Sleep(24*time.Hour + time.Minute)
		synctest.Wait()
		if len(dead.got) != 1 || len(queue.calls) > 186 || len(queue.calls) < 140 || !service.Idle() {
			t.Errorf("%d attempts and %d dead letters", len(queue.calls), len(dead.got))
		}
	})
}

func TestADeliveryWithoutAWorkingDeadLetterQueueIsLost(t *testing.T) {
	for queue, reason := range map[string]string{
		"":      "NO_PERMISSIONS: denied; the target has no dead-letter queue",
		deadARN: "NO_PERMISSIONS: denied; its dead-letter queue " + deadARN + " does not take it: no permission",
	} {
		t.Run(queue, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deliverer := newFailing(1, &eventbridge.DeliveryError{Code: "NO_PERMISSIONS", Message: "denied"})
				c := config(map[string]eventbridge.Deliverer{"sqs": deliverer}, &deadBox{fail: errors.New("no permission")})
				var lost []loss.Loss
				c.Lost = func(l loss.Loss) { lost = append(lost, l) }
				service := start(t, c, allTo(eventbridge.Target{ID: "one", ARN: queueARN, DeadLetterARN: queue}))
				id := publish(t, service, `{"subject":"o-1"}`)
				synctest.Wait()
				if diff := cmp.Diff(eventbridge.Counts{Matched: 1, FailedAttempts: 1, Dropped: 1}, counts(t, service)); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff([]loss.Loss{{
					Kind: loss.Rule, Name: ruleARN, Target: queueARN, Reason: reason,
					Event: loss.Event{ID: id, Type: "order.placed", Subject: "o-1"},
				}}, lost); diff != "" {
					t.Error(diff)
				}
				if !service.Idle() {
					t.Error("the service is not idle")
				}
			})
		})
	}
}

func TestOneSlowTargetDoesNotDelayAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fast inbox
		slow := deliverFunc(func(ctx context.Context, _ eventbridge.Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		})
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": slow, "logs": &fast}, nil),
			allTo(eventbridge.Target{ID: "slow", ARN: queueARN}, eventbridge.Target{ID: "fast", ARN: logsARN}))
		for range 20 {
			publish(t, service, `{}`)
		}
		synctest.Wait()
		if got := len(fast.deliveries()); got != 20 {
			t.Errorf("the fast target has %d events, want 20", got)
		}
		if service.Idle() {
			t.Error("the service is idle while deliveries are under way")
		}
		service.Close()
	})
}

func TestATargetGetsEventsInTheOrderOfTheirArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queue inbox
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		var want []string
		for range 100 {
			want = append(want, publish(t, service, `{}`))
		}
		synctest.Wait()
		var got []string
		for _, each := range queue.deliveries() {
			got = append(got, each.Event.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyPublishersLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queue, group inbox
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue, "logs": &group}, nil),
			allTo(eventbridge.Target{ID: "one", ARN: queueARN}, eventbridge.Target{ID: "two", ARN: logsARN}))
		var publishers sync.WaitGroup
		for range 8 {
			publishers.Go(func() {
				for range 50 {
					publish(t, service, `{}`)
				}
			})
		}
		publishers.Wait()
		synctest.Wait()
		ids := make(map[string]bool)
		for _, each := range queue.deliveries() {
			ids[each.Event.ID] = true
		}
		if len(ids) != 400 || len(queue.deliveries()) != 400 || !service.Idle() {
			t.Errorf("%d different events in %d deliveries, want 400", len(ids), len(queue.deliveries()))
		}
		if diff := cmp.Diff(eventbridge.Counts{Matched: 400, Delivered: 800}, counts(t, service)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeliveryThatCloseInterruptsIsNotDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := deliverFunc(func(ctx context.Context, _ eventbridge.Delivery) error {
			<-ctx.Done()
			return &eventbridge.DeliveryError{Code: "CONNECTION_FAILURE", Message: ctx.Err().Error()}
		})
		var dead deadBox
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": stuck}, &dead),
			allTo(eventbridge.Target{ID: "one", ARN: queueARN, DeadLetterARN: deadARN}))
		publish(t, service, `{}`)
		synctest.Wait()
		service.Close()
		if len(dead.got) != 0 {
			t.Errorf("dead letters %+v", dead.got)
		}
	})
}

func TestAnAPIDestinationIsCalledConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := deliverFunc(func(context.Context, eventbridge.Delivery) error {
			time.Sleep(time.Second)
			return nil
		})
		service := start(t, config(map[string]eventbridge.Deliverer{"events:api-destination": hook}, nil),
			allTo(eventbridge.Target{ID: "hook", ARN: hookARN, RoleARN: roleARN}))
		for range 50 {
			publish(t, service, `{}`)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := counts(t, service).Delivered; got != 50 {
			t.Errorf("%d events delivered after a second, want 50", got)
		}
	})
}

func TestOnlyEnabledRulesThatMatchDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queue inbox
		disabled := allTo(eventbridge.Target{ID: "one", ARN: queueARN})
		disabled.Name, disabled.ARN, disabled.Enabled = "disabled", "arn:disabled", false
		other := allTo(eventbridge.Target{ID: "one", ARN: queueARN})
		other.Name, other.ARN, other.Pattern = "other", "arn:other", []byte(`{"detail-type":["payment.taken"]}`)
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue}, nil), disabled, other)
		publish(t, service, `{}`)
		synctest.Wait()
		if len(queue.deliveries()) != 0 {
			t.Errorf("%d events were delivered", len(queue.deliveries()))
		}
	})
}

// forwarding is a rule on a bus that forwards everything to another.
func forwarding(from, to string) eventbridge.Rule {
	name := fmt.Sprintf("forward-%d", len(from))
	return eventbridge.Rule{
		Name: name, ARN: from + "/" + name, BusARN: from, Pattern: []byte(everything), Enabled: true,
		Targets: []eventbridge.Target{{ID: "bus", ARN: to, RoleARN: roleARN, DeadLetterARN: deadARN}},
	}
}

func TestAForwardedEventStaysTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queue inbox
		onOther := allTo(eventbridge.Target{ID: "one", ARN: queueARN})
		onOther.BusARN = otherARN
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue}, &deadBox{}), forwarding(globalARN, otherARN), onOther)
		var seen []string
		var texts []string
		service.Observe(func(busARN string, e eventbridge.Event) {
			text, err := e.Envelope()
			if err != nil {
				t.Error(err)
			}
			seen, texts = append(seen, busARN), append(texts, string(text))
		})
		publish(t, service, `{"id":"o-1"}`)
		synctest.Wait()
		if !slices.Equal(seen, []string{globalARN, otherARN}) || texts[0] != texts[1] {
			t.Errorf("observed on %v: %v", seen, texts)
		}
		if got := queue.deliveries(); len(got) != 1 || string(got[0].Body) != texts[0] {
			t.Errorf("delivered: %+v", got)
		}
	})
}

func TestAnEventIsForwardedOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead deadBox
		service := start(t, config(nil, &dead), forwarding(globalARN, otherARN), forwarding(otherARN, thirdARN))
		third := 0
		service.Observe(func(busARN string, _ eventbridge.Event) {
			if busARN == thirdARN {
				third++
			}
		})
		publish(t, service, `{}`)
		synctest.Wait()
		if third != 0 || len(dead.got) != 1 || dead.got[0].Attributes["ERROR_CODE"] != "THIRD_ACCOUNT_HOP_DETECTED" {
			t.Errorf("%d events on the third bus, dead letters %+v", third, dead.got)
		}
	})
}

func TestForwardingToABusThatDoesNotExistFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead deadBox
		service := start(t, config(nil, &dead), forwarding(globalARN, otherARN+"-none"))
		publish(t, service, `{}`)
		synctest.Wait()
		if len(dead.got) != 1 || dead.got[0].Attributes["ERROR_CODE"] != "NO_RESOURCE" {
			t.Errorf("dead letters %+v", dead.got)
		}
	})
}

func TestCloseAbandonsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newFailing(1000, retryable())
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		publish(t, service, `{}`)
		synctest.Wait()
		service.Close()
		time.Sleep(time.Hour)
		if len(queue.calls) != 1 {
			t.Errorf("%d attempts, want 1", len(queue.calls))
		}
	})
}

func BenchmarkPublishAndDeliver(b *testing.B) {
	service := eventbridge.New(config(map[string]eventbridge.Deliverer{"sqs": deliverFunc(func(context.Context, eventbridge.Delivery) error { return nil })}, nil))
	defer service.Close()
	for i := range 10 {
		rule := allTo(eventbridge.Target{ID: "one", ARN: queueARN, InputPath: new("$.detail"), MessageGroupID: "$.detail.subject"})
		rule.Name, rule.ARN = fmt.Sprint(i), fmt.Sprint(i)
		rule.BusARN = "arn:aws:events:eu-west-1:111122223333:event-bus/default"
		rule.Pattern = []byte(`{"account":["111122223333"],"source":["order"],"detail-type":["order.placed"]}`)
		if i > 2 {
			rule.Pattern = []byte(`{"account":["111122223333"],"source":["payment"],"detail-type":["payment.taken"]}`)
		}
		if err := service.CreateRule(rule); err != nil {
			b.Fatal(err)
		}
	}
	detail := `{"specversion":"1.0","id":"0e4f","source":"order","type":"order.placed","subject":"o-1","time":"2026-11-22T10:15:30Z","correlationid":"c-1","dataschema":"https://example.com/schemas/order.placed/1","datacontenttype":"application/json","data":{"orderId":"o-1","customerId":"c-42","items":[{"sku":"123","quantity":2,"price":1250},{"sku":"456","quantity":1,"price":99}],"currency":"EUR","paymentMethod":"card","shippingAddress":"23 Fake Street"}}`
	in := &eventbridge.PutEventsInput{Entries: []eventbridge.PutEventsEntry{{Source: "order", DetailType: "order.placed", Detail: &detail}}}
	for b.Loop() {
		if _, err := service.PutEvents(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
