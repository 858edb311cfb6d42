package main

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/synthtest"
)

const (
	keys   = "AWS::KMS::Key"
	topics = "AWS::SNS::Topic"
)

// keyProperties are the properties that have the key, by the types of resources that
// are encrypted with it.
var keyProperties = map[string][]string{
	archives:                      {"KmsKeyIdentifier"},
	"AWS::Events::Connection":     {"KmsKeyIdentifier"},
	logGroups:                     {"KmsKeyId"},
	queues:                        {"KmsMasterKeyId"},
	"AWS::SecretsManager::Secret": {"KmsKeyId"},
	tables:                        {"SSESpecification", "KMSMasterKeyId"},
	topics:                        {"KmsMasterKeyId"},
}

// withoutKey are the types of resources that have no key. Those that could have one
// have a line in the table of SECURITY.md with the reason.
var withoutKey = map[string]bool{
	buses: true, functions: true, mappings: true, schedules: true,

	alarms: false, policies: false, roles: false, rules: false, keys: false,
	aliases: false, versions: false, deploymentGroups: false, "AWS::CodeDeploy::Application": false,
	"AWS::CloudWatch::Dashboard": false, "AWS::EventSchemas::Registry": false, "AWS::EventSchemas::Schema": false, "AWS::Events::ApiDestination": false, "AWS::Events::EventBusPolicy": false,
	"AWS::Lambda::EventInvokeConfig": false, "AWS::Lambda::Permission": false, "AWS::Lambda::Url": false, "AWS::Logs::ResourcePolicy": false,
	"AWS::SNS::Subscription": false, "AWS::SNS::TopicPolicy": false, "AWS::SQS::QueuePolicy": false,
}

func TestWhatCanHaveTheCustomerKeyHasItOrAReason(t *testing.T) {
	reasons := documented(t, "../SECURITY.md", "What has no customer key")
	for _, name := range []string{"dev", "prod"} { // Only prod has a topic, only dev the observability queue.
		template := withKey(t, name, true)
		for id, resource := range template.Resources {
			property, encrypted := keyProperties[resource.Type]
			couldHave, listed := withoutKey[resource.Type]
			switch {
			case encrypted:
				want := "DataKey"
				if resource.Type == topics {
					want = "OnCallKey" // With the data key disabled, alarms are still sent.
				}
				if got := keyOf(t, resource, property); !strings.HasPrefix(got, want) {
					t.Errorf("%s of %s (%s) has the key %q, want %s", id, name, resource.Type, got, want)
				}
			case !listed:
				t.Errorf("whether %s (%s) can have a key is not in this file", id, resource.Type)
			case couldHave && !slices.Contains(reasons, resource.Type):
				t.Errorf("SECURITY.md has no reason why %s has no key", resource.Type)
			}
		}
	}
}

// keyOf returns the logical id of the key in a property, whose names are those of
// the objects around it and its own.
func keyOf(t *testing.T, resource synthtest.Resource, property []string) string {
	t.Helper()
	value := resource.Properties
	for _, name := range property {
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(value, &members); err != nil {
			t.Fatal(err)
		}
		if value = members[name]; value == nil {
			return ""
		}
	}
	var key synthtest.Reference
	if err := json.Unmarshal(value, &key); err != nil {
		t.Fatal(err)
	}
	return string(key)
}

