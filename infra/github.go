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

// tokenHost signs the tokens of GitHub's workflows.
const tokenHost = "token.actions.githubusercontent.com"

// Only this workflow, on this branch, deploys.
const (
	mainBranch = "refs/heads/main"
	workflow   = ".github/workflows/environment.yml"
)

// repository is a GitHub repository whose workflows get roles in the account.
type repository struct {
	// name is owner/name, as in the tokens. In the tokens of repositories that
	// were created, renamed or moved since July 2026 each of both names is
	// followed by @ and its number.
	name string
	// providerExists is set if the account has GitHub's identity provider
	// already: there can be only one.
	providerExists bool
}

// newRepository returns an error if the name could match more than one
// repository.
func newRepository(name, provider string) (repository, error) {
	if !regexp.MustCompile(`^[\w.-]+(@\d+)?/[\w.-]+(@\d+)?$`).MatchString(name) {
		return repository{}, fmt.Errorf("%q is not a repository: its form is owner/name or owner@1/name@2", name)
	}
	if provider != "new" && provider != "existing" {
		return repository{}, fmt.Errorf("the identity provider is new or existing, and not %q", provider)
	}
	return repository{name: name, providerExists: provider == "existing"}, nil
}

// newGitHub makes the stack that lets the workflows of a repository review and
// deploy an environment without a key: a workflow presents a token that GitHub
// signed, and gets the credentials of a role for an hour.
func newGitHub(app awscdk.App, settings environment.Settings, from repository) awscdk.Stack {
	name := "saga-" + settings.Name + "-github"
	stack := newStack(app, name, "Lets the workflows of a GitHub repository review and deploy the saga.", settings)
	provider := from.provider(stack)

	// A pull request from any branch of the repository can run any code with this
	// role. So it reads the deployed template and nothing else: the CDK's own role
	// for lookups may read the whole account.
	reviewer := from.role(stack, "Reviewer", provider, map[string]string{"sub": "repo:" + from.name + ":pull_request"})
	resource.Allow(reviewer, stackARN(stack, "saga-"+settings.Name), "cloudformation:DescribeStacks", "cloudformation:GetTemplate")
	cdknag.NagSuppressions_AddResourceSuppressions(reviewer, &[]*cdknag.NagPackSuppression{{
		Id:     new("AwsSolutions-IAM5"),
		Reason: new("The name of the stack is followed by an id that CloudFormation generates."),
	}}, new(true))
	output(stack, "ReviewerRoleArn", reviewer.RoleArn())

	deployer := from.role(stack, "Deployer", provider, from.deployerClaims(settings.Name))
	for _, role := range []string{"deploy", "file-publishing", "lookup"} {
		resource.Allow(deployer, bootstrapRole(stack, settings.Qualifier, role), "sts:AssumeRole")
	}
	output(stack, "DeployerRoleArn", deployer.RoleArn())
	return stack
}

// provider returns the ARN of the identity provider by which the account accepts
// GitHub's signature.
func (r repository) provider(stack awscdk.Stack) *string {
	if r.providerExists {
		return stack.FormatArn(&awscdk.ArnComponents{
			Service: new("iam"), Region: new(""), Resource: new("oidc-provider"), ResourceName: new(tokenHost),
		})
	}
	provider := awsiam.NewOidcProviderNative(stack, new("Provider"), &awsiam.OidcProviderNativeProps{
		Url:       new("https://" + tokenHost),
		ClientIds: jsii.Strings("sts.amazonaws.com"),
		// The repository's other environments in this account use it too.
		RemovalPolicy: resource.RemovalPolicy(true),
	})
	return provider.OidcProviderArn()
}

// deployerClaims returns the claims of a job that may deploy an environment: it runs
// in the GitHub environment of this name, for a push to main, and as main's own
// version of the one workflow that deploys. All three are compared by AWS, so
// no setting in GitHub lets another branch deploy:
//   - sub names the environment alone: any branch can have a job in it, unless
//     GitHub is set to refuse that;
//   - ref is the branch whose code the job checks out;
//   - job_workflow_ref is the workflow that has the job. It alone is not
//     enough: a branch can call main's version, which then deploys the branch.
//
// AWS compares ref and job_workflow_ref since January 2026, and refuses a token
// without them:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (r repository) deployerClaims(name string) map[string]string {
	// In this claim the repository is never followed by its number.
	withoutNumbers := regexp.MustCompile(`@\d+`).ReplaceAllString(r.name, "")
	return map[string]string{
		"sub":              "repo:" + r.name + ":environment:" + name,
		"ref":              mainBranch,
		"job_workflow_ref": withoutNumbers + "/" + workflow + "@" + mainBranch,
	}
}

// role makes a role that a workflow can assume if its token has exactly these
// claims.
// Each is compared as a whole: with a wildcard another repository could match.
func (r repository) role(stack awscdk.Stack, id string, provider *string, claims map[string]string) awsiam.Role {
	conditions := map[string]string{tokenHost + ":aud": "sts.amazonaws.com"}
	for claim, value := range claims {
		conditions[tokenHost+":"+claim] = value
	}
	return awsiam.NewRole(stack, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewWebIdentityPrincipal(provider, &map[string]any{"StringEquals": conditions}),
	})
}

// bootstrapRole is the ARN of one of the roles that cdk bootstrap makes for the CDK command
// line, in the stack's account and region.
func bootstrapRole(stack awscdk.Stack, qualifier, role string) *string {
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
