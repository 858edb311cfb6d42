package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/synthtest"
)

// gitHubStack is what the template of a stack for GitHub follows from.
type gitHubStack struct {
	environment string
	from        repository
}

// gitHubTemplates has the template of each stack, synthesized once: tests only read them.
var gitHubTemplates = map[gitHubStack]synthtest.Template{}

// gitHubTemplate returns the template of the stack that lets the workflows of a
// repository review and deploy an environment.
func gitHubTemplate(t *testing.T, name string, from repository) synthtest.Template {
	t.Helper()
	key := gitHubStack{name, from}
	template, known := gitHubTemplates[key]
	if !known {
		template = synthtest.Synth(t, newGitHub(synthtest.NewApp(t, "../cdk.json"), settingsOf(t, name), from))
		gitHubTemplates[key] = template
	}
	return template
}

// AWS compares each claim. So it refuses a token of another branch or workflow, or
// without the claim, whatever the settings in GitHub are.
func TestARoleIsAssumedOnlyByTheRepositoryAndForItsPurpose(t *testing.T) {
	for name, from := range map[string]string{"prod": "acme/shop", "dev": "acme@123456/shop@456789"} {
		want := map[string]map[string]synthtest.List{
			"Reviewer": {
				tokenHost + ":aud": {"sts.amazonaws.com"},
				tokenHost + ":sub": {synthtest.Reference("repo:" + from + ":pull_request")},
			},
			"Deployer": {
				tokenHost + ":aud":              {"sts.amazonaws.com"},
				tokenHost + ":sub":              {synthtest.Reference("repo:" + from + ":environment:" + name)},
				tokenHost + ":ref":              {"refs/heads/main"},
				tokenHost + ":job_workflow_ref": {"acme/shop/.github/workflows/environment.yml@refs/heads/main"},
			},
		}
		for id, role := range synthtest.Properties[synthtest.Role](t, gitHubTemplate(t, name, repository{name: from}), "AWS::IAM::Role") {
			statements := role.AssumeRolePolicyDocument.Statement
			if len(statements) != 1 || !slices.Equal(statements[0].Action, synthtest.List{"sts:AssumeRoleWithWebIdentity"}) {
				t.Fatalf("%s is assumed by %+v", id, statements)
			}
			conditions := map[string]map[string]synthtest.List{"StringEquals": want[resourceName(id)]}
			if diff := cmp.Diff(conditions, statements[0].Condition); diff != "" {
				t.Errorf("in %s %s is assumed by (- want, + got):\n%s", name, id, diff)
			}
		}
	}
}

// Otherwise no job has the claims that AWS compares.
func TestTheDeployerIsAssumedByAWorkflowThatExists(t *testing.T) {
	if _, err := os.Stat(filepath.Join("..", workflow)); err != nil {
		t.Error(err)
	}
	deploy := workflows(t)["deploy.yml"]
	if !strings.Contains(deploy, "branches: [main]") || !strings.Contains(deploy, "uses: ./"+workflow) {
		t.Errorf("a push to main is not deployed by %s", workflow)
	}
}

func TestAReviewReadsTheTemplateOfOneStackAndNothingElse(t *testing.T) {
	prod := settingsOf(t, "prod")
	stack := "arn:aws:cloudformation:" + prod.Region + ":" + prod.Account + ":stack/saga-prod/*"
	want := []synthtest.Statement{{
		Effect:   "Allow",
		Action:   synthtest.List{"cloudformation:DescribeStacks", "cloudformation:GetTemplate"},
		Resource: synthtest.List{synthtest.Reference(stack)},
	}}
	if diff := cmp.Diff(want, statementsOf(t, "Reviewer")); diff != "" {
		t.Errorf("a reviewer may (- want, + got):\n%s", diff)
	}
}

func TestADeploymentAssumesTheRolesOfTheCDKInItsAccountAndNothingElse(t *testing.T) {
	prod := settingsOf(t, "prod")
	role := func(purpose string) synthtest.Reference {
		return synthtest.Reference("arn:aws:iam::" + prod.Account + ":role/cdk-sagaprod-" + purpose + "-role-" + prod.Account + "-" + prod.Region)
	}
	want := []synthtest.Statement{{
		Effect:   "Allow",
		Action:   synthtest.List{"sts:AssumeRole"},
		Resource: synthtest.List{role("deploy"), role("file-publishing"), role("lookup")},
	}}
	if diff := cmp.Diff(want, statementsOf(t, "Deployer")); diff != "" {
		t.Errorf("a deployer may (- want, + got):\n%s", diff)
	}
}

// statementsOf returns the statements of a role's policies.
func statementsOf(t *testing.T, role string) []synthtest.Statement {
	t.Helper()
	var statements []synthtest.Statement
	for id, policy := range synthtest.Properties[synthtest.Policy](t, gitHubTemplate(t, "prod", repository{name: "acme/shop"}), policies) {
		if strings.HasPrefix(id, role) {
			statements = append(statements, policy.PolicyDocument.Statement...)
		}
	}
	return statements
}

func TestAProviderThatExistsIsNotMadeAgain(t *testing.T) {
	const provider = "AWS::IAM::OIDCProvider"
	for exists, want := range map[bool]int{false: 1, true: 0} {
		got := 0
		for _, resource := range gitHubTemplate(t, "staging", repository{name: "acme/shop", providerExists: exists}).Resources {
			if resource.Type == provider {
				got++
				if resource.DeletionPolicy != "RetainExceptOnCreate" {
					t.Errorf("when the stack is deleted the policy for the provider is %s, and other stacks need it", resource.DeletionPolicy)
				}
			}
		}
		if got != want {
			t.Errorf("it exists: %t, providers made: %d", exists, got)
		}
	}
}

func TestTheSecurityRulesFindNothingInTheStackForGitHub(t *testing.T) {
	stack := newGitHub(synthtest.NewApp(t, "../cdk.json"), settingsOf(t, "prod"), repository{name: "acme/shop"})
	synthtest.AddSecurityRules(stack)
	synthtest.Synth(t, stack)
}

func TestANameThatCouldMatchMoreThanOneRepositoryIsRefused(t *testing.T) {
	for _, name := range []string{"", "shop", "acme/", "/shop", "acme/*", "*/shop", "acme/sh?p", "acme/shop:ref", "acme/shop/more", "acme@x/shop", "acme/shop "} {
		if _, err := newRepository(name, "new"); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	for _, name := range []string{"acme/shop", "acme-2/the.shop_1", "acme@123456/shop@456789"} {
		if got, err := newRepository(name, "existing"); err != nil || got != (repository{name: name, providerExists: true}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if _, err := newRepository("acme/shop", "none"); err == nil {
		t.Error("a provider that is neither new nor existing is accepted")
	}
}
