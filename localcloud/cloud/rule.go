package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/scheduler"
)

func (c *Cloud) createBuses() error {
	var problems []error
	for resource := range assembly.Of[assembly.EventBus](c.assembly) {
		if err := c.buses.CreateBus(eventbridge.Bus{Name: resource.Name, ARN: resource.ARN}); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Cloud) createArchives() error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Archive](c.assembly) {
		made := eventbridge.Archive{
			Name: resource.Name, ARN: resource.ARN, BusARN: given.SourceARN,
			Retention: time.Duration(given.RetentionDays) * 24 * time.Hour,
		}
		if given.EventPattern != nil {
			pattern, err := json.Marshal(given.EventPattern)
			if err != nil {
				problems = append(problems, resourceError(resource, err))
				continue
			}
			made.Pattern = pattern
		}
		if err := c.buses.CreateArchive(made); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Cloud) createRules() error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Rule](c.assembly) {
		made := eventbridge.Rule{
			Name: resource.Name, ARN: resource.ARN, BusARN: c.busARN(given.EventBusName), Schedule: given.ScheduleExpression, Enabled: given.State != "DISABLED",
		}
		var err error
		if given.EventPattern != nil {
			made.Pattern, err = json.Marshal(given.EventPattern)
		}
		for _, target := range given.Targets {
			problems = append(problems, c.checkTarget(resource, target))
			made.Targets = append(made.Targets, targetOf(target))
		}
		if err := errors.Join(err, c.buses.CreateRule(made), c.scheduleRule(made, given.ScheduleExpression)); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
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
	if name == "" {
		name = "default"
	}
	return "arn:aws:events:" + c.config.Region + ":" + c.config.AccountID + ":event-bus/" + name
}

// checkTarget refuses a rule whose dead-letter queue is not in the stack. A
// target itself may be missing, as on AWS: then every delivery to it fails.
func (c *Cloud) checkTarget(resource assembly.Resource, target assembly.Target) error {
	if target.DeadLetterConfig == nil {
		return nil
	}
	if _, exists := c.queues.URL(target.DeadLetterConfig.ARN); !exists {
		return resourceError(resource, fmt.Errorf("the dead-letter queue %s of target %s is not in the stack", target.DeadLetterConfig.ARN, target.ID))
	}
	return nil
}

func targetOf(given assembly.Target) eventbridge.Target {
	made := eventbridge.Target{ID: given.ID, ARN: given.ARN, RoleARN: given.RoleARN}
	if given.Input != "" {
		made.Input = &given.Input
	}
	if given.InputPath != "" {
		made.InputPath = &given.InputPath
	}
	if given.InputTransformer != nil {
		made.Transformer = &eventbridge.InputTransformer{Paths: given.InputTransformer.InputPathsMap, Template: given.InputTransformer.InputTemplate}
	}
	if given.SQSParameters != nil {
		made.MessageGroupID = given.SQSParameters.MessageGroupID
	}
	if given.HTTPParameters != nil {
		made.HTTP = &eventbridge.HTTPParameters{
			Header: given.HTTPParameters.HeaderParameters,
			Query:  given.HTTPParameters.QueryStringParameters,
			Path:   given.HTTPParameters.PathParameterValues,
		}
	}
	if given.RetryPolicy != nil {
		made.Retry = retryOf(*given.RetryPolicy)
	}
	if given.DeadLetterConfig != nil {
		made.DeadLetterARN = given.DeadLetterConfig.ARN
	}
	return made
}

func retryOf(given assembly.RetryPolicy) eventbridge.RetryPolicy {
	policy := eventbridge.DefaultRetry()
	policy.MaximumAttempts = number(given.MaximumRetryAttempts, policy.MaximumAttempts)
	if given.MaximumEventAgeInSeconds != nil {
		policy.MaximumAge = time.Duration(*given.MaximumEventAgeInSeconds) * time.Second
	}
	return policy
}
