package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

const roles = "AWS::IAM::Role"

func TestEveryRoleHasTheBoundaryOfItsEnvironment(t *testing.T) {
	for _, name := range environment.Names() {
		settings := settingsOf(t, name)
		templates := []synthtest.Template{synthesized(t, name)}
		if name != "local" {
			templates = append(templates, gitHubTemplate(t, name, repository{name: "acme/shop"}))
		}
		for _, template := range templates {
			for id, role := range synthtest.Properties[synthtest.Role](t, template, roles) {
				_, got, _ := strings.Cut(string(role.PermissionsBoundary), ":policy/")
				if got != settings.PermissionsBoundary {
					t.Errorf("%s of %s has the boundary %q, want %q", id, name, got, settings.PermissionsBoundary)
				}
			}
		}
	}
}

// CloudFormation works with a role that has the boundary: a deployment fails at the
// first action that it does not allow.
func TestTheBoundaryAllowsToMakeTheStacks(t *testing.T) {
	limit := readBoundary(t, "prod")
	for _, template := range stacksOfProd(t) {
		for id, resource := range template.Resources {
			action := createActions()[resource.Type]
			if action == "" {
				t.Errorf("createActions has no action for %s", resource.Type)
				continue
			}
			var properties struct{ PermissionsBoundary string }
			if err := json.Unmarshal(resource.Properties, &properties); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			given := map[string]string{
				"iam:PermissionsBoundary":                       properties.PermissionsBoundary,
				"aws:ResourceTag/aws:cloudformation:stack-name": "saga-prod",
			}
			if arn := arnOf(resource.Type, id); !limit.allows(t, action, arn, given) {
				t.Errorf("%s is not made: %s on %s is not allowed", id, action, arn)
			}
		}
	}
}

