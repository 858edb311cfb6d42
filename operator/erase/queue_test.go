package erase_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/pkg/participant"
)

// message is one in a queue.
type message struct{ body, group string }

// personal are messages about anna, in every form in which one may be there.
func personal() map[string]message {
	cloudEvent := `{"specversion":"1.0","id":"e-1","type":"order.placed","subject":"o-1","data":{"orderId":"o-1","customerId":"c-anna"}}`
	return map[string]message{
		"an event":                            {body: cloudEvent},
		"an event without personal data":      {body: `{"id":"e-1","type":"order.cancelled","subject":"o-1","data":{"reason":"timed-out"}}`},
		"an event of an order erased earlier": {body: `{"id":"e-1","type":"order.cancelled","subject":"o-long-ago","data":{}}`},
		"in the envelope of EventBridge":      {body: `{"id":"envelope","source":"order","detail-type":"order.placed","detail":` + cloudEvent + `}`},
		"a text in another message":           {body: fmt.Sprintf(`{"Records":[{"body":%q}]}`, cloudEvent)},
		"of an order that was never recorded": {body: strings.ReplaceAll(cloudEvent, "o-1", "o-unknown")},
		"about the customer alone":            {body: `{"type":"customer.greeted","data":{"customerId":"c-anna"}}`},
		"the customer in escapes":             {body: `{"data":{"customerId":"c-\u0061nna"}}`},
		"an event in a list":                  {body: `[` + cloudEvent + `]`},
		"cut off":                             {body: cloudEvent[:len(cloudEvent)-2]},
		"cut off before the customer":         {body: cloudEvent[:strings.Index(cloudEvent, `"data"`)]},
		"a text, cut off":                     {body: fmt.Sprintf(`{"Records":[{"body":%q`, cloudEvent)},
		"not JSON, in the order's group":      {body: "\u2620", group: "o-1"},
		"the order in the data alone":         {body: `{"type":"order.placed","data":{"orderId":"o-1"}}`},
		"the same, cut off":                   {body: `{"type":"order.placed","data":{"orderId":"o-1"`},
		"the customer alone, cut off":         {body: `{"data":{"customerId":"c-anna"`},
		"the customer in a text, cut off":     {body: `{"body":"{\"data\":{\"customerId\":\"c-anna\"`},
		"this and another customer":           {body: `[{"customerId":"c-anna"},{"customerId":"c-bert"}]`},
		"another customer and this":           {body: `[{"customerId":"c-bert"},{"customerId":"c-anna"}]`},
		"this and another, cut off":           {body: `[{"customerId":"c-anna"},{"customerId":"c-bert"}`},
		"another and this, cut off":           {body: `[{"customerId":"c-bert"},{"customerId":"c-anna"}`},
		"the customer in one of two texts":    {body: `["{\"customerId\":\"c-anna\"}","{\"id\":\"1\"}"]`},
		"the order in a text":                 {body: `{"Records":[{"body":"{\"subject\":\"o-1\"}"}]}`},
		"the order, and in a text another":    {body: `[{"subject":"o-1"},"{\"subject\":\"o-bert\"}"]`},
		"the order, and then no subject":      {body: `[{"subject":"o-1"},{"subject":""}]`},
		"the order, and then something else":  {body: `[{"orderId":"o-1"},{"sku":"123"}]`},
	}
}

// strange are messages about others.
func strange() map[string]message {
	return map[string]message{
		"an event of another's order":      {body: `{"type":"order.placed","subject":"o-bert","data":{"orderId":"o-bert","customerId":"c-bert"}}`},
		"a customer of a longer name":      {body: `{"data":{"customerId":"c-anna-lena"}}`},
		"the same, cut off":                {body: `{"data":{"customerId":"c-anna-lena"`},
		"the customer's id as another's":   {body: `{"data":{"sku":"c-anna"}}`},
		"not JSON":                         {body: "o-1 c-anna"},
		"of the customer's unended order":  {body: `{"type":"payment.taken","subject":"o-open","data":{"customerId":"c-anna"}}`, group: "o-open"},
		"an unended order that names this": {body: `{"subject":"o-open","data":{"orderId":"o-1"}}`},
		"an empty object":                  {body: `{}`},
		"a text about another customer":    {body: `["{\"customerId\":\"c-bert\"}"]`},
		"a text that is no message":        {body: `{"note":"of \"customerId\":\"c-anna\""}`},
	}
}

