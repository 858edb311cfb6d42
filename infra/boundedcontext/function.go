package boundedcontext

import (
	"fmt"
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
)

func (c *BoundedContext) function(id string, function Function, role awsiam.Role, deadLetters awssqs.IQueue) *Published {
	logs := resource.NewLogGroup(c.scope, id+"Logs", resource.LogGroupProps{
		RetentionDays: c.props.LogRetentionDays,
		Protected:     c.props.Protected,
	})
	resource.Allow(role, logs.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents")

	variables := c.variables()
	maps.Copy(variables, runtimeVariables(function.MemoryMB))
	for name, value := range function.Variables {
		variables[name] = &value
	}
	props := &awslambda.FunctionProps{
		Code:            awslambda.Code_FromAsset(&function.Artefact, nil),
		Runtime:         awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:    awslambda.Architecture_ARM_64(),
		Handler:         new("bootstrap"),
		MemorySize:      jsii.Number(function.MemoryMB),
		Timeout:         awscdk.Duration_Seconds(new(function.Timeout.Seconds())),
		Environment:     &variables,
		Role:            role,
		LogGroup:        logs,
		DeadLetterQueue: deadLetters,
		Tracing:         awslambda.Tracing_ACTIVE,

		CurrentVersionOptions: versionOptions(),
	}
	if function.ReservedConcurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(function.ReservedConcurrency)
	}
	created := awslambda.NewFunction(c.scope, &id, props)
	acknowledgeTracing(role)
	return c.publish(created, function.Shift, newFailingAlarm(created), resource.NotEmptyAlarm(c.DeadLetters))
}

// acknowledgeTracing records for cdk-nag why a role may use actions on every
// resource: the CDK allows the role of a traced function to send traces.
func acknowledgeTracing(role awsiam.Role) {
	cdknag.NagSuppressions_AddResourceSuppressions(policyOf(role), &[]*cdknag.NagPackSuppression{{
		Id:        new("AwsSolutions-IAM5"),
		Reason:    new("xray:PutTraceSegments and xray:PutTelemetryRecords cannot be restricted to a resource."),
		AppliesTo: &[]any{"Resource::*"},
	}}, nil)
}

// policyOf returns the policy that the CDK makes for what a role is allowed.
func policyOf(role awsiam.Role) constructs.IConstruct {
	return role.Node().FindChild(new("DefaultPolicy"))
}

// variables are the environment variables of every function of the context.
func (c *BoundedContext) variables() map[string]*string {
	return map[string]*string{
		"SERVICE_NAME":      &c.props.Service,
		"TABLE_NAME":        c.Table.TableName(),
		"EVENT_BUS_NAME":    c.Bus.EventBusName(),
		"LOG_LEVEL":         &c.props.LogLevel,
		"METRICS_NAMESPACE": &c.props.MetricsNamespace,
		"RETENTION":         new(c.props.Retention.String()),
	}
}

// oneProcessorMB is the memory in MB at which a function has one virtual processor. The
// share of smaller functions is less
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
const oneProcessorMB = 1769

// runtimeVariables are settings of Go's runtime for the memory of a function. On less
// than one processor, threads that run at the same time only cost switches between them:
// GOMAXPROCS=1 saves a tenth of the processor time. From GOMEMLIMIT on, garbage is
// collected more often, before Lambda ends the process for its memory. GOGC stays 100:
// 200 takes 26 MiB of resident memory and 400 takes 33, where 100 takes 22, and what they
// save is within the noise of the measurement.
func runtimeVariables(memoryMB int) map[string]*string {
	variables := map[string]*string{"GOMEMLIMIT": new(fmt.Sprintf("%dMiB", memoryMB*3/4))}
	if memoryMB < oneProcessorMB {
		variables["GOMAXPROCS"] = new("1")
	}
	return variables
}

// role makes a function's own role, which may use the table and publish the
// function's events.
func (c *BoundedContext) role(id string, function Function) awsiam.Role {
	role := awsiam.NewRole(c.scope, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil),
	})
	actions := make([]string, len(function.TableActions))
	for i, action := range function.TableActions {
		actions[i] = "dynamodb:" + action
	}
	resource.Allow(role, c.Table.TableArn(), actions...)
	if function.QueriesDue {
		resource.Allow(role, new(*c.Table.TableArn()+"/index/"+dueIndex), "dynamodb:Query")
	}
	for _, source := range function.Publishes.Sources() {
		role.AddToPrincipalPolicy(c.publishStatement(source, function.Publishes))
	}
	return role
}

// publishStatement allows to publish one source's events and no others. Each entry
// of a PutEvents request has one source and one detail type, so the keys have one
// value each and StringEquals compares them. Unlike ForAllValues, it denies a
// request without the key.
func (c *BoundedContext) publishStatement(source string, events resource.Events) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("events:PutEvents"),
		Resources: &[]*string{c.Bus.EventBusArn()},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{
				"events:source":      source,
				"events:detail-type": events[source],
			},
		},
	})
}