// IAM denies an action that the role allows and its boundary does not.
func TestTheBoundaryAllowsWhatTheRolesAreAllowed(t *testing.T) {
	limit := readBoundary(t, "prod")
	checked := 0
	for _, template := range stacksOfProd(t) {
		for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
			for _, statement := range policy.PolicyDocument.Statement {
				for _, resource := range statement.Resource {
					arn := arnIn(template, string(resource))
					for _, action := range statement.Action {
						checked++
						if !limit.allows(t, string(action), arn, nil) {
							t.Errorf("%s allows %s on %s, and the boundary does not", id, action, arn)
						}
					}
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no role is allowed anything")
	}
}

func TestADeploymentOfOneEnvironmentCannotChangeAnother(t *testing.T) {
	limit := readBoundary(t, "dev")
	const (
		regional = ":eu-west-1:222222222222:"
		own      = "arn:aws:iam::222222222222:policy/saga-dev-boundary"
		role     = "arn:aws:iam::222222222222:role/"
	)
	bounded := map[string]string{"iam:PermissionsBoundary": own}
	ofProd := map[string]string{"aws:ResourceTag/aws:cloudformation:stack-name": "saga-prod"}
	for name, test := range map[string]struct {
		action, resource string
		given            map[string]string
		want             bool
	}{
		"its own stack":                   {"cloudformation:UpdateStack", "arn:aws:cloudformation" + regional + "stack/saga-dev/1", nil, true},
		"another stack":                   {"cloudformation:UpdateStack", "arn:aws:cloudformation" + regional + "stack/saga-prod/1", nil, false},
		"its own bootstrap":               {"cloudformation:UpdateStack", "arn:aws:cloudformation" + regional + "stack/CDKToolkit-sagadev/1", nil, false},
		"its own deploying role":          {"sts:AssumeRole", role + "cdk-sagadev-deploy-role-222222222222-eu-west-1", nil, true},
		"another deploying role":          {"sts:AssumeRole", role + "cdk-sagaprod-deploy-role-222222222222-eu-west-1", nil, false},
		"CloudFormation's role":           {"iam:PassRole", role + "cdk-sagadev-cfn-exec-role-222222222222-eu-west-1", nil, true},
		"another role of CloudFormation":  {"iam:PassRole", role + "cdk-sagaprod-cfn-exec-role-222222222222-eu-west-1", nil, false},
		"a bounded role":                  {"iam:CreateRole", role + "saga-dev-Worker-1", bounded, true},
		"an unbounded role":               {"iam:CreateRole", role + "saga-dev-Worker-1", nil, false},
		"a role with another boundary":    {"iam:CreateRole", role + "saga-dev-Worker-1", map[string]string{"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}, false},
		"a policy for an unbounded role":  {"iam:PutRolePolicy", role + "saga-dev-Worker-1", nil, false},
		"a role of another name":          {"iam:CreateRole", role + "administrator", bounded, false},
		"another role's policy":           {"iam:PutRolePolicy", role + "saga-prod-Worker-1", bounded, false},
		"another role's trust":            {"iam:UpdateAssumeRolePolicy", role + "saga-prod-github-Deployer-1", bounded, false},
		"a role freed of its boundary":    {"iam:DeleteRolePermissionsBoundary", role + "saga-dev-Worker-1", bounded, false},
		"the boundary itself":             {"iam:CreatePolicyVersion", own, nil, false},
		"a user":                          {"iam:CreateUser", "arn:aws:iam::222222222222:user/saga-dev-x", bounded, false},
		"its own function":                {"lambda:UpdateFunctionCode", "arn:aws:lambda" + regional + "function:saga-dev-Worker-1", nil, true},
		"another function":                {"lambda:UpdateFunctionCode", "arn:aws:lambda" + regional + "function:saga-prod-Worker-1", nil, false},
		"the shift of its own function":   {"codedeploy:CreateDeployment", "arn:aws:codedeploy" + regional + "deploymentgroup:saga-dev-Deployments-1/saga-dev-Worker-1", nil, true},
		"the shift of another function":   {"codedeploy:CreateDeployment", "arn:aws:codedeploy" + regional + "deploymentgroup:saga-prod-Deployments-1/saga-prod-Worker-1", nil, false},
		"another table":                   {"dynamodb:GetItem", "arn:aws:dynamodb" + regional + "table/saga-prod-Table-1", nil, false},
		"another queue":                   {"sqs:ReceiveMessage", "arn:aws:sqs" + regional + "saga-prod-Queue-1", nil, false},
		"another bus":                     {"events:PutEvents", "arn:aws:events" + regional + "event-bus/saga-prod", nil, false},
		"another rule":                    {"events:PutTargets", "arn:aws:events" + regional + "rule/saga-prod/1", nil, false},
		"a registry without its setting":  {"schemas:CreateRegistry", "arn:aws:schemas" + regional + "registry/saga-dev", nil, false},
		"another registry":                {"schemas:DeleteRegistry", "arn:aws:schemas" + regional + "registry/saga-prod", nil, false},
		"another schema":                  {"schemas:UpdateSchema", "arn:aws:schemas" + regional + "schema/saga-prod/order@OrderPlaced", nil, false},
		"another log":                     {"logs:GetLogEvents", "arn:aws:logs" + regional + "log-group:saga-prod-ObservabilityEvents-1:*", nil, false},
		"its own secret":                  {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:Key-1", map[string]string{"aws:ResourceTag/aws:cloudformation:stack-name": "saga-dev"}, true},
		"another secret":                  {"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:Key-1", ofProd, false},
		"another key":                     {"kms:ScheduleKeyDeletion", "arn:aws:kms" + regional + "key/1", ofProd, false},
		"its own files":                   {"s3:PutObject", "arn:aws:s3:::cdk-sagadev-assets-222222222222-eu-west-1/1.zip", nil, true},
		"the files of another deployment": {"s3:PutObject", "arn:aws:s3:::cdk-sagaprod-assets-222222222222-eu-west-1/1.zip", nil, false},
		"a service that it does not use":  {"ec2:RunInstances", "arn:aws:ec2" + regional + "instance/1", nil, false},
	} {
		if got := limit.allows(t, test.action, test.resource, test.given); got != test.want {
			t.Errorf("%s: %s on %s is allowed: %t", name, test.action, test.resource, got)
		}
	}
}

// IAM does not count white space.
func TestTheBoundaryIsNoLongerThanIAMAccepts(t *testing.T) {
	text, err := json.Marshal(readBoundary(t, "staging"))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 6144 {
		t.Errorf("the policy has %d characters of 6,144", len(text))
	}
}

// stacksOfProd are the stacks that the roles of prod's bootstrap deploy.
func stacksOfProd(t *testing.T) []synthtest.Template {
	t.Helper()
	return []synthtest.Template{withKey(t, "prod", false), withKey(t, "prod", true), gitHubTemplate(t, "prod", repository{name: "acme/shop"})}
}

// createActions has an action that makes resources, by their type.
func createActions() map[string]string {
	return map[string]string{
		"AWS::CloudWatch::Alarm":           "cloudwatch:PutMetricAlarm",
		"AWS::CloudWatch::Dashboard":       "cloudwatch:PutDashboard",
		"AWS::CodeDeploy::Application":     "codedeploy:CreateApplication",
		"AWS::CodeDeploy::DeploymentGroup": "codedeploy:CreateDeploymentGroup",
		"AWS::DynamoDB::Table":             "dynamodb:CreateTable",
		"AWS::EventSchemas::Registry":      "schemas:CreateRegistry",
		"AWS::EventSchemas::Schema":        "schemas:CreateSchema",
		"AWS::Events::ApiDestination":      "events:CreateApiDestination",
		"AWS::Events::Archive":             "events:CreateArchive",
		"AWS::Events::Connection":          "events:CreateConnection",
		"AWS::Events::EventBus":            "events:CreateEventBus",
		"AWS::Events::EventBusPolicy":      "events:PutPermission",
		"AWS::Events::Rule":                "events:PutRule",
		"AWS::IAM::OIDCProvider":           "iam:CreateOpenIDConnectProvider",
		"AWS::IAM::Policy":                 "iam:DeleteRolePolicy",
		"AWS::IAM::Role":                   "iam:CreateRole",
		"AWS::KMS::Key":                    "kms:CreateKey",
		"AWS::Lambda::Alias":               "lambda:CreateAlias",
		"AWS::Lambda::EventInvokeConfig":   "lambda:PutFunctionEventInvokeConfig",
		"AWS::Lambda::EventSourceMapping":  "lambda:CreateEventSourceMapping",
		"AWS::Lambda::Function":            "lambda:CreateFunction",
		"AWS::Lambda::Permission":          "lambda:AddPermission",
		"AWS::Lambda::Url":                 "lambda:CreateFunctionUrlConfig",
		"AWS::Lambda::Version":             "lambda:PublishVersion",
		"AWS::Logs::LogGroup":              "logs:CreateLogGroup",
		"AWS::Logs::ResourcePolicy":        "logs:PutResourcePolicy",
		"AWS::SNS::Subscription":           "sns:Subscribe",
		"AWS::SNS::Topic":                  "sns:CreateTopic",
		"AWS::SNS::TopicPolicy":            "sns:SetTopicAttributes",
		"AWS::SQS::Queue":                  "sqs:CreateQueue",
		"AWS::SQS::QueuePolicy":            "sqs:SetQueueAttributes",
		"AWS::Scheduler::Schedule":         "scheduler:CreateSchedule",
		"AWS::SecretsManager::Secret":      "secretsmanager:CreateSecret",
	}
}

// arnOf returns the ARN that IAM compares for a resource of prod. It has a name
// that CloudFormation generates or, for the buses, the dashboard and GitHub's
// provider, the name in the template. An unknown type has an ARN that matches
// nothing.
func arnOf(resourceType, id string) string {
	name := "saga-prod-" + id
	const regional = ":eu-west-1:222222222222:"
	switch resourceType {
	case "AWS::CloudWatch::Alarm":
		return "arn:aws:cloudwatch" + regional + "alarm:" + name
	case "AWS::CloudWatch::Dashboard":
		return "arn:aws:cloudwatch::222222222222:dashboard/saga-prod"
	case "AWS::CodeDeploy::Application":
		return "arn:aws:codedeploy" + regional + "application:" + name
	case "AWS::CodeDeploy::DeploymentGroup":
		return "arn:aws:codedeploy" + regional + "deploymentgroup:saga-prod-OrderDeployments/" + name
	case "AWS::DynamoDB::Table":
		return "arn:aws:dynamodb" + regional + "table/" + name
	case "AWS::EventSchemas::Registry":
		return "arn:aws:schemas" + regional + "registry/saga-prod"
	case "AWS::EventSchemas::Schema":
		return "arn:aws:schemas" + regional + "schema/saga-prod/" + id
	case "AWS::Events::EventBus", "AWS::Events::EventBusPolicy":
		return "arn:aws:events" + regional + "event-bus/saga-prod"
	case "AWS::Events::Rule":
		return "arn:aws:events" + regional + "rule/saga-prod-loyalty/" + name
	case "AWS::IAM::OIDCProvider":
		return "arn:aws:iam::222222222222:oidc-provider/" + tokenHost
	case "AWS::IAM::Policy", roles:
		return "arn:aws:iam::222222222222:role/" + name
	case "AWS::Lambda::Alias":
		return "arn:aws:lambda" + regional + "function:" + name + ":" + boundedcontext.Alias
	case "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Lambda::Version":
		return "arn:aws:lambda" + regional + "function:" + name
	case "AWS::Logs::LogGroup":
		return "arn:aws:logs" + regional + "log-group:" + name
	case "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy":
		return "arn:aws:sns" + regional + name
	case "AWS::SQS::Queue", "AWS::SQS::QueuePolicy":
		return "arn:aws:sqs" + regional + name
	case "AWS::Scheduler::Schedule":
		return "arn:aws:scheduler" + regional + "schedule/default/" + name
	}
	return "arn:aws:unknown:::" + id
}

// arnIn returns the ARN of the resource that a policy refers to by its logical id.
func arnIn(template synthtest.Template, reference string) string {
	for id, resource := range template.Resources {
		if rest, found := strings.CutPrefix(reference, id); found && !strings.HasPrefix(reference, "arn:") {
			return arnOf(resource.Type, id) + rest
		}
	}
	return reference
}

// boundary has those elements of an IAM policy that the one in infra/bootstrap
// uses.
type boundary struct {
	Statement []struct {
		Effect           string
		Action, Resource synthtest.List
		Condition        map[string]map[string]synthtest.List `json:",omitempty"`
	}
}

// readBoundary returns the boundary of an environment, in the account and the
// region of prod.
func readBoundary(t *testing.T, name string) boundary {
	t.Helper()
	text, err := os.ReadFile("bootstrap/boundary.json")
	if err != nil {
		t.Fatal(err)
	}
	conditional := `""` // matches nothing
	if settingsOf(t, name).SchemaRegistry {
		conditional = "$1"
	}
	filled := strings.NewReplacer(
		"${AWS::Partition}", "aws", "${AWS::Region}", "eu-west-1", "${AWS::AccountId}", "222222222222",
		"${Environment}", name, "${Qualifier}", settingsOf(t, name).Qualifier,
	).Replace(regexp.MustCompile(`\{"Fn::Sub": ("[^"]*")\}`).ReplaceAllString(string(text), "$1"))
	filled = regexp.MustCompile(`\{"Fn::If": \["WithSchemaRegistry", ("[^"]*"), \{"Ref": "AWS::NoValue"\}\]\}`).ReplaceAllString(filled, conditional)
	var template struct {
		Resources map[string]struct {
			Properties struct {
				ManagedPolicyName string
				PolicyDocument    boundary
			}
		}
	}
	if err := json.Unmarshal([]byte(filled), &template); err != nil {
		t.Fatal(err)
	}
	made := template.Resources["Boundary"].Properties
	if made.ManagedPolicyName != settingsOf(t, name).PermissionsBoundary {
		t.Fatalf("the boundary of %s has the name %s, the setting is %s", name, made.ManagedPolicyName, settingsOf(t, name).PermissionsBoundary)
	}
	return made.PolicyDocument
}

// allows reports whether the policy allows an action on a resource, and denies
// it in no statement, where the condition keys have the given values.
func (b boundary) allows(t *testing.T, action, resource string, given map[string]string) bool {
	t.Helper()
	allowed := false
	for _, statement := range b.Statement {
		if !matchesOne(statement.Action, action) || !matchesOne(statement.Resource, resource) || !holds(t, statement.Condition, given) {
			continue
		}
		if statement.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func holds(t *testing.T, condition map[string]map[string]synthtest.List, given map[string]string) bool {
	t.Helper()
	for operator, keys := range condition {
		for key, values := range keys {
			value, known := given[key]
			met := false
			switch operator {
			case "Null":
				met = slices.Equal(values, synthtest.List{"false"}) == known
			case "StringEquals":
				met = known && slices.Contains(values, synthtest.Reference(value))
			case "StringNotEquals":
				met = !known || !slices.Contains(values, synthtest.Reference(value))
			case "ArnLike":
				met = known && matchesOne(values, value)
			case "StringNotLike":
				met = !known || !matchesOne(values, value)
			default:
				t.Fatalf("the operator %s is unknown here", operator)
			}
			if !met {
				return false
			}
		}
	}
	return true
}

func matchesOne(patterns synthtest.List, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern synthtest.Reference) bool {
		expression := strings.ReplaceAll(regexp.QuoteMeta(string(pattern)), `\*`, `.*`)
		return regexp.MustCompile("^" + expression + "$").MatchString(text)
	})
}
