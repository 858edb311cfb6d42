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

func (c *Cloud) createSchedules() error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Schedule](c.assembly) {
		made, err := scheduler.Schedule{
			Name: resource.Name, ARN: resource.ARN,
			Target: given.Target.ARN, RoleARN: given.Target.RoleARN, MessageGroupID: given.Target.SQSParameters.MessageGroupID,
		}.At(given.ScheduleExpression)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
			continue
		}
		if given.Target.Input != "" {
			made.Input = []byte(given.Target.Input)
		}
		if given.Target.DeadLetterConfig != nil {
			made.DeadLetterARN = given.Target.DeadLetterConfig.ARN
		}
		err = c.checkSchedule(made)
		if given.State != "DISABLED" {
			err = errors.Join(err, c.schedules.Create(made))
		}
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

// checkSchedule refuses what the scheduler refuses: a role that it cannot
// assume, and a dead-letter queue of the wrong kind or that does not exist. The
// permissions of the role are checked only when it is used.
func (c *Cloud) checkSchedule(made scheduler.Schedule) error {
	var problems []error
	// The scheduler acts for the group of the schedule.
	group := strings.TrimSuffix(strings.Replace(made.ARN, ":schedule/", ":schedule-group/", 1), "/"+made.Name)
	if !c.authority.trusts(c.authority.roles[made.RoleARN], serviceScheduler, group) {
		problems = append(problems, fmt.Errorf("the execution role %s must allow EventBridge Scheduler to assume it", made.RoleARN))
	}
	if made.DeadLetterARN == "" {
		return errors.Join(problems...)
	}
	if _, exists := c.queues.URL(made.DeadLetterARN); !exists {
		problems = append(problems, fmt.Errorf("the dead-letter queue %s is not in the stack", made.DeadLetterARN))
	}
	if strings.HasSuffix(made.DeadLetterARN, ".fifo") {
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
	in := &sqs.SendMessageInput{MessageBody: string(letter.Body), MessageAttributes: map[string]sqs.MessageAttribute{}}
	for name, value := range letter.Attributes {
		in.MessageAttributes[name] = sqs.MessageAttribute{DataType: "String", StringValue: &value}
	}
	return s.send(ctx, from, from.DeadLetterARN, in)
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