// usesOfServices returns which actions a service of AWS needs on the key, and on
// whose behalf, for every resource of a template that it writes to for no role.
func usesOfServices(t *testing.T, template synthtest.Template) []keyUse {
	t.Helper()
	var uses []keyUse
	for id, group := range synthtest.Properties[struct{ LogGroupName string }](t, template, logGroups) {
		name := group.LogGroupName
		if name == "" {
			name = "saga-prod-" + id
		}
		uses = append(uses, keyUse{
			"logs.eu-west-1.amazonaws.com",
			[]string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"},
			map[string]string{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:222222222222:log-group:" + name},
		})
	}
	for _, rule := range synthtest.Properties[synthtest.Rule](t, template, rules) {
		for _, target := range rule.Targets {
			for _, arn := range []synthtest.Reference{target.Arn, target.DeadLetterConfig.Arn} {
				if template.Resources[string(arn)].Type == queues {
					uses = append(uses, keyUse{"events.amazonaws.com", []string{"kms:Decrypt", "kms:GenerateDataKey"}, map[string]string{"aws:SourceAccount": "222222222222"}})
				}
			}
		}
	}
	for _, archive := range synthtest.Properties[synthtest.Archive](t, template, archives) {
		uses = append(uses,
			keyUse{"events.amazonaws.com", []string{"kms:DescribeKey"}, nil},
			keyUse{
				"events.amazonaws.com",
				[]string{"kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom"},
				map[string]string{"kms:EncryptionContext:aws:events:event-bus:arn": string(archive.SourceArn)},
			})
	}
	return uses
}

// keyUse is what a service of AWS does with a key: actions, in requests with these
// values of condition keys.
type keyUse struct {
	service string
	actions []string
	given   map[string]string
}

func TestTheKeyAdmitsTheServicesThatUseItForNoRoleAndNoOthers(t *testing.T) {
	template := withKey(t, "prod", true)
	key := policyOf(t, template, "DataKey")
	uses := usesOfServices(t, template)
	for _, use := range uses {
		for _, action := range use.actions {
			if !key.admits(t, use.service, action, use.given) {
				t.Errorf("%s may not do %s for %v", use.service, action, use.given)
			}
		}
	}
	for _, use := range []keyUse{
		{"events.amazonaws.com", []string{"kms:Decrypt"}, map[string]string{"aws:SourceAccount": "111111111111"}},
		{"events.amazonaws.com", []string{"kms:Decrypt"}, map[string]string{"kms:EncryptionContext:aws:events:event-bus:arn": "arn:aws:events:eu-west-1:222222222222:event-bus/other"}},
		{"events.amazonaws.com", []string{"kms:CreateGrant", "kms:Encrypt", "kms:PutKeyPolicy"}, map[string]string{"aws:SourceAccount": "222222222222"}},
		{"logs.eu-west-1.amazonaws.com", []string{"kms:Decrypt"}, map[string]string{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:222222222222:log-group:other"}},
		{"logs.eu-west-1.amazonaws.com", []string{"kms:Decrypt"}, map[string]string{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111111111111:log-group:saga-prod-1"}},
		{"lambda.amazonaws.com", []string{"kms:Decrypt"}, map[string]string{"aws:SourceAccount": "222222222222"}},
	} {
		for _, action := range use.actions {
			if key.admits(t, use.service, action, use.given) {
				t.Errorf("%s may do %s for %v", use.service, action, use.given)
			}
		}
	}
}

// keyPolicy is the policy of a key.
type keyPolicy struct {
	Statement []struct {
		synthtest.Statement

		Principal struct{ Service, AWS synthtest.List }
	}
}

// policyOf returns the policy of the key with this construct id.
func policyOf(t *testing.T, template synthtest.Template, construct string) keyPolicy {
	t.Helper()
	for id, key := range synthtest.Properties[struct{ KeyPolicy keyPolicy }](t, template, keys) {
		if resourceName(id) == construct {
			return key.KeyPolicy
		}
	}
	t.Fatalf("there is no %s", construct)
	return keyPolicy{}
}

// admits reports whether the policy lets a service do an action, in a request with
// these values of condition keys.
func (p keyPolicy) admits(t *testing.T, service, action string, given map[string]string) bool {
	t.Helper()
	for _, statement := range p.Statement {
		if statement.Effect == "Allow" && slices.Contains(statement.Principal.Service, synthtest.Reference(service)) &&
			matchesOne(statement.Action, action) && holds(t, statement.Condition, given) {
			return true
		}
	}
	return false
}

// A service of AWS uses the key for the role that calls it.
func TestARoleMayUseTheKeyForWhatItMayDoAndForNothingElse(t *testing.T) {
	needed := map[string][]string{
		"dynamodb":                      {"dynamodb kms:Decrypt"},
		"logs:PutLogEvents":             {"logs kms:Decrypt", "logs kms:DescribeKey", "logs kms:GenerateDataKey"},
		"secretsmanager:GetSecretValue": {"secretsmanager kms:Decrypt"},
		"sqs:ReceiveMessage":            {"sqs kms:Decrypt"},
		"sqs:SendMessage":               {"sqs kms:Decrypt", "sqs kms:GenerateDataKey"},
	}
	template := withKey(t, "prod", true)
	for id, policy := range synthtest.Properties[synthtest.Policy](t, template, policies) {
		want, got := map[string]bool{}, map[string]bool{}
		for _, statement := range policy.PolicyDocument.Statement {
			for _, action := range statement.Action {
				service, _, _ := strings.Cut(string(action), ":")
				if service != "kms" {
					for _, use := range slices.Concat(needed[service], needed[string(action)]) {
						want[use] = true
					}
					continue
				}
				via := statement.Condition["StringEquals"]["kms:ViaService"]
				if len(via) != 1 || len(statement.Resource) != 1 || resourceName(string(statement.Resource[0])) != "DataKey" {
					t.Errorf("%s allows %s on %v with %v", id, action, statement.Resource, statement.Condition)
					continue
				}
				got[strings.TrimSuffix(string(via[0]), ".eu-west-1.amazonaws.com")+" "+string(action)] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s may use the key (- for what it does, + as it is permitted):\n%s", id, diff)
		}
	}
}

// A golden file has a line for every permission that the setting adds.
func TestThePermissionsThatACustomerKeyAddsAreTheReviewedOnesAndOnTheKeyAlone(t *testing.T) {
	without, with := permissionRows(t, withKey(t, "prod", false)), permissionRows(t, withKey(t, "prod", true))
	if lost := difference(without, with); len(lost) > 0 {
		t.Errorf("with a customer key these permissions are missing:\n%s", strings.Join(lost, "\n"))
	}
	added := difference(with, without)
	for _, row := range added {
		cells := strings.Split(row, "\t")
		principal, action, resource := cells[0], cells[2], cells[3]
		if !strings.HasPrefix(action, "kms:") || resource != "DataKey" {
			t.Errorf("the key adds another permission: %s", row)
		}
		if action == "kms:*" && principal != "arn:aws:iam::222222222222:root" {
			t.Errorf("another principal than the account may do everything with the key: %s", row)
		}
	}
	matchGolden(t, "permissions.customerkey.golden.txt", formatRows(t, added))
}

// difference returns the members of one list that are not in the other.
func difference(one, other []string) []string {
	return slices.DeleteFunc(slices.Clone(one), func(member string) bool { return slices.Contains(other, member) })
}

func TestACustomerKeyReplacesNothing(t *testing.T) {
	without, with := withKey(t, "prod", false), withKey(t, "prod", true)
	if lost := replacements(keptOf(t, without), keptOf(t, with)); len(lost) > 0 {
		t.Errorf("switching the key on loses data:\n%s", strings.Join(lost, "\n"))
	}
	for id, resource := range without.Resources {
		if with.Resources[id].Type != resource.Type {
			t.Errorf("with a key %s (%s) is a %s", id, resource.Type, with.Resources[id].Type)
		}
	}
	added := difference(slices.Collect(maps.Keys(with.Resources)), slices.Collect(maps.Keys(without.Resources)))
	if len(added) != 1 || resourceName(added[0]) != "DataKey" {
		t.Errorf("the key adds %v", added)
	}
}

// CloudFormation makes no stack in which two resources wait for each other.
func TestNothingInATemplateDependsOnItself(t *testing.T) {
	for _, customerKey := range []bool{false, true} {
		template := withKey(t, "prod", customerKey)
		done := map[string]bool{}
		for id := range template.Resources {
			if cycle := findCycle(t, template, id, nil, done); cycle != nil {
				t.Errorf("with a customer key: %t, %s", customerKey, strings.Join(cycle, " depends on "))
			}
		}
	}
}

// findCycle returns the resources from one that depends on itself to itself again.
func findCycle(t *testing.T, template synthtest.Template, id string, path []string, done map[string]bool) []string {
	t.Helper()
	if i := slices.Index(path, id); i >= 0 {
		return append(path[i:], id)
	}
	if done[id] {
		return nil
	}
	resource := template.Resources[id]
	path = append(path, id)
	for _, other := range slices.Concat(resource.DependsOn, referred(propertiesOf(t, resource))) {
		if _, isResource := template.Resources[string(other)]; !isResource {
			continue // a pseudo parameter
		}
		if cycle := findCycle(t, template, string(other), path, done); cycle != nil {
			return cycle
		}
	}
	done[id] = true
	return nil
}

// referred returns the logical ids that an expression refers to, at any depth.
func referred(value any) []synthtest.Reference {
	var ids []synthtest.Reference
	switch value := value.(type) {
	case object:
		if id, isReference := value["Ref"].(string); isReference {
			return []synthtest.Reference{synthtest.Reference(id)}
		}
		if attribute := list(value["Fn::GetAtt"]); len(attribute) > 0 {
			return []synthtest.Reference{synthtest.Reference(attribute[0].(string))}
		}
		for _, member := range value {
			ids = append(ids, referred(member)...)
		}
	case []any:
		for _, element := range value {
			ids = append(ids, referred(element)...)
		}
	}
	return ids
}

func TestTheSecurityRulesFindNothingWithACustomerKey(t *testing.T) {
	settings := settingsOf(t, "prod")
	settings.CustomerKey, settings.ObservabilityQueue = true, true
	synthesizeAgain(t, settings, synthtest.AddSecurityRules)
}

// The packs for HIPAA, PCI DSS and NIST 800-53 have rules beyond those that every
// environment keeps. docs/deployment.md has the findings that are left, each with
// what to do about it; none is about encryption.
func TestWithACustomerKeyTheCompliancePacksFindNothingButWhatIsDocumented(t *testing.T) {
	settings := settingsOf(t, "prod")
	settings.CustomerKey = true
	quiet := &cdknag.NagPackProps{Reports: new(false)}
	packs := map[string]cdknag.NagPack{
		"HIPAA.Security": cdknag.NewHIPAASecurityChecks(quiet),
		"NIST.800.53.R5": cdknag.NewNIST80053R5Checks(quiet),
		"PCI.DSS.321":    cdknag.NewPCIDSS321Checks(quiet),
	}
	known := documented(t, "../docs/deployment.md", "What the rules for HIPAA, PCI and NIST find")
	synthesizeAgain(t, settings, func(stack awscdk.Stack) {
		var acknowledged []*cdknag.NagPackSuppression
		for name, pack := range packs {
			awscdk.Aspects_Of(stack).Add(pack, nil)
			for _, rule := range known {
				acknowledged = append(acknowledged, &cdknag.NagPackSuppression{Id: new(name + "-" + rule), Reason: new("docs/deployment.md has the reason.")})
			}
		}
		cdknag.NagSuppressions_AddStackSuppressions(stack, &acknowledged, nil)
	})
}

// documented returns the first column of a page's table under a heading, sorted.
func documented(t *testing.T, page, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "# "+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var cells []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(section, -1) {
		cells = append(cells, row[1])
	}
	slices.Sort(cells)
	return cells
}

// withKey returns the template of an environment with or without a customer key,
// whatever the environment's own setting is.
func withKey(t *testing.T, name string, customerKey bool) synthtest.Template {
	t.Helper()
	settings := settingsOf(t, name)
	settings.CustomerKey = customerKey
	return synthesizedWith(t, settings)
}