func TestEveryMessageAboutTheCustomerIsRemovedAndNoOther(t *testing.T) {
	for _, url := range []string{live, dead} {
		for name, m := range personal() {
			t.Run(name+" in "+url, func(t *testing.T) {
				s := newSaga(t)
				s.ship("o-1", anna)
				s.must(s.Contexts.Erase(t.Context(), "o-long-ago", s.now))
				s.queues.Put(url, m.body, m.group, now.UnixMilli(), nil)
				removed := 0
				for _, swept := range s.erase().Queues {
					removed += swept.Removed
				}
				if removed != 1 || len(s.queues.Queues[url]) != 0 {
					t.Errorf("%d are removed, %d are left", removed, len(s.queues.Queues[url]))
				}
			})
		}
		for name, m := range strange() {
			t.Run(name+" in "+url, func(t *testing.T) {
				s := newSaga(t)
				s.ship("o-1", anna)
				s.reserve("o-open")
				s.queues.Put(url, m.body, m.group, now.UnixMilli(), nil)
				if _, err := s.Erase(t.Context(), anna); err != nil {
					t.Fatal(err)
				}
				if got := s.queues.Visible(url); len(got) != 1 {
					t.Errorf("visible are %v", got)
				}
			})
		}
	}
}

func TestACustomerIsFoundInWhatIsNoJSONAlthoughItsIDIsEscaped(t *testing.T) {
	for _, c := range []struct{ customer, written string }{
		{"c<1", "c<1"}, {"c<1", `c\u003c1`}, {"c\n1", `c\n1`}, {"c\n1", "c\n1"}, {"c\u20281", `c\u20281`}, {"c\u20281", "c\u20281"}, {anna, `c-\u0061nna`},
	} {
		s := newSaga(t)
		s.queues.Put(dead, `{"data":{"customerId":"`+c.written+`"`, "", now.UnixMilli(), nil)
		outcome, err := s.Erase(t.Context(), c.customer)
		s.must(err)
		if got := outcome.Queues[1]; got.Removed != 1 {
			t.Errorf("%q, written %q: %+v", c.customer, c.written, got)
		}
	}
}

func TestAllMessagesOfAGroupAreRemovedAlthoughTheyComeInTurn(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	for n := range 35 {
		s.queues.Put(dead, fmt.Sprintf(`{"id":"%d","subject":"o-1"}`, n), "o-1", now.UnixMilli(), nil)
		s.queues.Put(dead, fmt.Sprintf(`{"id":"%d","subject":"o-%d"}`, n, 100+n), fmt.Sprintf("o-%d", 100+n), now.UnixMilli(), nil)
	}
	if got := s.erase().Queues[1]; got.Removed != 35 || got.Unseen != 0 {
		t.Errorf("%+v", got)
	}
	if got := s.queues.Visible(dead); len(got) != 35 {
		t.Errorf("visible are %d others", len(got))
	}
}

func TestAMessageAboutAnOrderThatWasErasedSinceIsRemoved(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.must(s.Contexts.Erase(t.Context(), "o-1", s.now))
	s.Scan = func(context.Context, func(participant.Record)) error { return nil }
	s.queues.Put(dead, `{"subject":"o-1","data":{"customerId":"c-anna"}}`, "", now.UnixMilli(), nil)
	if got := s.erase().Queues[1].Removed; got != 1 {
		t.Errorf("%d are removed", got)
	}
}

// full is a queue with a few more than 10,000 messages.
type full struct {
	*deadlettertest.SQS

	received int
}

func (f *full) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"ApproximateNumberOfMessages": "10001", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
	}}, nil
}

func (f *full) ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	out := &sqs.ReceiveMessageOutput{}
	for range 10 {
		if f.received++; f.received <= 10_020 {
			id := fmt.Sprint(f.received)
			out.Messages = append(out.Messages, types.Message{
				MessageId: &id, ReceiptHandle: &id, Body: aws.String("{}"), Attributes: map[string]string{"SentTimestamp": "0"},
			})
		}
	}
	return out, nil
}

func (f *full) ChangeMessageVisibilityBatch(
	context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
}

