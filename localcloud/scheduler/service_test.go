package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/scheduler"
	"example.com/saga/localcloud/wire"
)

func TestARateIsANumberOfMinutesHoursOrDays(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(1 minutes)": time.Minute, "rate(15 minutes)": 15 * time.Minute,
		"rate(1 hour)": time.Hour, "rate(12 hours)": 12 * time.Hour, "rate(2 days)": 48 * time.Hour,
	} {
		if got, err := scheduler.ParseRate(expression); err != nil || got != want {
			t.Errorf("%s is %s, %v", expression, got, err)
		}
	}
}

func TestAnyOtherExpressionIsRefusedByName(t *testing.T) {
	for _, expression := range []string{
		"", "rate()", "rate(0 minutes)", "rate(-1 minutes)", "rate(10 seconds)", "rate(1 year)", "rate(1.5 hours)", "rate( 1 minute)",
		"rate(1 minute) ", "rate(9999999 days)", "cron(0 * * * ? *)", "at(2026-03-01T12:00:00)",
	} {
		if _, err := scheduler.ParseRate(expression); err == nil || !strings.Contains(err.Error(), `"`+expression+`"`) {
			t.Errorf("%q: the error is %v", expression, err)
		}
	}
}

// targets notes when it is invoked, and returns an error if one is set.
type targets struct {
	refuse, refuseLetters error
	invoked               []time.Time
	inputs                [][]byte
	letters               []scheduler.DeadLetter
	before                func(ctx context.Context)
}

func (t *targets) Invoke(ctx context.Context, from scheduler.Schedule) error {
	if t.before != nil {
		t.before(ctx)
	}
	t.invoked = append(t.invoked, time.Now())
	t.inputs = append(t.inputs, from.Input)
	return t.refuse
}

func (t *targets) SendDeadLetter(_ context.Context, _ scheduler.Schedule, letter scheduler.DeadLetter) error {
	t.letters = append(t.letters, letter)
	return t.refuseLetters
}

func sweep() scheduler.Schedule {
	return scheduler.Schedule{
		Name: "sweep", ARN: "arn:schedule", Every: time.Minute, Target: "arn:function", RoleARN: "arn:role",
		Input: []byte(`{"n":1}`), DeadLetterARN: "arn:queue",
	}
}

func TestATargetWithoutAnInputGetsANotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, one := new(targets), sweep()
		one.Input, one.ARN = nil, "arn:aws:scheduler:eu-west-1:000000000000:schedule/default/sweep"
		running(t, to, one, 0)
		synctest.Wait()
		var got map[string]any
		if err := json.Unmarshal(to.inputs[0], &got); err != nil || got["id"] == "" {
			t.Fatalf("the input is %s, %v", to.inputs[0], err)
		}
		delete(got, "id")
		want := map[string]any{
			"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "000000000000", "region": "eu-west-1",
			"time": "2000-01-01T00:00:00Z", "resources": []any{one.ARN}, "detail": "{}",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the input differs (-want +got):\n%s", diff)
		}
	})
}

// running starts a service with one schedule, and returns what it loses too. It
// must run in a bubble.
func running(t *testing.T, to *targets, one scheduler.Schedule, every time.Duration) (*scheduler.Service, *[]loss.Loss) {
	t.Helper()
	lost := new([]loss.Loss)
	s := scheduler.New(scheduler.Config{Clock: time.Now, Every: every, Targets: to, Lost: func(l loss.Loss) { *lost = append(*lost, l) }})
	t.Cleanup(s.Close)
	if err := s.Create(one); err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s, lost
}

func TestARateBeginsAtOnceAndGoesOn(t *testing.T) {
	for name, test := range map[string]struct{ override, want time.Duration }{
		"at its own interval":   {0, time.Minute},
		"or at the one imposed": {time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &targets{}
				began := time.Now()
				s, _ := running(t, to, sweep(), test.override)
				time.Sleep(3*test.want + test.want/2)
				synctest.Wait()
				var since []time.Duration
				for _, at := range to.invoked {
					since = append(since, at.Sub(began))
				}
				if diff := cmp.Diff([]time.Duration{0, test.want, 2 * test.want, 3 * test.want}, since); diff != "" {
					t.Errorf("invoked after (-want +got):\n%s", diff)
				}
				if got := s.Counts("arn:schedule"); got != (scheduler.Counts{Fired: 4}) {
					t.Errorf("counted are %+v", got)
				}
			})
		})
	}
}

