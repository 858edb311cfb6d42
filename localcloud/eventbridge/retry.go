package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"example.com/saga/localcloud/loss"
)

// maximumDelay bounds the delay between two attempts, so that the default
// policy's 185 retries spread over its 24 hours.
const maximumDelay = 10 * time.Minute

// The values of the attribute EXHAUSTED_RETRY_CONDITION.
const (
	conditionAttempts = "MaximumRetryAttempts"
	conditionAge      = "MaximumEventAgeInSeconds"
)

// remaining returns how long an event that arrived then may still be retried.
func (w *worker) remaining(arrived time.Time) time.Duration {
	return arrived.Add(w.target.Retry.MaximumAge).Sub(w.config.Clock())
}

// delay returns the delay before a retry. It doubles with every retry and is
// random in its upper half, and is at least what the target requires.
func (w *worker) delay(retry int, asked time.Duration) time.Duration {
	half := min(w.config.BaseDelay<<min(retry-1, 20), maximumDelay) / 2
	return max(half+time.Duration(w.config.Random()*float64(half)), asked)
}

func (w *worker) exhausted(ctx context.Context, j *job, condition string) {
	if j.last == nil {
		j.last = &DeliveryError{Code: CodeTimeout, Message: "the event grew too old before it could be delivered"}
	}
	w.deadLetter(ctx, j, map[string]string{
		"EXHAUSTED_RETRY_CONDITION": condition,
		"RETRY_ATTEMPTS":            strconv.Itoa(j.retries),
	})
}

// deadLetter ends a delivery that has failed: the original event is sent to the
// target's dead-letter queue. If that fails, it is lost.
func (w *worker) deadLetter(ctx context.Context, j *job, attributes map[string]string) {
	if err := w.sendToDeadLetterQueue(ctx, j, attributes); err != nil {
		w.config.Lost.Lost(loss.Loss{
			Kind: loss.Rule, Name: w.target.rule.ARN, Target: w.target.ARN, Event: j.arrival.event.identity(),
			Reason: fmt.Sprintf("%s; %s", j.last, err),
		})
		w.finish(func(c *Counts) { c.Dropped++ })
		return
	}
	w.config.Log.WarnContext(ctx, "event moved to the dead-letter queue", "rule", w.target.rule.ARN, "target", w.target.ARN,
		"event_id", j.arrival.event.ID, "error_code", j.last.Code, "error_message", j.last.Message, "queue", w.target.DeadLetterARN)
	w.finish(func(c *Counts) { c.DeadLettered++ })
}

func (w *worker) sendToDeadLetterQueue(ctx context.Context, j *job, attributes map[string]string) error {
	if w.target.DeadLetterARN == "" {
		return errors.New("the target has no dead-letter queue")
	}
	all := map[string]string{
		"RULE_ARN": w.target.rule.ARN, "TARGET_ARN": w.target.ARN, "ERROR_CODE": j.last.Code, "ERROR_MESSAGE": j.last.Message,
	}
	maps.Copy(all, attributes)
	if err := w.config.DeadLetters.SendDeadLetter(ctx, w.target.DeadLetterARN, j.arrival.envelope, all); err != nil {
		return fmt.Errorf("its dead-letter queue %s does not accept it: %w", w.target.DeadLetterARN, err)
	}
	return nil
}
