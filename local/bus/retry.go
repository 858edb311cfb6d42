package bus

import (
	"context"
	"log/slog"
	"strconv"
	"time"
)

// maximumDelay bounds the delay between two attempts, so that the default
// policy's 185 retries spread over its 24 hours.
const maximumDelay = 10 * time.Minute

// The values of the attribute EXHAUSTED_RETRY_CONDITION.
const (
	conditionAttempts = "MaximumRetryAttempts"
	conditionAge      = "MaximumEventAgeInSeconds"
)

// policy is what all workers of a service share.
type policy struct {
	clock       func() time.Time
	random      func() float64
	base        time.Duration
	deadLetters DeadLetters
	log         *slog.Logger
}

// left is how long an event that arrived then may still be tried.
func (p policy) left(retry RetryPolicy, arrived time.Time) time.Duration {
	return arrived.Add(retry.MaximumAge).Sub(p.clock())
}

// delay grows twofold with every retry and is spread over its upper half; a
// target that asks for more time gets it.
func (p policy) delay(retry int, asked time.Duration) time.Duration {
	delay := p.base
	for range retry - 1 {
		if delay >= maximumDelay {
			break
		}
		delay *= 2
	}
	half := min(delay, maximumDelay) / 2
	return max(half+time.Duration(p.random()*float64(half)), asked)
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

// deadLetter gives a delivery up: the original event goes to the target's
// dead-letter queue, or nowhere.
func (w *worker) deadLetter(ctx context.Context, j *job, attributes map[string]string) {
	log := w.policy.log.With("rule", w.target.rule.ARN, "target", w.target.ARN, "event_id", j.arrival.event.ID,
		"error_code", j.last.Code, "error_message", j.last.Message)
	if w.target.DeadLetterARN == "" || w.policy.deadLetters == nil {
		log.ErrorContext(ctx, "event dropped: the target has no dead-letter queue")
		w.settle(func(c *Counts) { c.Dropped++ })
		return
	}
	if attributes == nil {
		attributes = make(map[string]string)
	}
	attributes["RULE_ARN"] = w.target.rule.ARN
	attributes["TARGET_ARN"] = w.target.ARN
	attributes["ERROR_CODE"] = j.last.Code
	attributes["ERROR_MESSAGE"] = j.last.Message
	if err := w.policy.deadLetters.DeadLetter(ctx, w.target.DeadLetterARN, j.arrival.envelope, attributes); err != nil {
		log.ErrorContext(ctx, "event dropped: the dead-letter queue did not take it", "queue", w.target.DeadLetterARN, "error", err)
		w.settle(func(c *Counts) { c.Dropped++ })
		return
	}
	log.WarnContext(ctx, "event moved to the dead-letter queue", "queue", w.target.DeadLetterARN)
	w.settle(func(c *Counts) { c.DeadLettered++ })
}
