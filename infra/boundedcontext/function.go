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
		Key:           c.props.Key,
	})
	resource.Allow(role, logs.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents")
	resource.AllowKeyToLog(role, c.props.Key)
	if deadLetters != nil {
		resource.AllowKeyToSend(role, c.props.Key)
	}

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
		Tracing:         awslambda.Tracing_DISABLED,

		CurrentVersionOptions: versionOptions(),
	}
	if !c.props.Untraced {
		props.Tracing = awslambda.Tracing_ACTIVE
	}
	if function.ReservedConcurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(function.ReservedConcurrency)
	}
	created := awslambda.NewFunction(c.scope, &id, props)
	if c.props.Untraced {
		passTracesThrough(created)
	} else {
		acknowledgeTracing(role)
	}
	return c.publish(created, function.Shift, newFailingAlarm(created), resource.NotEmptyAlarm(c.DeadLetters))
}

// passTracesThrough sets the tracing mode in which Lambda samples nothing and only
// passes trace headers on
// (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html). The CDK has the
// same mode, but would allow the role to send traces with it.
func passTracesThrough(function awslambda.Function) {
	cfnFunction, ok := function.Node().DefaultChild().(awslambda.CfnFunction)
	if !ok {
		panic(fmt.Sprintf("function %s has no resource of CloudFormation", *function.Node().Path()))
	}
	cfnFunction.SetTracingConfig(&awslambda.CfnFunction_TracingConfigProperty{Mode: new("PassThrough")})
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
	namespace := ""
	if resource.IsMonitored(c.scope) {
		namespace = c.props.MetricsNamespace
	}
	variables := map[string]*string{
		"SERVICE_NAME":      &c.props.Service,
		"TABLE_NAME":        c.Table.TableName(),
		"EVENT_BUS_NAME":    c.Bus.EventBusName(),
		"LOG_LEVEL":         &c.props.LogLevel,
		"METRICS_NAMESPACE": &namespace,
		"RETENTION":         new(c.props.Retention.String()),
	}
	if c.props.Untraced {
		variables["TRACED_SHARE"] = new("0")
	}
	return variables
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
	// DynamoDB decrypts the table's key for the role, also to write
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html).
	resource.AllowKey(role, c.props.Key, "dynamodb", "kms:Decrypt")
	if function.QueriesDue {
		resource.Allow(role, new(*c.Table.TableArn()+"/index/"+dueIndex), "dynamodb:Query")
	}
	for _, source := range function.Publishes.Sources() {
		role.AddToPrincipalPolicy(c.publishStatement(source, function.Publishes))
	}
	return role
}

// publishStatement allows to publish one source's events and no others. A request can
// have several values of both keys
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html#amazoneventbridge-policy-keys),
// one for each entry, all of which must be allowed. ForAllValues also allows a request
// without the key, and Null denies it
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html).
func (c *BoundedContext) publishStatement(source string, events resource.Events) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("events:PutEvents"),
		Resources: &[]*string{c.Bus.EventBusArn()},
		Conditions: &map[string]any{
			"ForAllValues:StringEquals": map[string]any{
				"events:source":      source,
				"events:detail-type": events[source],
			},
			"Null": map[string]any{
				"events:source":      "false",
				"events:detail-type": "false",
			},
		},
	})
}
