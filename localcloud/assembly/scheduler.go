package assembly

import "strings"

// Schedule is an AWS::Scheduler::Schedule that invokes a function or sends to a queue.
type Schedule struct {
	Name                       string   `cfn:"Name"`
	Description                Harmless `cfn:"Description" why:"only a reader sees it"`
	ScheduleExpression         string   `cfn:"ScheduleExpression,required"`
	ScheduleExpressionTimezone string   `cfn:"ScheduleExpressionTimezone"`
	FlexibleTimeWindow         struct {
		Mode   string    `cfn:"Mode,required" values:"OFF,FLEXIBLE"`
		Length *Harmless `cfn:"MaximumWindowInMinutes" why:"a schedule fires as its time window begins"`
	} `cfn:"FlexibleTimeWindow,required"`
	State     string         `cfn:"State" values:"ENABLED,DISABLED"`
	KMSKeyARN Harmless       `cfn:"KmsKeyArn" why:"nothing is stored, so nothing is encrypted"`
	Target    ScheduleTarget `cfn:"Target,required"`
}

// ScheduleTarget is what a schedule invokes.
type ScheduleTarget struct {
	ARN           string `cfn:"Arn,required"`
	RoleARN       string `cfn:"RoleArn,required"`
	Input         string `cfn:"Input"`
	SQSParameters struct {
		MessageGroupID string `cfn:"MessageGroupId"`
	} `cfn:"SqsParameters"`
	RetryPolicy struct {
		_ Harmless `cfn:"MaximumEventAgeInSeconds MaximumRetryAttempts" why:"a local target accepts an event at once, or refuses it permanently"`
	} `cfn:"RetryPolicy"`
	DeadLetterConfig DeadLetterConfig `cfn:"DeadLetterConfig"`
}

func (s *Schedule) identify(at location) identity {
	made := at.named(s.Name, 64, "scheduler", "schedule/default/")
	if strings.HasPrefix(s.Target.ARN, "arn:aws:lambda:") || strings.HasPrefix(s.Target.ARN, "arn:aws:sqs:") {
		made.add(at.inRegion("Target.Arn", s.Target.ARN, "lambda", "sqs"))
	} else {
		made.unsupportedWhen(s.Target.ARN != "", "property Target.Arn: only functions and queues are supported by the local cloud, not %q", s.Target.ARN)
	}
	made.add(at.inRegion("Target.DeadLetterConfig.Arn", s.Target.DeadLetterConfig.ARN, "sqs"))
	zone := s.ScheduleExpressionTimezone
	made.unsupportedWhen(zone != "" && zone != "UTC" && zone != "Etc/UTC" && strings.HasPrefix(s.ScheduleExpression, "cron("),
		"property ScheduleExpressionTimezone: only UTC is supported by the local cloud for a cron expression, not %q", zone)
	made.when(strings.HasSuffix(s.Target.ARN, ".fifo") && s.Target.SQSParameters.MessageGroupID == "",
		"property Target.SqsParameters.MessageGroupId is required for a FIFO queue")
	made.unsupportedWhen(strings.Contains(s.Target.Input, "<aws.scheduler."), "property Target.Input: context attributes are not supported by the local cloud")
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html
	window := s.FlexibleTimeWindow
	made.when(window.Mode == "FLEXIBLE" && window.Length == nil, "property FlexibleTimeWindow.MaximumWindowInMinutes is required with the Mode FLEXIBLE")
	made.when(window.Mode == "OFF" && window.Length != nil, "property FlexibleTimeWindow.MaximumWindowInMinutes is for the Mode FLEXIBLE only")
	return made
}
