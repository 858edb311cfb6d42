package cloud_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/localcloud/loss"
)

// losses notes what a cloud loses.
type losses struct {
	mu  sync.Mutex
	all []loss.Loss
}

func (l *losses) report(lost loss.Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, lost)
}

func (l *losses) got() []loss.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// withoutDeadLetters removes the dead-letter queue of a rule's target.
func withoutDeadLetters(r resources, rule string) {
	delete(r.properties(rule)["Targets"].([]any)[0].(map[string]any), "DeadLetterConfig")
}

func TestWhatRulesCannotDeliverAnywhereIsLost(t *testing.T) {
	for name, test := range map[string]struct {
		source, detail string
		change         func(resources)
		want           loss.Loss
	}{
		"a body that no queue takes": {
			"queued", "{\"subject\": \"s-1\", \"address\": \"\uffff\"}", func(resources) {},
			loss.Loss{Name: "Shop/ToQueue", Target: "Shop/Queue", Reason: "InvalidMessageContents"},
		},
		"to a queue that denies": {
			"queued", `{"subject": "s-1"}`, func(r resources) { delete(r, "QueuePolicy"); delete(r, "UndeliveredPolicy") },
			loss.Loss{Name: "Shop/ToQueue", Target: "Shop/Queue", Reason: "its dead-letter queue arn:aws:sqs:"},
		},
		"to a bus, without a dead-letter queue": {
			"inner", `{"subject": "s-1"}`, func(r resources) { delete(r, "ForwardPolicy"); withoutDeadLetters(r, "ToInner") },
			loss.Loss{Name: "ToInner", Target: "Inner", Reason: "the target has no dead-letter queue"},
		},
		"to a function, without a dead-letter queue": {
			"inner", `{"subject": "s-1"}`, func(r resources) { delete(r, "RulePermission"); withoutDeadLetters(r, "ToFunction") },
			loss.Loss{Name: "ToFunction", Target: "Shop/Worker", Reason: "the target has no dead-letter queue"},
		},
		"to a log group, without a dead-letter queue": {
			"logged", `{"subject": "s-1"}`, func(r resources) { delete(r, "EventsPolicy"); withoutDeadLetters(r, "ToLogs") },
			loss.Loss{Name: "ToLogs", Target: "Events", Reason: "the target has no dead-letter queue"},
		},
		"to an API destination that refuses, without a dead-letter queue": {
			"notify", `{"subject": "s-1"}`, func(r resources) { withoutDeadLetters(r, "ToNotify") },
			loss.Loss{Name: "ToNotify", Target: "Destination", Reason: "the HTTP status 400; the target has no dead-letter queue"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var lost losses
			config := configOf(assembled(t, test.change))
			config.Lost = lost.report
			config.DestinationURLs = map[string]string{
				"": serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }),
			}
			s := startWith(t, config)
			s.publish(t, test.source, test.detail)
			got := lost.got()
			if len(got) != 1 {
				t.Fatalf("lost is %+v, want one event", got)
			}
			if got[0].Kind != loss.Rule || got[0].Name != test.want.Name || got[0].Target != test.want.Target ||
				!strings.Contains(got[0].Reason, test.want.Reason) {
				t.Errorf("lost is %+v, want %+v", got[0], test.want)
			}
			if got[0].ID == "" || got[0].Type != "thing" || got[0].Subject != "s-1" || got[0].Time.IsZero() {
				t.Errorf("lost is %+v, of the event thing about s-1", got[0])
			}
			if usage := s.Usage(t.Context()); usage.Rules[test.want.Name].Dropped != 1 || usage.Lost != 1 {
				t.Errorf("counted are %+v and %d losses, want 1", usage.Rules[test.want.Name], usage.Lost)
			}
		})
	}
}

func TestAnAsynchronousEventWithoutADeadLetterQueueIsLost(t *testing.T) {
	var lost losses
	config := configOf(assembled(t, nil))
	config.Lost, config.RedeliverAfter = lost.report, time.Millisecond
	s := startWith(t, config)
	s.publish(t, "inner", `{"subject": "s-1", "fail": true}`)
	got := lost.got()
	if len(got) != 1 || got[0].Kind != loss.Function || got[0].Name != "Shop/Worker" || got[0].Subject != "s-1" ||
		!strings.Contains(got[0].Reason, "Runtime exited with error: exit status 1; the function has no dead-letter queue") {
		t.Errorf("lost is %+v, want one event of Shop/Worker", got)
	}
}

func TestAScheduledInvocationWithoutADeadLetterQueueIsLost(t *testing.T) {
	var lost losses
	config := configOf(assembled(t, func(r resources) {
		scheduled(r)
		delete(r, "SweepPolicy")
	}))
	config.Lost = lost.report
	startWith(t, config)
	eventually(t, "the loss", func() bool { return len(lost.got()) == 1 })
	got := lost.got()[0]
	if got.Kind != loss.Schedule || got.Name != "Sweep" || got.Target != "Shop/Worker" ||
		!strings.Contains(got.Reason, "does not allow lambda:InvokeFunction") || !strings.Contains(got.Reason, "does not allow sqs:SendMessage") {
		t.Errorf("lost is %+v, want an invocation by Sweep", got)
	}
}

