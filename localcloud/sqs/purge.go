package sqs

import (
	"context"
	"time"
)

// PurgeQueueInput names the queue to empty.
type PurgeQueueInput struct {
	QueueUrl string
}

// PurgeQueueOutput is empty.
type PurgeQueueOutput struct{}

// PurgeQueue deletes every message of a queue, at most once a minute.
func (s *Service) PurgeQueue(ctx context.Context, in *PurgeQueueInput) (*PurgeQueueOutput, error) {
	q, err := s.open(ctx, "PurgeQueue", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock()
	if !q.purged.IsZero() && now.Sub(q.purged) < time.Minute {
		return nil, fail("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name)
	}
	q.purged = now
	q.clear()
	return &PurgeQueueOutput{}, nil
}
