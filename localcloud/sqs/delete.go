package sqs

import (
	"context"
	"time"
)

// DeleteMessageInput names one receive of a message.
type DeleteMessageInput struct{ QueueUrl, ReceiptHandle string }

// DeleteMessageBatchRequestEntry is one entry of a batch.
type DeleteMessageBatchRequestEntry struct{ Id, ReceiptHandle string }

func (e DeleteMessageBatchRequestEntry) id() string { return e.Id }

type (
	// DeleteMessageBatchInput is the request of DeleteMessageBatch.
	DeleteMessageBatchInput = BatchInput[DeleteMessageBatchRequestEntry]
	// DeleteMessageBatchOutput is its response.
	DeleteMessageBatchOutput = BatchOutput[BatchResultEntry]
)

// DeleteMessage deletes a received message. Deleting it twice is not an error.
func (s *Service) DeleteMessage(ctx context.Context, in *DeleteMessageInput) (*struct{}, error) {
	return locked(ctx, s, "DeleteMessage", in.QueueUrl, func(q *store, now time.Time) (*struct{}, error) {
		return &struct{}{}, s.delete(ctx, q, in.ReceiptHandle, now)
	})
}

// DeleteMessageBatch deletes up to ten received messages, each on its own.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *DeleteMessageBatchInput) (*DeleteMessageBatchOutput, error) {
	return locked(ctx, s, "DeleteMessage", in.QueueUrl, func(q *store, now time.Time) (*DeleteMessageBatchOutput, error) {
		return each(in.Entries, func(e DeleteMessageBatchRequestEntry) (BatchResultEntry, error) {
			return BatchResultEntry{e.Id}, s.delete(ctx, q, e.ReceiptHandle, now)
		})
	})
}

// delete follows the rules for old handles. A standard queue deletes with the
// handle of the latest receive, even after its timeout, and does nothing with an
// older one. A FIFO queue refuses a handle once its timeout is over.
func (s *Service) delete(ctx context.Context, q *store, handle string, now time.Time) error {
	m, current, err := q.find(handle, now)
	switch {
	case err != nil || m == nil:
		return err
	case q.FIFO && (!current || !m.hidden(now)):
		return invalid("ReceiptHandle", handle, "The receipt handle has expired.")
	case !current:
	case s.losesDelete(ctx, m):
		s.duplicated++
		m.lostDeletes++
		m.visibleAt = now
		q.wake()
	default:
		q.remove(m)
	}
	return nil
}

// losesDelete reports whether a delete is lost, by a fault.
func (s *Service) losesDelete(ctx context.Context, m *message) bool {
	return s.config.DeliverTwice && m.lostDeletes == 0 || s.config.LoseDelete != nil && s.config.LoseDelete(ctx)
}

// find returns the message of a receipt handle, nil if it is deleted, and
// whether the handle is that of its latest receive.
func (q *store) find(handle string, now time.Time) (m *message, current bool, err error) {
	if handle == "" {
		return nil, false, missing("ReceiptHandle")
	}
	arn, id, receives, ok := parseHandle(handle)
	if !ok || arn != q.ARN {
		return nil, false, fail("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	q.expire(now)
	m = q.byID[id]
	return m, m != nil && m.receives == receives, nil
}
