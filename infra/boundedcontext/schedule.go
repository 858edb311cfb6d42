package boundedcontext

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/resource"
)

// An invocation that fails is repeated once, and not after five minutes: the next
// one is soon.
const (
	scheduleRetries = 1
	scheduleAge     = 5 * time.Minute
)

// AddScheduledFunction adds a function that shares the context's table and is
// invoked at an interval of whole minutes. Invocations that fail end in a
// dead-letter queue of its own. They need no redrive, because the next invocation
// does the same work.
func (c *BoundedContext) AddScheduledFunction(id string, every time.Duration, function Function) *Published {
	if err := errors.Join(c.validateAddition(id, function), resource.CheckIDs(c.scope, id+"Schedule"), validateInterval(every)); err != nil {
		panic(fmt.Sprintf("function %s of bounded context %s: %v", id, *c.scope.Node().Id(), err))
	}
	this := constructs.NewConstruct(c.scope, new(id+"Schedule"))
	deadLetters := resource.NewDeadLetterQueue(this, "DeadLetters", c.props.Key)
	scheduled := c.function(id, function, c.role(id+"Role", function), deadLetters)
	scheduled.RollBackOn(resource.NotEmptyAlarm(deadLetters))
	scheduled.Live.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		MaxEventAge:   awscdk.Duration_Seconds(new(scheduleAge.Seconds())),
		RetryAttempts: jsii.Number(scheduleRetries),
	})
	role := schedule(this, every, scheduled.Live, deadLetters)
	resource.AllowKeyToSend(role, c.props.Key)
	return scheduled
}

// schedule makes the schedule, and returns the role that it works with.
func schedule(scope constructs.Construct, every time.Duration, function awslambda.IFunction, deadLetters awssqs.IQueue) awsiam.Role {
	// The scheduler sends dead letters with this role too.
	role := awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		AssumedBy: resource.ServicePrincipal(scope, "scheduler.amazonaws.com"),
	})
	resource.Allow(role, function.FunctionArn(), "lambda:InvokeFunction")
	resource.Allow(role, deadLetters.QueueArn(), "sqs:SendMessage")
	rate := awsscheduler.ScheduleExpression_Rate(awscdk.Duration_Minutes(new(every.Minutes())))
	awsscheduler.NewCfnSchedule(scope, new("Schedule"), &awsscheduler.CfnScheduleProps{
		ScheduleExpression: rate.ExpressionString(),
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: new("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:     function.FunctionArn(),
			RoleArn: role.RoleArn(),
			Input:   new("{}"),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: new(scheduleAge.Seconds()),
				MaximumRetryAttempts:     jsii.Number(scheduleRetries),
			},
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: deadLetters.QueueArn()},
		},
	}).Node().AddDependency(role)
	return role
}

func validateInterval(every time.Duration) error {
	if every < time.Minute || every%time.Minute != 0 {
		return fmt.Errorf("an interval of %s is not a number of whole minutes", every)
	}
	return nil
}
