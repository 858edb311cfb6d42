package boundedcontext

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
	"example.com/saga/infra/shift"
)

// Alias is the name of the alias through which every function is invoked.
const Alias = "live"

// maximumAlarms is how many alarms a deployment group can have
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html).
const maximumAlarms = 10

// Published is a function with the alias of its current version. Variables and
// permissions are the function's. Whatever invokes it names Live: the function
// alone is its newest version, also while that is shifted in or has been rolled
// back.
type Published struct {
	Function awslambda.Function
	Live     awslambda.Alias

	// group is nil if the version is shifted all at once.
	group awscodedeploy.LambdaDeploymentGroup
	// alarms are the paths of those of the group.
	alarms map[string]bool
}

// versionOptions keep the versions that are no longer deployed until the function is
// deleted. AWS does not document what becomes of the running invocations of a version
// that is deleted, nor whether an event that Lambda is to invoke again still names it.
// A version whose deployment was rolled back is deleted: Lambda publishes the same code
// and configuration only once, so it could not be deployed again.
func versionOptions() *awslambda.VersionOptions {
	return &awslambda.VersionOptions{RemovalPolicy: awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE}
}

// publish makes the alias and, for a shift that is gradual, the deployment group which
// moves it.
func (c *BoundedContext) publish(function awslambda.Function, how shift.Shift, alarms ...awscloudwatch.IAlarm) *Published {
	published := &Published{
		Function: function,
		Live:     awslambda.NewAlias(function, new("Live"), &awslambda.AliasProps{AliasName: new(Alias), Version: function.CurrentVersion()}),
		alarms:   make(map[string]bool),
	}
	if how != shift.AllAtOnce {
		if !resource.IsMonitored(function) {
			panic(fmt.Sprintf("function %s: without monitoring, nothing would roll back the shift %s", *function.Node().Path(), how))
		}
		published.group = c.deploymentGroup(published, how)
	}
	published.RollBackOn(alarms...)
	c.published = append(c.published, published)
	return published
}

// RollBackOn rolls a deployment of the function back when one of the alarms is raised
// while invocations are shifted. While one is raised already, no deployment succeeds.
// More than ten alarms panic, because CodeDeploy accepts no more. A function that is
// shifted all at once is not rolled back.
func (p *Published) RollBackOn(alarms ...awscloudwatch.IAlarm) {
	if p.group == nil {
		return
	}
	for _, alarm := range alarms {
		path := *alarm.Node().Path()
		if p.alarms[path] {
			continue
		}
		p.alarms[path] = true
		if len(p.alarms) > maximumAlarms {
			panic(fmt.Sprintf("function %s: it is rolled back on more than %d alarms", *p.Function.Node().Path(), maximumAlarms))
		}
		p.group.AddAlarm(alarm)
	}
}

// RollBackOn is [Published.RollBackOn] for all functions that the context has by now,
// for alarms that any of them can raise: the dead letters of a context that handles
// their events.
func (c *BoundedContext) RollBackOn(alarms ...awscloudwatch.IAlarm) {
	for _, published := range c.published {
		published.RollBackOn(alarms...)
	}
}

// deploymentGroup makes CodeDeploy shift a function's alias. Without it CloudFormation
// would move the alias at once.
func (c *BoundedContext) deploymentGroup(published *Published, how shift.Shift) awscodedeploy.LambdaDeploymentGroup {
	if c.shifter == nil {
		c.shifter = newShifter(c)
	}
	c.shifter.allow(published.Function)
	group := awscodedeploy.NewLambdaDeploymentGroup(published.Live, new("Deployment"), &awscodedeploy.LambdaDeploymentGroupProps{
		Alias:            published.Live,
		Application:      c.shifter.application,
		DeploymentConfig: awscodedeploy.LambdaDeploymentConfig_FromLambdaDeploymentConfigName(published.Live, new("Shift"), new(how.Configuration())),
		// The CDK would attach a managed policy, which is valid for every function.
		Role: c.shifter.role.WithoutPolicyUpdates(nil),
		// Otherwise a deployment that was stopped leaves both versions behind the alias,
		// and the next one fails
		// (https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html).
		AutoRollback: &awscodedeploy.AutoRollbackConfig{StoppedDeployment: new(true)},
	})
	group.Node().AddDependency(policyOf(c.shifter.role))
	return group
}

// shifter is what the deployments of a context's functions share.
type shifter struct {
	application awscodedeploy.LambdaApplication
	role        awsiam.Role
}

func newShifter(c *BoundedContext) *shifter {
	role := awsiam.NewRole(c.scope, new("DeploymentRole"), &awsiam.RoleProps{
		AssumedBy: resource.ServicePrincipal(c.scope, "codedeploy.amazonaws.com"),
	})
	resource.Allow(role, new("*"), "cloudwatch:DescribeAlarms")
	cdknag.NagSuppressions_AddResourceSuppressions(policyOf(role), &[]*cdknag.NagPackSuppression{
		{
			Id:        new("AwsSolutions-IAM5"),
			Reason:    new("AWS's own policy for this role allows it to read every alarm, and documents no narrower one."),
			AppliesTo: &[]any{"Resource::*"},
		},
		{
			Id:        new("AwsSolutions-IAM5"),
			Reason:    new("The number of a function's next version is not known."),
			AppliesTo: &[]any{&cdknag.RegexAppliesTo{Regex: new(`/^Resource::<\w+\.Arn>:\*$/`)}},
		},
	}, nil)
	return &shifter{application: awscodedeploy.NewLambdaApplication(c.scope, new("Deployments"), nil), role: role}
}

// allow lets CodeDeploy move the function's alias: what AWS's own policy allows for
// every function
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html),
// without the files and the hooks of other deployments. An action on an alias names the
// function in IAM, but GetProvisionedConcurrencyConfig an alias or a version
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html).
func (s *shifter) allow(function awslambda.Function) {
	for _, arn := range []string{*function.FunctionArn(), *function.FunctionArn() + ":*"} {
		resource.Allow(s.role, &arn, "lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias")
	}
}
