package sqs

import (
	"context"
	"time"
)

// DeleteMessageInput names one receive of a message.
type DeleteMessageInput struct {
	QueueUrl      string
	ReceiptHandle string
}

// DeleteMessageOutput is empty.
type DeleteMessageOutput struct{}

// DeleteMessageBatchInput names up to ten receives.
type DeleteMessageBatchInput struct {
	QueueUrl string
	Entries  []DeleteMessageBatchRequestEntry
}

// DeleteMessageBatchRequestEntry is one entry of a batch.
type DeleteMessageBatchRequestEntry struct {
	Id            string
	ReceiptHandle string
}

func (e DeleteMessageBatchRequestEntry) id() string { return e.Id }

// DeleteMessageBatchOutput has the result of each entry.
type DeleteMessageBatchOutput struct {
	Successful []BatchResultEntry
	Failed     []BatchResultErrorEntry `json:",omitempty"`
}

// DeleteMessage deletes a received message. Deleting it twice is not an error.
func (s *Service) DeleteMessage(ctx context.Context, in *DeleteMessageInput) (*DeleteMessageOutput, error) {
	q, err := s.open(ctx, "DeleteMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.delete(ctx, q, in.ReceiptHandle, s.config.Clock()); err != nil {
		return nil, err
	}
	return &DeleteMessageOutput{}, nil
}

// DeleteMessageBatch deletes up to ten received messages, each on its own.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *DeleteMessageBatchInput) (*DeleteMessageBatchOutput, error) {
	q, err := s.open(ctx, "DeleteMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock()
	done, undone, err := each(in.Entries, DeleteMessageBatchRequestEntry.id, func(e DeleteMessageBatchRequestEntry) error {
		return s.delete(ctx, q, e.ReceiptHandle, now)
	})
	return &DeleteMessageBatchOutput{Successful: done, Failed: undone}, err
}

// delete follows the rules for old handles. A standard queue deletes with the
// handle of the latest receive, even after its timeout, and does nothing with an
// older one. A FIFO queue refuses a handle once its timeout is over.
func (s *Service) delete(ctx context.Context, q *store, handle string, now time.Time) error {
	m, current, err := q.find(handle, now)
	if err != nil || m == nil {
		return err
	}
	if q.FIFO && (!current || !m.hidden(now)) {
		return invalid("ReceiptHandle", handle, "The receipt handle has expired.")
	}
	if !current {
		return nil
	}
	if s.losesDelete(ctx, m) {
		s.duplicated++
		m.lostDeletes++
		m.visibleAt = now
		q.wake()
		return nil
	}
	q.remove(m)
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
	parsed, ok := parseReceipt(handle)
	if !ok || parsed.arn != q.ARN {
		return nil, false, fail("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	q.expire(now)
	m = q.byID[parsed.id]
	return m, m != nil && m.receives == parsed.receives, nil
}
