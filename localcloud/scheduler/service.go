// Package scheduler is the local cloud's EventBridge Scheduler: it invokes targets at a
// rate. What a target refuses is sent to the schedule's dead-letter queue.
package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
)

// Schedule invokes a function asynchronously, or sends to a queue, again and again.
type Schedule struct {
	Name, ARN string
	// Every is the interval, unless Cron has the times.
	Every time.Duration
	Cron  *Cron
	// Target is the ARN of the function or the queue, and RoleARN the role that calls it.
	Target, RoleARN string
	// MessageGroupID is the message group on a FIFO queue.
	MessageGroupID string
	// Input is the target's; without one the target gets a notification.
	Input []byte
	// DeadLetterARN is the queue for what the target refuses; empty for none.
	DeadLetterARN string
}

// DeadLetter is an invocation that was refused.
type DeadLetter struct {
	Body       []byte
	Attributes map[string]string
}

// Targets are what schedules invoke.
type Targets interface {
	// Invoke invokes the target with the input. An error is permanent.
	Invoke(ctx context.Context, s Schedule) error
	// SendDeadLetter sends a dead letter to the schedule's dead-letter queue.
	SendDeadLetter(ctx context.Context, s Schedule, letter DeadLetter) error
}

// Config is what a Service needs from outside.
type Config struct {
	Clock func() time.Time
	// Every replaces the interval of every schedule, unless it is 0.
	Every   time.Duration
	Targets Targets
	// Lost is called for the invocations that neither the target nor the
	// dead-letter queue accepted.
	Lost loss.Report
}

// Counts is what one schedule has done so far.
type Counts struct {
	// Fired counts the invocations, and Refused those that were refused.
	Fired   int `json:"fired"`
	Refused int `json:"refused"`
}

// Service runs schedules.
type Service struct {
	config Config

	mu        sync.Mutex
	schedules []Schedule
	counts    map[string]Counts
	// cancel ends what Start has started.
	cancel context.CancelFunc

	firing  atomic.Int64
	running sync.WaitGroup
}

// New returns a Service without schedules. It must be closed.
func New(config Config) *Service {
	return &Service{config: config, counts: map[string]Counts{}, cancel: func() {}}
}

// Create adds a schedule, which does nothing before Start.
func (s *Service) Create(schedule Schedule) error {
	if schedule.Every <= 0 && schedule.Cron == nil {
		return fmt.Errorf("schedule %s: the interval must be more than 0", schedule.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.schedules, func(other Schedule) bool { return other.ARN == schedule.ARN }) {
		return fmt.Errorf("schedule %s: a schedule with the ARN %s exists already", schedule.Name, schedule.ARN)
	}
	if s.config.Every > 0 {
		schedule.Every, schedule.Cron = s.config.Every, nil
	}
	s.schedules = append(s.schedules, schedule)
	return nil
}

// Start starts the schedules.
func (s *Service) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for _, schedule := range s.schedules {
		s.running.Go(func() { s.run(ctx, schedule) })
	}
}

// At returns the schedule with the times of an expression.
func (s Schedule) At(expression string) (_ Schedule, err error) {
	if strings.HasPrefix(expression, "cron(") {
		s.Cron, err = ParseCron(expression)
	} else {
		s.Every, err = ParseRate(expression)
	}
	return s, err
}

// next returns when a schedule fires after this time, or the zero time if it does not.
func (s Schedule) next(fired time.Time) time.Time {
	if s.Cron == nil {
		return fired.Add(s.Every)
	}
	return s.Cron.Next(fired)
}

func (s *Service) run(ctx context.Context, schedule Schedule) {
	at := s.config.Clock() // A rate without a start date begins at once.
	if schedule.Cron != nil {
		at = schedule.Cron.Next(at)
	}
	for ; !at.IsZero(); at = schedule.next(at) {
		if wire.Sleep(ctx, at.Sub(s.config.Clock())) != nil {
			return
		}
		s.fire(ctx, schedule)
	}
}

func (s *Service) fire(ctx context.Context, schedule Schedule) {
	s.firing.Add(1)
	defer s.firing.Add(-1)
	at := s.config.Clock()
	if schedule.Input == nil {
		schedule.Input = schedule.notification(at)
	}
	err := s.config.Targets.Invoke(ctx, schedule)
	s.count(schedule.ARN, err)
	if err == nil || ctx.Err() != nil {
		return
	}
	if unsent := s.sendToDeadLetterQueue(ctx, schedule, at, err); unsent != nil {
		s.config.Lost.Lost(loss.Loss{
			Kind: loss.Schedule, Name: schedule.ARN, Target: schedule.Target, Event: loss.Identify(schedule.Input),
			Reason: fmt.Sprintf("%s; %s", err, unsent),
		})
	}
}

// notification returns the input of a target for which the schedule has none. Its
// detail is a text.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
func (s Schedule) notification(at time.Time) []byte {
	arn := strings.Split(s.ARN, ":")
	return fmt.Appendf(nil, `{"version":"0","id":%q,"detail-type":"Scheduled Event","source":"aws.scheduler","account":%q,"time":%q,"region":%q,"resources":[%q],"detail":"{}"}`,
		uuid.NewString(), arn[4], at.UTC().Format(time.RFC3339), arn[3], s.ARN)
}

func (s *Service) count(arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts[arn]
	counts.Fired++
	if err != nil {
		counts.Refused++
	}
	s.counts[arn] = counts
}

// sendToDeadLetterQueue sends the request that would have been made to the
// target's API, and why it was refused.
func (s *Service) sendToDeadLetterQueue(ctx context.Context, schedule Schedule, at time.Time, refusal error) error {
	if schedule.DeadLetterARN == "" {
		return errors.New("the schedule has no dead-letter queue")
	}
	body, err := json.Marshal(schedule.request())
	if err != nil {
		return err
	}
	code := "InternalServerException"
	if failure, isWire := errors.AsType[*wire.Error](refusal); isWire {
		code = failure.Code
	}
	err = s.config.Targets.SendDeadLetter(ctx, schedule, DeadLetter{Body: body, Attributes: map[string]string{
		"ERROR_CODE":           code,
		"ERROR_MESSAGE":        refusal.Error(),
		"EXECUTION_ID":         uuid.NewString(),
		"IS_PAYLOAD_TRUNCATED": strconv.FormatBool(false),
		"RETRY_ATTEMPTS":       strconv.Itoa(0),
		"SCHEDULED_TIME":       at.UTC().Format(time.RFC3339),
		"SCHEDULE_ARN":         schedule.ARN,
		"TARGET_ARN":           schedule.Target,
	}})
	if err != nil {
		return fmt.Errorf("its dead-letter queue %s does not accept it: %w", schedule.DeadLetterARN, err)
	}
	return nil
}

// request returns the request to the target's API.
func (s Schedule) request() map[string]string {
	if arn := strings.Split(s.Target, ":"); len(arn) == 6 && arn[2] == "sqs" {
		return map[string]string{"MessageBody": string(s.Input), "QueueUrl": "https://sqs." + arn[3] + ".amazonaws.com/" + arn[4] + "/" + arn[5]}
	}
	return map[string]string{"FunctionName": s.Target, "InvocationType": "Event", "Payload": string(s.Input)}
}

// Counts returns what a schedule has done so far.
func (s *Service) Counts(arn string) Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[arn]
}

// Idle reports whether no invocation is under way. A schedule that waits for
// its next time is idle.
func (s *Service) Idle() bool { return s.firing.Load() == 0 }

// Close ends the schedules.
func (s *Service) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.running.Wait()
}
