package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/synthtest"
)

// gitHub gives the template of the stack that lets a repository into an
// environment.
func gitHub(t *testing.T, name string, access access, prepare ...func(awscdk.Stack)) synthtest.Template {
	t.Helper()
	stack := newGitHub(synthtest.NewApp(t, "../cdk.json"), settingsOf(t, name), access)
	for _, change := range prepare {
		change(stack)
	}
	return synthtest.Synth(t, stack)
}

// AWS compares each claim, so a token of another branch, of another workflow or
// without the claim is refused whatever is set in GitHub.
func TestARoleIsTakenOnlyByTheRepositoryAndForItsPurpose(t *testing.T) {
	for name, repository := range map[string]string{"prod": "acme/shop", "dev": "acme@123456/shop@456789"} {
		want := map[string]map[string]synthtest.List{
			"Reviewer": {
				tokens + ":aud": {"sts.amazonaws.com"},
				tokens + ":sub": {synthtest.Reference("repo:" + repository + ":pull_request")},
			},
			"Deployer": {
				tokens + ":aud":              {"sts.amazonaws.com"},
				tokens + ":sub":              {synthtest.Reference("repo:" + repository + ":environment:" + name)},
				tokens + ":ref":              {"refs/heads/main"},
				tokens + ":job_workflow_ref": {"acme/shop/.github/workflows/environment.yml@refs/heads/main"},
			},
		}
		for id, role := range synthtest.Of[synthtest.Role](t, gitHub(t, name, access{repository: repository}), "AWS::IAM::Role") {
			statements := role.AssumeRolePolicyDocument.Statement
			if len(statements) != 1 || !slices.Equal(statements[0].Action, synthtest.List{"sts:AssumeRoleWithWebIdentity"}) {
				t.Fatalf("%s is taken by %+v", id, statements)
			}
			conditions := map[string]map[string]synthtest.List{"StringEquals": want[resourceName(id)]}
			if diff := cmp.Diff(conditions, statements[0].Condition); diff != "" {
				t.Errorf("in %s %s is taken by (- want, + got):\n%s", name, id, diff)
			}
		}
	}
}

// Otherwise no job has the claims that AWS asks for.
func TestTheDeployerIsTakenByAWorkflowThatExists(t *testing.T) {
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
	if diff := cmp.Diff(want, allowed(t, "Reviewer")); diff != "" {
		t.Errorf("a reviewer may (- want, + got):\n%s", diff)
	}
}

func TestADeploymentTakesTheRolesOfTheCDKInItsAccountAndNothingElse(t *testing.T) {
	prod := settingsOf(t, "prod")
	role := func(purpose string) synthtest.Reference {
		return synthtest.Reference("arn:aws:iam::" + prod.Account + ":role/cdk-sagaprod-" + purpose + "-role-" + prod.Account + "-" + prod.Region)
	}
	want := []synthtest.Statement{{
		Effect:   "Allow",
		Action:   synthtest.List{"sts:AssumeRole"},
		Resource: synthtest.List{role("deploy"), role("file-publishing"), role("lookup")},
	}}
	if diff := cmp.Diff(want, allowed(t, "Deployer")); diff != "" {
		t.Errorf("a deployer may (- want, + got):\n%s", diff)
	}
}

// allowed lists what a role of the stack may do.
func allowed(t *testing.T, role string) []synthtest.Statement {
	t.Helper()
	var statements []synthtest.Statement
	for id, policy := range synthtest.Of[synthtest.Policy](t, gitHub(t, "prod", access{repository: "acme/shop"}), policies) {
		if strings.HasPrefix(id, role) {
			statements = append(statements, policy.PolicyDocument.Statement...)
		}
	}
	return statements
}

func TestAnAccountThatKnowsGitHubIsNotToldAgain(t *testing.T) {
	const provider = "AWS::IAM::OIDCProvider"
	for known, want := range map[bool]int{false: 1, true: 0} {
		got := 0
		for _, resource := range gitHub(t, "staging", access{repository: "acme/shop", known: known}).Resources {
			if resource.Type == provider {
				got++
				if resource.DeletionPolicy != "Retain" {
					t.Errorf("with the stack the provider is subject to %s, and others lose it", resource.DeletionPolicy)
				}
			}
		}
		if got != want {
			t.Errorf("known: %t, providers made: %d", known, got)
		}
	}
}

func TestTheSecurityRulesFindNothingInTheStackForGitHub(t *testing.T) {
	gitHub(t, "prod", access{repository: "acme/shop"}, synthtest.AddSecurityRules)
}

func TestOnlyOneRepositoryIsLetIn(t *testing.T) {
	for _, repository := range []string{"", "shop", "acme/", "/shop", "acme/*", "*/shop", "acme/sh?p", "acme/shop:ref", "acme/shop/more", "acme@x/shop", "acme/shop "} {
		if _, err := newAccess(repository, "new"); err == nil {
			t.Errorf("%q is let in", repository)
		}
	}
	for _, repository := range []string{"acme/shop", "acme-2/the.shop_1", "acme@123456/shop@456789"} {
		if got, err := newAccess(repository, "existing"); err != nil || got != (access{repository: repository, known: true}) {
			t.Errorf("%s: got %+v, %v", repository, got, err)
		}
	}
	if _, err := newAccess("acme/shop", "none"); err == nil {
		t.Error("a provider that is neither new nor existing is accepted")
	}
}
