package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/scheduler"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

func (c *Cloud) createSchedule(resource assembly.Resource, given *assembly.Schedule) error {
	made, err := scheduler.Schedule{
		Name: resource.Name, ARN: resource.ARN,
		Target: given.Target.ARN, RoleARN: given.Target.RoleARN, MessageGroupID: given.Target.SQSParameters.MessageGroupID,
		DeadLetterARN: given.Target.DeadLetterConfig.ARN,
	}.At(given.ScheduleExpression)
	if given.ScheduleExpression == "" {
		err = nil // It is reported already.
	}
	if given.Target.Input != "" {
		made.Input = []byte(given.Target.Input)
	}
	problems := []error{err, c.checkSchedule(resource, given.Target.RoleARN, made.DeadLetterARN)}
	if err == nil && given.State != "DISABLED" {
		problems = append(problems, c.unreported(resource, c.schedules.Create(made)))
	}
	return errors.Join(problems...)
}

// checkSchedule refuses what the scheduler refuses: a role that it cannot
// assume, and a dead-letter queue of the wrong kind or that does not exist. The
// permissions of the role are checked only when it is used.
func (c *Cloud) checkSchedule(resource assembly.Resource, roleARN, deadLetterARN string) error {
	problems := []error{checkInStack[assembly.Queue](c.assembly, "dead-letter queue", deadLetterARN)}
	// The scheduler acts for the group of the schedule.
	group := strings.TrimSuffix(strings.Replace(resource.ARN, ":schedule/", ":schedule-group/", 1), "/"+resource.Name)
	if roleARN != "" && !c.authority.trusts(c.authority.roles[roleARN], serviceScheduler, group) {
		problems = append(problems, fmt.Errorf("the execution role %s must allow EventBridge Scheduler to assume it", roleARN))
	}
	if strings.HasSuffix(deadLetterARN, ".fifo") {
		problems = append(problems, errors.New("a FIFO queue cannot be the dead-letter queue of a schedule"))
	}
	return errors.Join(problems...)
}

// schedules invokes the targets of schedules, if the schedule's role allows it.
type schedules struct{ cloud *Cloud }

// Invoke invokes the target asynchronously. The target of a rule's schedule is the rule.
func (s schedules) Invoke(ctx context.Context, from scheduler.Schedule) error {
	if from.Target == from.ARN {
		return s.cloud.buses.Trigger(from.ARN)
	}
	if strings.HasPrefix(from.Target, "arn:aws:sqs:") {
		return s.send(ctx, from, from.Target, &sqs.SendMessageInput{MessageBody: string(from.Input), MessageGroupId: from.MessageGroupID})
	}
	if err := s.allowed(from, "lambda:InvokeFunction", from.Target); err != nil {
		return err
	}
	return s.cloud.functions.InvokeAsync(ctx, from.Target, from.Input)
}

// SendDeadLetter sends a dead letter to the schedule's dead-letter queue.
func (s schedules) SendDeadLetter(ctx context.Context, from scheduler.Schedule, letter scheduler.DeadLetter) error {
	return s.send(ctx, from, from.DeadLetterARN, deadLetter(letter.Body, letter.Attributes))
}

// send sends a message as the schedule's role.
func (s schedules) send(ctx context.Context, from scheduler.Schedule, queueARN string, in *sqs.SendMessageInput) error {
	if err := s.allowed(from, "sqs:SendMessage", queueARN); err != nil {
		return err
	}
	in.QueueUrl, _ = s.cloud.queues.URL(queueARN)
	_, err := s.cloud.queues.SendMessage(ctx, in)
	return err
}

func (s schedules) allowed(from scheduler.Schedule, action, resource string) error {
	if s.cloud.authority.roleAllows(from.RoleARN, action, resource) {
		return nil
	}
	return wire.Errorf("AccessDeniedException", "the role %s does not allow %s on %s", from.RoleARN, action, resource)
}
