package main

import (
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/resource"
)

// tokens is the host that signs the tokens of GitHub's workflows.
const tokens = "token.actions.githubusercontent.com"

// What deploys: this branch, by this workflow.
const (
	mainBranch = "refs/heads/main"
	workflow   = ".github/workflows/environment.yml"
)

// access says whose workflows are let in.
type access struct {
	// repository is owner/name, as the tokens call it. In the tokens of
	// repositories that were created, renamed or moved since July 2026 both
	// names are followed by @ and their number.
	repository string
	// known is set where the account knows GitHub's identity provider already:
	// there can be only one.
	known bool
}

// newAccess refuses whatever could let in others than one repository.
func newAccess(repository, provider string) (access, error) {
	if !regexp.MustCompile(`^[\w.-]+(@\d+)?/[\w.-]+(@\d+)?$`).MatchString(repository) {
		return access{}, fmt.Errorf("%q is not a repository: it is called owner/name or owner@1/name@2", repository)
	}
	if provider != "new" && provider != "existing" {
		return access{}, fmt.Errorf("the identity provider is new or existing, and not %q", provider)
	}
	return access{repository: repository, known: provider == "existing"}, nil
}

// newGitHub makes the stack that lets a repository's workflows into an
// environment without any key: a workflow shows a token that GitHub signed, and
// gets the credentials of a role for an hour.
func newGitHub(app awscdk.App, settings environment.Settings, access access) awscdk.Stack {
	name := "saga-" + settings.Name + "-github"
	stack := newStack(app, name, "Lets the workflows of a GitHub repository review and deploy the saga.", settings)
	provider := access.provider(stack)

	// Everyone who can open a pull request from a branch of the repository can
	// run any code by this role. So it reads the deployed template and nothing
	// else: CDK's own role for looking up may read the whole account.
	reviewer := access.role(stack, "Reviewer", provider, map[string]string{"sub": "repo:" + access.repository + ":pull_request"})
	resource.Allow(reviewer, stackARN(stack, "saga-"+settings.Name), "cloudformation:DescribeStacks", "cloudformation:GetTemplate")
	cdknag.NagSuppressions_AddResourceSuppressions(reviewer, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-IAM5"),
		Reason: new("The name of the stack is followed by an id that CloudFormation makes up."),
	}}, new(true))
	output(stack, "ReviewerRoleArn", reviewer.RoleArn())

	deployer := access.role(stack, "Deployer", provider, access.deployment(settings.Name))
	for _, role := range []string{"deploy", "file-publishing", "lookup"} {
		resource.Allow(deployer, bootstrapped(stack, settings.Qualifier, role), "sts:AssumeRole")
	}
	output(stack, "DeployerRoleArn", deployer.RoleArn())
	return stack
}

// provider is where the account learns to trust GitHub's signature.
func (a access) provider(stack awscdk.Stack) *string {
	if a.known {
		return stack.FormatArn(&awscdk.ArnComponents{
			Service: new("iam"), Region: new(""), Resource: new("oidc-provider"), ResourceName: new(tokens),
		})
	}
	made := awsiam.NewOidcProviderNative(stack, new("Provider"), &awsiam.OidcProviderNativeProps{
		Url:       new("https://" + tokens),
		ClientIds: jsii.Strings("sts.amazonaws.com"),
		// The repository's other environments in this account use it too.
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	return made.OidcProviderArn()
}

// deployment returns the claims of a job that may deploy an environment: it runs
// in the GitHub environment of this name, for a push to main, and as main's own
// version of the one workflow that deploys. All three are compared by AWS, so
// no setting in GitHub lets another branch in:
//   - sub names the environment alone: any branch can have a job in it, unless
//     GitHub is set to refuse that;
//   - ref is the branch whose code the job checks out;
//   - job_workflow_ref is the workflow that the job stands in. It alone is not
//     enough: a branch can call main's version, which then deploys the branch.
//
// AWS compares ref and job_workflow_ref since January 2026, and takes a token
// without them for one of the wrong value:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (a access) deployment(name string) map[string]string {
	// In this claim the repository is never followed by its number.
	plain := regexp.MustCompile(`@\d+`).ReplaceAllString(a.repository, "")
	return map[string]string{
		"sub":              "repo:" + a.repository + ":environment:" + name,
		"ref":              mainBranch,
		"job_workflow_ref": plain + "/" + workflow + "@" + mainBranch,
	}
}

// role makes a role that a workflow takes if its token has exactly these claims.
// Each is compared as a whole: with a wildcard another repository could match.
func (a access) role(stack awscdk.Stack, id string, provider *string, claims map[string]string) awsiam.Role {
	conditions := map[string]string{tokens + ":aud": "sts.amazonaws.com"}
	for claim, value := range claims {
		conditions[tokens+":"+claim] = value
	}
	return awsiam.NewRole(stack, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewWebIdentityPrincipal(provider, &map[string]any{"StringEquals": conditions}),
	})
}

// bootstrapped is one of the roles that cdk bootstrap makes for the CDK command
// line, in the stack's account and region.
func bootstrapped(stack awscdk.Stack, qualifier, role string) *string {
	name := "cdk-" + qualifier + "-" + role + "-role-" + *stack.Account() + "-" + *stack.Region()
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: new("iam"), Region: new(""), Resource: new("role"), ResourceName: &name,
	})
}

func stackARN(stack awscdk.Stack, name string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: new("cloudformation"), Resource: new("stack"), ResourceName: new(name + "/*"),
	})
}
