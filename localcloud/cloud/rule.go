package cloud

import (
	"cmp"
	"errors"
	"time"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/scheduler"
)

func (c *Cloud) createBus(resource assembly.Resource, _ *assembly.EventBus) error {
	return c.buses.CreateBus(eventbridge.Bus{Name: resource.Name, ARN: resource.ARN})
}

func (c *Cloud) createArchive(resource assembly.Resource, given *assembly.Archive) error {
	return c.buses.CreateArchive(eventbridge.Archive{
		Name: resource.Name, ARN: resource.ARN, BusARN: given.SourceARN, Pattern: given.EventPattern,
		Retention: time.Duration(given.RetentionDays) * 24 * time.Hour,
	})
}

func (c *Cloud) createRule(resource assembly.Resource, given *assembly.Rule) error {
	made := eventbridge.Rule{
		Name: resource.Name, ARN: resource.ARN, BusARN: c.busARN(given.EventBusName), Pattern: given.EventPattern,
		Schedule: given.ScheduleExpression, Enabled: given.State != "DISABLED",
	}
	problems := []error{c.scheduleRule(made, given.ScheduleExpression)}
	for _, target := range given.Targets {
		// A target itself may be missing, as on AWS: then every delivery to it fails.
		problems = append(problems, checkInStack[assembly.Queue](c.assembly, "dead-letter queue of target "+target.ID, target.DeadLetterConfig.ARN))
		if target.ARN != "" { // What is empty is reported already.
			made.Targets = append(made.Targets, targetOf(target))
		}
	}
	return errors.Join(append(problems, c.unreported(resource, c.buses.CreateRule(made)))...)
}

// scheduleRule lets a schedule trigger a rule that has one.
func (c *Cloud) scheduleRule(rule eventbridge.Rule, expression string) error {
	if expression == "" {
		return nil
	}
	made, err := scheduler.Schedule{Name: rule.Name, ARN: rule.ARN, Target: rule.ARN}.At(expression)
	if err := errors.Join(err, scheduler.CheckRuleRate(expression)); err != nil || !rule.Enabled {
		return err
	}
	return c.schedules.Create(made)
}

func (c *Cloud) busARN(name string) string {
	return "arn:aws:events:" + c.config.Region + ":" + c.config.AccountID + ":event-bus/" + cmp.Or(name, "default")
}

func targetOf(given assembly.Target) eventbridge.Target {
	made := eventbridge.Target{
		ID: given.ID, ARN: given.ARN, RoleARN: given.RoleARN,
		Transformer:    (*eventbridge.InputTransformer)(given.InputTransformer),
		MessageGroupID: given.SQSParameters.MessageGroupID,
		DeadLetterARN:  given.DeadLetterConfig.ARN,
	}
	if given.Input != "" {
		made.Input = &given.Input
	}
	if given.InputPath != "" {
		made.InputPath = &given.InputPath
	}
	if given.HTTPParameters != nil {
		made.HTTP = &eventbridge.HTTPParameters{Header: given.HTTPParameters.Header, Query: given.HTTPParameters.Query, Path: given.HTTPParameters.Path}
	}
	if given.RetryPolicy != (assembly.RetryPolicy{}) {
		otherwise := eventbridge.DefaultRetry()
		made.Retry.MaximumAttempts = number(given.RetryPolicy.MaximumRetryAttempts, otherwise.MaximumAttempts)
		made.Retry.MaximumAge = seconds(given.RetryPolicy.MaximumEventAgeInSeconds, otherwise.MaximumAge)
	}
	return made
}