func TestAnEventForABusThatDoesNotExistIsLost(t *testing.T) {
	var lost losses
	config := configOf(assembled(t, nil))
	config.Lost = lost.report
	s := startWith(t, config)
	s.publishTo(t, "nowhere", "queued", `{"subject": "s-1"}`)
	got := lost.got()
	if len(got) != 1 || got[0].Kind != loss.Bus || got[0].Name != "arn:aws:events:eu-west-1:000000000000:event-bus/nowhere" || got[0].Subject != "s-1" {
		t.Errorf("lost is %+v, want one event for the bus nowhere", got)
	}
}

func TestAMessageThatExpiresIsLostUnlessItsQueueIsForAnObserver(t *testing.T) {
	var lost losses
	var later atomic.Int64
	config := configOf(assembled(t, func(r resources) { r["Observed"] = decode(`{"Type": "AWS::SQS::Queue", "Properties": {}}`) }))
	config.Lost = lost.report
	config.Clock = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	s := startWith(t, config)
	for _, path := range []string{"Observed", "DeadLetters", "Undelivered"} {
		if _, err := s.queues.SendMessage(t.Context(), &awssqs.SendMessageInput{
			QueueUrl: aws.String(s.where.Queues[path]), MessageBody: aws.String(`{"id": "1", "type": "thing"}`),
		}); err != nil {
			t.Fatal(err)
		}
	}
	later.Store(int64(15 * 24 * time.Hour))
	if usage := s.Usage(t.Context()); usage.Queues["Observed"].Visible != 0 {
		t.Errorf("the queues have %+v after all retentions", usage.Queues)
	}
	names := map[string]bool{}
	for _, each := range lost.got() {
		names[each.Name] = each.Kind == loss.Queue && each.Type == "thing"
	}
	if len(names) != 2 || !names["DeadLetters"] || !names["Undelivered"] {
		t.Errorf("lost is %+v, want one message of DeadLetters and one of Undelivered", lost.got())
	}
}

func TestEveryMessageThatComesToADeadLetterQueueIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		source, detail string
		change         func(resources)
		want           loss.DeadLetter
	}{
		"received too often": {
			"queued", `{"subject": "s-1", "fail": true}`, func(resources) {},
			loss.DeadLetter{Queue: "DeadLetters", From: "Shop/Queue", Reason: "it was received 1 times and not deleted"},
		},
		"not delivered by a rule": {
			"logged", `{"subject": "s-1"}`, func(r resources) { delete(r, "EventsPolicy") },
			loss.DeadLetter{Queue: "Undelivered", From: "ToLogs", Reason: "no resource policy of the logs allows events.amazonaws.com"},
		},
		"given up by a function": {
			"inner", `{"subject": "s-1", "fail": true}`, func(r resources) {
				r.properties("Worker")["DeadLetterConfig"] = decode(`{"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}`)
				r["ToDeadLetters"] = decode(`{"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "dead", "Roles": [{"Ref": "WorkerRole"}],
					"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}]}}}`)
			},
			loss.DeadLetter{Queue: "DeadLetters", Reason: "Runtime exited with error: exit status 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan loss.DeadLetter, 10)
			config := configOf(assembled(t, test.change))
			config.RedeliverAfter, config.DeadLetter = time.Millisecond, func(d loss.DeadLetter) { arrived <- d }
			s := startWith(t, config)
			s.publish(t, test.source, test.detail)
			got := <-arrived
			if got.Queue != test.want.Queue || got.From != test.want.From || !strings.Contains(got.Reason, test.want.Reason) {
				t.Errorf("reported is %+v, want %+v", got, test.want)
			}
			if message := s.only(t, got.Queue); got.Message != *message.MessageId || got.URL != s.where.Queues[got.Queue] || got.Subject != "s-1" || got.Time.IsZero() {
				t.Errorf("reported is %+v, want the message %s about s-1", got, *message.MessageId)
			}
			if len(arrived) != 0 {
				t.Errorf("%+v is reported too", <-arrived)
			}
		})
	}
}

func TestAFailedAttemptIsReportedWithTheFunctionsPath(t *testing.T) {
	failed := make(chan loss.Failure, 10)
	config := configOf(assembled(t, nil))
	config.RedeliverAfter, config.Failed = time.Millisecond, func(f loss.Failure) { failed <- f }
	s := startWith(t, config)
	s.publish(t, "queued", `{"subject": "s-1", "fail": true}`)
	got := <-failed
	if got.Function != "Shop/Worker" || got.Attempt != 1 || got.Attempts != 1 || got.Subject != "s-1" || len(got.Messages) != 1 || got.Time.IsZero() {
		t.Errorf("reported is %+v, want the attempt 1 of 1 of Shop/Worker", got)
	}
}

func TestTheDeadLetterOfAScheduleIsReported(t *testing.T) {
	arrived := make(chan loss.DeadLetter, 10)
	config := configOf(assembled(t, func(r resources) {
		scheduled(r)
		document := r.properties("SweepPolicy")["PolicyDocument"].(map[string]any)
		document["Statement"] = document["Statement"].([]any)[1:] // It may send to the dead-letter queue only.
	}))
	config.DeadLetter = func(d loss.DeadLetter) { arrived <- d }
	startWith(t, config)
	if got := <-arrived; got.Queue != "DeadLetters" || got.From != "Sweep" || !strings.Contains(got.Reason, "does not allow lambda:InvokeFunction") {
		t.Errorf("reported is %+v, want a message of Sweep", got)
	}
}