func TestAScheduleIsIdleBetweenItsTimesAndBusyWhileItInvokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &targets{before: func(context.Context) { time.Sleep(time.Second) }}
		s, _ := running(t, to, sweep(), 0)
		synctest.Wait()
		if s.Idle() {
			t.Error("it is idle while it invokes")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !s.Idle() {
			t.Error("it is busy while it waits")
		}
	})
}

func TestWhatIsRefusedEndsInTheDeadLetterQueue(t *testing.T) {
	for name, test := range map[string]struct {
		refusal error
		code    string
	}{
		"by AWS's error": {wire.Errorf("ResourceNotFoundException", "no such function"), "ResourceNotFoundException"},
		"by another":     {errors.New("no such function"), "InternalServerException"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &targets{refuse: test.refusal}
				now := time.Now()
				s, _ := running(t, to, sweep(), 0)
				synctest.Wait()
				if len(to.letters) != 1 || s.Counts("arn:schedule") != (scheduler.Counts{Fired: 1, Refused: 1}) {
					t.Fatalf("%d dead letters, counted are %+v", len(to.letters), s.Counts("arn:schedule"))
				}
				letter := to.letters[0]
				want := map[string]string{
					"ERROR_CODE": test.code, "ERROR_MESSAGE": test.refusal.Error(), "IS_PAYLOAD_TRUNCATED": "false", "RETRY_ATTEMPTS": "0",
					"SCHEDULED_TIME": now.UTC().Format(time.RFC3339), "SCHEDULE_ARN": "arn:schedule", "TARGET_ARN": "arn:function",
				}
				ignore := cmpopts.IgnoreMapEntries(func(name, value string) bool { return name == "EXECUTION_ID" && value != "" })
				if diff := cmp.Diff(want, letter.Attributes, ignore); diff != "" || letter.Attributes["EXECUTION_ID"] == "" {
					t.Errorf("attributes (-want +got):\n%s", diff)
				}
				var body map[string]string
				if err := json.Unmarshal(letter.Body, &body); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(map[string]string{"FunctionName": "arn:function", "InvocationType": "Event", "Payload": `{"n":1}`}, body); diff != "" {
					t.Errorf("body (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestWhatNoDeadLetterQueueAcceptsIsLost(t *testing.T) {
	refusal := errors.New("no such function")
	for name, test := range map[string]struct {
		queue   string
		letters error
		want    string
	}{
		"because there is none": {"", nil, "no such function; the schedule has no dead-letter queue"},
		"because it is refused": {"arn:queue", errors.New("access denied"), "no such function; its dead-letter queue arn:queue does not accept it: access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one := sweep()
				one.DeadLetterARN, one.Input = test.queue, []byte(`{"id": "1", "type": "sweep"}`)
				_, lost := running(t, &targets{refuse: refusal, refuseLetters: test.letters}, one, 0)
				synctest.Wait()
				want := loss.Loss{
					Kind: loss.Schedule, Name: "arn:schedule", Target: "arn:function", Event: loss.Event{ID: "1", Type: "sweep"}, Reason: test.want,
				}
				if diff := cmp.Diff([]loss.Loss{want}, *lost); diff != "" {
					t.Errorf("lost (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAfterCloseNothingIsInvoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &targets{}
		s, _ := running(t, to, sweep(), 0)
		synctest.Wait()
		s.Close()
		time.Sleep(time.Hour)
		if len(to.invoked) != 1 {
			t.Errorf("invoked %d times", len(to.invoked))
		}
	})
}

func TestAScheduleThatCannotRunIsRefused(t *testing.T) {
	s := scheduler.New(scheduler.Config{})
	defer s.Close()
	never := sweep()
	never.Every = 0
	if err := s.Create(never); err == nil || !strings.Contains(err.Error(), "sweep") {
		t.Errorf("without an interval the error is %v", err)
	}
	if err := s.Create(sweep()); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(sweep()); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("for the second of one ARN the error is %v", err)
	}
}
