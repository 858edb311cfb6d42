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

// ChangeMessageVisibilityInput hides a received message for another time, from
// now; 0 makes it visible.
type ChangeMessageVisibilityInput struct {
	QueueUrl          string
	ReceiptHandle     string
	VisibilityTimeout *int
}

// ChangeMessageVisibilityBatchRequestEntry is one entry of a batch.
type ChangeMessageVisibilityBatchRequestEntry struct {
	Id                string
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (e ChangeMessageVisibilityBatchRequestEntry) id() string { return e.Id }

// ChangeMessageVisibility changes how long a received message stays hidden.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *ChangeMessageVisibilityInput) (*struct{}, error) {
	return locked(ctx, s, "ChangeMessageVisibility", in.QueueUrl, func(q *store, now time.Time) (*struct{}, error) {
		return &struct{}{}, q.hide(in.ReceiptHandle, in.VisibilityTimeout, now)
	})
}

// ChangeMessageVisibilityBatch changes up to ten messages, each on its own.
func (s *Service) ChangeMessageVisibilityBatch(
	ctx context.Context, in *BatchInput[ChangeMessageVisibilityBatchRequestEntry],
) (*BatchOutput[BatchResultEntry], error) {
	return locked(ctx, s, "ChangeMessageVisibility", in.QueueUrl, func(q *store, now time.Time) (*BatchOutput[BatchResultEntry], error) {
		return each(in.Entries, func(e ChangeMessageVisibilityBatchRequestEntry) (BatchResultEntry, error) {
			return BatchResultEntry{e.Id}, q.hide(e.ReceiptHandle, e.VisibilityTimeout, now)
		})
	})
}

// RedeliverSoon shortens the visibility timeout of a received message to the given time.
// A message that is no longer hidden by this receive is not changed.
func (s *Service) RedeliverSoon(queueURL, receiptHandle string, within time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.byKey[urlKey(queueURL)]
	if q == nil {
		return
	}
	now := s.config.Clock()
	m, current, err := q.find(receiptHandle, now)
	soon := now.Add(within)
	if err == nil && m != nil && current && m.visibleAt.After(soon) {
		m.visibleAt = soon
		q.wake()
	}
}

func (q *store) hide(handle string, seconds *int, now time.Time) error {
	if seconds == nil {
		return missing("VisibilityTimeout")
	}
	timeout := time.Duration(*seconds) * time.Second
	if timeout < 0 || timeout > maximumVisibility {
		return invalid("VisibilityTimeout", *seconds, "VisibilityTimeout must be an integer between 0 and 43200.")
	}
	m, current, err := q.find(handle, now)
	switch {
	case err != nil:
		return err
	case m == nil || !current:
		return invalid("ReceiptHandle", handle, "Message does not exist or is not available for visibility timeout change.")
	case !m.hidden(now):
		return fail("MessageNotInflight", "The message is not in flight: its visibility timeout is over.")
	case now.Add(timeout).Sub(m.lastReceived) > maximumVisibility:
		return invalid("VisibilityTimeout", *seconds, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	m.visibleAt = now.Add(timeout)
	q.wake()
	return nil
}