func TestTenThousandMessagesOfAQueueAreLookedAt(t *testing.T) {
	s := newSaga(t)
	s.Queues[0].Client = &full{SQS: s.queues}
	if got := s.erase().Queues[0].Unseen; got != 1 {
		t.Errorf("%d are not looked at", got)
	}
}

func TestAnEmptyQueueIsNotReceivedFrom(t *testing.T) {
	s := newSaga(t)
	s.queues.Broken["ReceiveMessage"] = true
	s.erase()
}

func TestEveryQueueIsSwept(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.Queues = append(s.Queues, deadletter.Queue{Client: s.queues, Name: "Club/Queue", URL: "https://sqs/0/club"})
	s.DeadLetters = append(s.DeadLetters, deadletter.Queue{Client: s.queues, Name: "Club/DeadLetters", URL: "https://sqs/0/club-dead"})
	for _, url := range []string{live, "https://sqs/0/club", dead, "https://sqs/0/club-dead"} {
		s.queues.Put(url, `{"subject":"o-1"}`, "", now.UnixMilli(), nil)
	}
	removed := make(map[string]int)
	for _, swept := range s.erase().Queues {
		removed[swept.Queue] = swept.Removed
	}
	if diff := cmp.Diff(map[string]int{"Shop/Queue": 1, "Club/Queue": 1, "Shop/DeadLetters": 1, "Club/DeadLetters": 1}, removed); diff != "" {
		t.Error(diff)
	}
}

func TestADeadLetterThatCouldNotBeSeenIsAProblemAndAMessageOnItsWayIsNot(t *testing.T) {
	s := newSaga(t)
	s.ship("o-1", anna)
	s.queues.Put(dead, `{"subject":"o-1"}`, "o-1", now.UnixMilli(), nil).Hidden = true
	s.queues.Put(live, `{"subject":"o-1"}`, "", now.UnixMilli(), nil).Hidden = true
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	problems := outcome.Problems()
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), "Shop/DeadLetters: 1 dead letters could not be seen") {
		t.Errorf("the problems are %v", problems)
	}
	if got := outcome.Queues[0]; got.Unseen != 1 || got.Removed != 0 {
		t.Errorf("of the queue %+v", got)
	}
}

func TestAQueueThatFailsIsNamedAndItsMessagesArePutBack(t *testing.T) {
	for _, operation := range []string{"GetQueueAttributes", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibilityBatch"} {
		t.Run(operation, func(t *testing.T) {
			s := newSaga(t)
			s.ship("o-1", anna)
			s.queues.Put(dead, `{"subject":"o-1"}`, "o-1", now.UnixMilli(), nil)
			s.queues.Put(dead, `{"subject":"o-2"}`, "o-2", now.UnixMilli(), nil)
			s.queues.Broken[operation] = true
			outcome, err := s.Erase(t.Context(), anna)
			s.must(err)
			named := slices.ContainsFunc(outcome.Problems(), func(problem error) bool {
				return strings.HasPrefix(problem.Error(), "Shop/DeadLetters: ") && errors.Is(problem, deadlettertest.ErrBroken)
			})
			if !named {
				t.Errorf("the problems are %v", outcome.Problems())
			}
			s.assertErased("o-1")
			if got := s.queues.Visible(dead); operation == "DeleteMessage" && (len(got) != 2 || outcome.Queues[1].Removed != 0) {
				t.Errorf("visible are %v, %d are removed", got, outcome.Queues[1].Removed)
			}
		})
	}
}

func TestAMessageWhoseOrderCannotBeLookedUpStays(t *testing.T) {
	s := newSaga(t)
	s.reserve("o-open")
	s.queues.Put(dead, `{"subject":"o-open","data":{"customerId":"c-anna"}}`, "", now.UnixMilli(), nil)
	s.asleep = func() error {
		s.fails = s.steps + 1
		return context.Canceled
	}
	outcome, err := s.Erase(t.Context(), anna)
	s.must(err)
	if problems := outcome.Problems(); len(problems) != 2 || !errors.Is(problems[1], errBroken) {
		t.Errorf("the problems are %v", problems)
	}
	if diff := cmp.Diff([]string{"m-1"}, s.queues.Visible(dead)); diff != "" {
		t.Error(diff)
	}
}
