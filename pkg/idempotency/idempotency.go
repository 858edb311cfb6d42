// Package idempotency runs a function once per key and stores its answer, which a repeated
// call returns. It is for handlers that are no part of a saga: package participant needs no
// answer, and has neither a record in progress nor a lease.
//
//	first call     begin ─▶ work ─▶ complete      the answer and the function's own writes, atomically
//	repeated       begin refused                  returns the stored answer
//	concurrent     begin refused                  *InProgressError
//	other content  begin refused                  ErrOtherContent
//	error          begin ─▶ work ─▶ release       the next call runs the function again
//	crash          begin ─▶ …                     after the lease the next call takes over
//
// What the function does is done once if it is among the writes that it returns: they are
// committed in one transaction with the answer. What it does elsewhere, such as a call of a
// payment provider, is repeated after an error and after a crash, and needs an idempotency
// key of its own. Two runs of a key can overlap only if the first one continues after its
// lease, which lasts LeaseMargin longer than the deadline of its context. Of these only the
// second can complete: the first gets ErrTakenOver, and none of its writes is committed.
//
// Compared with the idempotency utility of Powertools for AWS Lambda: there the answer is written
// after the effect, and both that update and the deletion after an error are unconditional, so a
// run that was taken over replaces the answer of its successor, or deletes its record
// (https://github.com/aws-powertools/powertools-lambda-typescript/blob/main/packages/idempotency/src/persistence/DynamoDBPersistenceLayer.ts).
// The lease needs the Lambda context to be registered, and the content is checked only if that is
// configured. It has what this package has not: keys and content selected by JMESPath, stores on
// Redis and Valkey, and a cache in memory.
//
// The cost in calls and units is in the documentation of package dynamostore.
package idempotency

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/internal/safely"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/required"
)

const (
	// MaximumKey is the largest key in bytes, with the name of the function and a separator.
	// It is that of a DynamoDB partition key.
	MaximumKey = 2048
	// MaximumAnswer is the largest answer as JSON, in bytes: a DynamoDB item of 400 KiB
	// without 4 KiB for its other attributes.
	MaximumAnswer = 396 << 10
	// MaximumWrites is how many writes a function may return: a DynamoDB transaction has at
	// most 100, one of which is that of the answer.
	MaximumWrites = 99
	// MaximumRun is how long a function may run if its context has no deadline: the longest
	// timeout of a Lambda function.
	MaximumRun = 15 * time.Minute
	// LeaseMargin is how much longer than the deadline of its context a run is in progress.
	// It covers the error of clocks, and that Lambda ends a function some time after its
	// timeout.
	LeaseMargin = 2 * time.Second

	// storeTime is how much time before the deadline is kept to store the answer.
	storeTime = time.Second
	// attempts is how often a write is tried that conflicts with a concurrent one.
	attempts = 8
)

var (
	// ErrOtherContent is returned if the key was used with other content. It wraps
	// event.ErrInvalid, because it can never succeed.
	ErrOtherContent error = &invalidError{"this key was used with other content"}
	// ErrTakenOver is returned if another run has taken over, because this one lasted longer
	// than its lease. Nothing of this run is committed.
	ErrTakenOver = errors.New("another run has taken over")
)

type invalidError struct{ text string }

func (e *invalidError) Error() string { return e.text }

func (e *invalidError) Unwrap() error { return event.ErrInvalid }

// InProgressError is returned if another run of the key is in progress. Call again later.
type InProgressError struct {
	// Until is the end of the other run's lease.
	Until time.Time
}

func (e *InProgressError) Error() string {
	return "another run is in progress, at most until " + e.Until.Format(time.RFC3339)
}

// Config is the configuration of a Runner. Name, Store and Retention are required.
type Config[W any] struct {
	// Name is the name of the function. The keys of functions with different names in one
	// store are different keys.
	Name  string
	Store Store[W]
	// Retention is how long an answer is returned, counted from the start of the run. It must
	// be longer than the longest redelivery of a call.
	Retention time.Duration
	// Clock returns the current time: by default time.Now.
	Clock func() time.Time
	// NewID returns a random id for a run: by default rand.Text.
	NewID func() string
	// Pause waits after conflict number n (1, 2, …) with a concurrent write. The default is
	// participant.Jitter.
	Pause func(ctx context.Context, n int) error
}

// Runner runs a function. W is a write of its store.
type Runner[W any] struct{ config Config[W] }

// New makes a Runner. The error names every required field that is missing.
func New[W any](config Config[W]) (*Runner[W], error) {
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // The default of a clock.
	}
	if config.NewID == nil {
		config.NewID = rand.Text
	}
	if config.Pause == nil {
		config.Pause = participant.Jitter(mathrand.Float64)
	}
	return &Runner[W]{config}, required.Fields("idempotency.Config", map[string]bool{
		"Name": config.Name != "", "Store": config.Store != nil, "Retention": config.Retention > 0,
	})
}

// Result is the result of a call.
type Result[T any] struct {
	// Answer is decoded from what is stored, in the first call too.
	Answer T
	// IsRepeated is true if an earlier call has stored the answer.
	IsRepeated bool
}

