package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// account returns the account of the stack, which is in every ARN.
func account() string { return strings.Split(cloud.output("OuterArn"), ":")[4] }

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func TestTheCallerHasAnARNInItsAccount(t *testing.T) {
	t.Parallel()
	rule(t, "CS-3")
	out, err := sts.NewFromConfig(cloud.config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != account() || !strings.Contains(*out.Arn, "::"+account()+":") || aws.ToString(out.UserId) == "" {
		t.Errorf("the caller is %s, %s of %s", aws.ToString(out.UserId), *out.Arn, *out.Account)
	}
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func TestAStackHasItsOutputsItsTemplateAndThePhysicalIDsOfItsResources(t *testing.T) {
	t.Parallel()
	rule(t, "CS-1")
	client := cloudformation.NewFromConfig(cloud.config)
	all, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all.Stacks, func(s stacktypes.Stack) bool {
		return slices.ContainsFunc(s.Outputs, func(o stacktypes.Output) bool { return *o.OutputValue == cloud.output("OuterArn") })
	})
	if at < 0 {
		t.Fatalf("no stack has the output: %+v", all.Stacks)
	}
	resources, err := client.ListStackResources(t.Context(), &cloudformation.ListStackResourcesInput{StackName: all.Stacks[at].StackId})
	if err != nil {
		t.Fatal(err)
	}
	found := slices.ContainsFunc(resources.StackResourceSummaries, func(r stacktypes.StackResourceSummary) bool {
		return *r.LogicalResourceId == "Work" && *r.PhysicalResourceId == cloud.output("Work") && *r.ResourceType == "AWS::SQS::Queue"
	})
	if !found {
		t.Errorf("the queue is not among %+v", resources.StackResourceSummaries)
	}
	template, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: all.Stacks[at].StackName})
	if err != nil {
		t.Fatal(err)
	}
	var written struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal([]byte(aws.ToString(template.TemplateBody)), &written); err != nil || written.Resources["Work"].Type != "AWS::SQS::Queue" {
		t.Errorf("%v: the template is %s", err, aws.ToString(template.TemplateBody))
	}
	gone := unique()
	_, err = client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &gone})
	wantRefusal(t, err, "ValidationError", "Stack with id "+gone+" does not exist")
}

func TestTheRulesAndTheArchivesOfABusAreListed(t *testing.T) {
	t.Parallel()
	rule(t, "CS-2")
	rules, err := cloud.events.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: aws.String(cloud.output("Outer"))})
	if err != nil {
		t.Fatal(err)
	}
	has := slices.ContainsFunc(rules.Rules, func(r eventtypes.Rule) bool {
		return *r.Arn == cloud.output("NotReplayedArn") && *r.EventBusName == cloud.output("Outer") && r.State == eventtypes.RuleStateEnabled
	})
	if !has || slices.ContainsFunc(rules.Rules, func(r eventtypes.Rule) bool { return *r.EventBusName != cloud.output("Outer") }) {
		t.Errorf("the rules are %+v", rules.Rules)
	}
	archives, err := cloud.events.ListArchives(t.Context(), &eventbridge.ListArchivesInput{EventSourceArn: aws.String(cloud.output("OuterArn"))})
	if err != nil || len(archives.Archives) != 1 || *archives.Archives[0].ArchiveName != cloud.output("Archive") {
		t.Errorf("%v: the archives are %+v", err, archives)
	}
	gone := unique()
	_, err = cloud.events.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: &gone})
	wantRefusal(t, err, "ResourceNotFoundException", "Event bus "+gone+" does not exist.")
}

// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
func TestTheMappingOfAQueueIsListedWithItsFunction(t *testing.T) {
	t.Parallel()
	rule(t, "CS-2", "ESM-7")
	queue, err := cloud.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(cloud.output("Work")), AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := cloud.functions.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(queue.Attributes["QueueArn"])})
	if err != nil || len(out.EventSourceMappings) != 1 {
		t.Fatalf("%v: the mappings are %+v", err, out)
	}
	if m := out.EventSourceMappings[0]; *m.State != "Enabled" || *m.BatchSize != 10 || *m.ScalingConfig.MaximumConcurrency != 2 ||
		m.FunctionResponseTypes[0] != lambdatypes.FunctionResponseTypeReportBatchItemFailures {
		t.Errorf("the mapping is %+v", m)
	}
}

// LogType: "Set to Tail to include the execution log in the response",
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func TestTheTailOfTheLogComesWithTheResponse(t *testing.T) {
	t.Parallel()
	rule(t, "LI-1")
	test := unique()
	out, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(cloud.output("Called")), LogType: lambdatypes.LogTypeTail, Payload: []byte(instruction{Test: test, Do: "fail"}.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
	log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil || !strings.Contains(string(log), "errorMessage") {
		t.Errorf("%v: the log is %s", err, log)
	}
}
