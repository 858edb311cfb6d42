package sqs

import (
	"context"
	"time"
)

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
