package sqs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/wire"
)

// maximumTasks is how many tasks of one queue can be listed.
const maximumTasks = 10

// StartMessageMoveTaskInput names a dead-letter queue to empty. Without a
// destination each message is moved to the queue that it came from.
type StartMessageMoveTaskInput struct{ SourceArn, DestinationArn string }

// StartMessageMoveTaskOutput identifies the task.
type StartMessageMoveTaskOutput struct{ TaskHandle string }

// ListMessageMoveTasksInput is a request for the latest tasks of a dead-letter queue.
type ListMessageMoveTasksInput struct {
	SourceArn  string
	MaxResults *int
}

// ListMessageMoveTasksOutput are the tasks, latest first.
type ListMessageMoveTasksOutput struct{ Results []MoveTask }

// MoveTask is a redrive that has ended.
type MoveTask struct {
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64
}

// StartMessageMoveTask moves the messages that a dead-letter queue has at this
// moment, except those in flight. The task has ended when the call returns.
func (s *Service) StartMessageMoveTask(ctx context.Context, in *StartMessageMoveTaskInput) (*StartMessageMoveTaskOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, destinations, err := s.moveQueues(in)
	if err != nil {
		return nil, err
	}
	for _, action := range []string{"StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		err = cmp.Or(err, s.authorize(ctx, action, source.ARN))
	}
	for _, destination := range destinations {
		err = cmp.Or(err, s.authorize(ctx, "SendMessage", destination.ARN))
	}
	if err != nil {
		return nil, err
	}
	source.tasks = append(source.tasks, s.move(source, in.DestinationArn, s.config.Clock()))
	source.tasks = source.tasks[max(0, len(source.tasks)-maximumTasks):]
	return &StartMessageMoveTaskOutput{TaskHandle: uuid.NewString()}, nil
}

// moveQueues returns the dead-letter queue and the queues that its messages may
// be moved to.
func (s *Service) moveQueues(in *StartMessageMoveTaskInput) (source *store, destinations []*store, err error) {
	source, sources, err := s.deadLetterQueue(in.SourceArn)
	if err != nil || in.DestinationArn == "" {
		return source, sources, err
	}
	destination := s.byARN[in.DestinationArn]
	switch {
	case destination == nil:
		return nil, nil, noResource("DestinationArn")
	case destination == source:
		return nil, nil, fail("InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same.")
	case destination.FIFO != source.FIFO:
		return nil, nil, fail("InvalidParameterValue", "The source and the destination must be of the same type: FIFO or standard.")
	}
	return source, []*store{destination}, nil
}

// deadLetterQueue returns a dead-letter queue and the queues that have it.
func (s *Service) deadLetterQueue(arn string) (q *store, sources []*store, err error) {
	if arn == "" {
		return nil, nil, missing("SourceArn")
	}
	if q = s.byARN[arn]; q == nil {
		return nil, nil, noResource("SourceArn")
	}
	for _, other := range s.queues {
		if other.Redrive != nil && other.Redrive.DeadLetterARN == arn {
			sources = append(sources, other)
		}
	}
	if len(sources) == 0 {
		return nil, nil, fail("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
	}
	return q, sources, nil
}

func noResource(parameter string) error {
	return fail("ResourceNotFoundException", "The resource that you specified for the %s parameter doesn't exist.", parameter)
}

func (s *Service) move(source *store, destinationARN string, now time.Time) MoveTask {
	source.expire(now)
	waiting := slices.DeleteFunc(slices.Clone(source.messages), func(m *message) bool { return m.hidden(now) })
	task := MoveTask{
		Status: "COMPLETED", SourceArn: source.ARN, DestinationArn: destinationARN,
		ApproximateNumberOfMessagesToMove: len(waiting), StartedTimestamp: now.UnixMilli(),
	}
	for _, m := range waiting {
		target := s.byARN[destinationARN]
		if destinationARN == "" {
			target = s.byARN[m.source]
		}
		if target == nil {
			// It was sent here directly, so there is no source queue.
			task.Status, task.FailureReason = "FAILED", "CouldNotDetermineMessageSource"
			break
		}
		source.remove(m)
		s.enqueue(target, m.copyForRedrive(), now, target.Delay)
		task.ApproximateNumberOfMessagesMoved++
	}
	return task
}

// copyForRedrive returns a new message with the same content: new id, new sent
// time (when it is queued) and no receives. It is not de-duplicated again: a
// redrive within the window must not lose it.
func (m *message) copyForRedrive() *message {
	return &message{
		id: uuid.NewString(), body: m.body, attributes: m.attributes,
		trace: m.trace, sender: m.sender, group: m.group, dedup: m.dedup,
	}
}

// ListMessageMoveTasks lists the latest redrives of a dead-letter queue.
func (s *Service) ListMessageMoveTasks(ctx context.Context, in *ListMessageMoveTasksInput) (*ListMessageMoveTasksOutput, error) {
	limit := wire.ValueOr(in.MaxResults, 1)
	if limit < 1 || limit > maximumTasks {
		return nil, invalid("MaxResults", limit, "Must be between 1 and 10.")
	}
	if err := s.authorize(ctx, "ListMessageMoveTasks", in.SourceArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, _, err := s.deadLetterQueue(in.SourceArn)
	if err != nil {
		return nil, err
	}
	tasks := slices.Clone(q.tasks)
	slices.Reverse(tasks)
	return &ListMessageMoveTasksOutput{Results: append([]MoveTask{}, tasks[:min(limit, len(tasks))]...)}, nil
}