// Run calls work, unless an earlier call with the key has stored an answer, and stores the
// answer of work as JSON in one transaction with the writes that it returns. The content is
// what must be the same in a repeated call. It is encoded as JSON, of which neither white space
// nor the order of members counts, and a hash of it is stored.
//
// The context of work ends a second before ctx, or a quarter of the time that is left if that
// is less, so that its answer can be stored. A panic is an error of work. No error of work is
// stored.
//
// Errors: event.ErrInvalid can never succeed: a key that is empty or too long, content or an
// answer that cannot be encoded, an answer or writes beyond the maximum, and ErrOtherContent.
// An *InProgressError and ErrTakenOver are answered by calling again later. Any other error is
// that of work or of the store. It is unknown then whether the answer was stored, and a repeated
// call either returns it or runs the function again.
func Run[T, W any](
	ctx context.Context, r *Runner[W], key string, content any, work func(context.Context) (T, []W, error),
) (Result[T], error) {
	var none Result[T]
	ctx, cancel := context.WithTimeout(ctx, MaximumRun)
	defer cancel()
	record, err := r.newRecord(ctx, key, content)
	if err != nil {
		return none, err
	}
	standing, err := r.begin(ctx, record)
	switch {
	case err != nil:
		return none, err
	case standing != nil:
		return decode[T](*standing, true)
	}
	var writes []W
	err = safely.Call(func() error {
		working, cancel := safely.KeepTime(ctx, storeTime)
		defer cancel()
		answer, all, err := work(working)
		if err != nil {
			return err
		}
		writes = all
		record.Answer, err = encode(answer, len(all))
		return err
	})
	if err == nil {
		err = r.retry(ctx, func() error { return r.config.Store.Complete(ctx, record, writes) })
	}
	if err != nil {
		return none, errors.Join(fmt.Errorf("%s: %w", r.config.Name, err), r.release(ctx, record))
	}
	return decode[T](record, false)
}

// newRecord returns the record of a run that begins.
func (r *Runner[W]) newRecord(ctx context.Context, key string, content any) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	full := r.config.Name + "#" + key
	if key == "" || len(full) > MaximumKey {
		return Record{}, fmt.Errorf("%w: a key of %s has %d bytes, allowed are 1 to %d",
			event.ErrInvalid, r.config.Name, len(key), MaximumKey-len(r.config.Name)-1)
	}
	encoded, err := json.Marshal(content)
	canonical := jsontext.Value(encoded)
	if err == nil {
		err = canonical.Canonicalize() // RFC 8785
	}
	if err != nil {
		return Record{}, fmt.Errorf("%w: the content of %s: %w", event.ErrInvalid, r.config.Name, err)
	}
	digest := sha256.Sum256(canonical)
	now := r.config.Clock().UTC()
	deadline, _ := ctx.Deadline()
	return Record{
		Key: full, Content: base64.RawURLEncoding.EncodeToString(digest[:]), Run: r.config.NewID(),
		Until: now.Add(time.Until(deadline) + LeaseMargin).Truncate(time.Millisecond), ExpiresAt: now.Add(r.config.Retention).Truncate(time.Second),
	}, nil
}

// begin begins a run, or returns the record of one that is done.
func (r *Runner[W]) begin(ctx context.Context, record Record) (standing *Record, err error) {
	err = r.retry(ctx, func() (err error) {
		standing, err = r.config.Store.Begin(ctx, record, r.config.Clock())
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", r.config.Name, err)
	case standing == nil:
		return nil, nil
	case standing.Content != record.Content:
		return nil, fmt.Errorf("%s: %w", r.config.Name, ErrOtherContent)
	case standing.Answer == nil:
		return nil, &InProgressError{standing.Until}
	}
	return standing, nil
}

// release ends a run without an answer, so that the next call need not wait for the end of the
// lease.
func (r *Runner[W]) release(ctx context.Context, record Record) error {
	err := r.retry(ctx, func() error { return r.config.Store.Release(ctx, record) })
	if err != nil {
		return fmt.Errorf("in progress until %s: %w", record.Until.Format(time.RFC3339), err)
	}
	return nil
}

// retry repeats a write that conflicts with a concurrent one.
func (r *Runner[W]) retry(ctx context.Context, write func() error) error {
	for n := 1; ; n++ {
		err := write()
		if !errors.Is(err, ErrConflict) || n == attempts {
			return err
		}
		if paused := r.config.Pause(ctx, n); paused != nil {
			return errors.Join(err, paused)
		}
	}
}

func encode(answer any, writes int) ([]byte, error) {
	if writes > MaximumWrites {
		return nil, fmt.Errorf("%w: %d writes, %d are allowed", event.ErrInvalid, writes, MaximumWrites)
	}
	encoded, err := json.Marshal(answer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: encode the answer: %w", event.ErrInvalid, err)
	case len(encoded) > MaximumAnswer:
		return nil, fmt.Errorf("%w: the answer has %d bytes, %d are allowed", event.ErrInvalid, len(encoded), MaximumAnswer)
	}
	return encoded, nil
}

func decode[T any](record Record, isRepeated bool) (Result[T], error) {
	result := Result[T]{IsRepeated: isRepeated}
	if err := json.Unmarshal(record.Answer, &result.Answer); err != nil {
		return Result[T]{}, fmt.Errorf("decode the stored answer: %w", err)
	}
	return result, nil
}
