package cloud_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// client is a client's configuration for an operator.
func (s stack) client() aws.Config {
	return aws.Config{
		Region: s.where.Region, BaseEndpoint: &s.where.AWSEndpointURL,
		Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", ""),
	}
}

func TestTheStackIsDescribedWithItsOutputs(t *testing.T) {
	s := start(t, nil)
	client := cloudformation.NewFromConfig(s.client())
	for name, given := range map[string]*string{
		"by name": aws.String("shop"), "by id": aws.String("arn:aws:cloudformation:eu-west-1:000000000000:stack/shop/local"), "among all": nil,
	} {
		t.Run(name, func(t *testing.T) {
			out, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: given})
			if err != nil {
				t.Fatal(err)
			}
			outputs := map[string]string{}
			for _, output := range out.Stacks[0].Outputs {
				outputs[*output.OutputKey] = *output.OutputValue
			}
			if diff := cmp.Diff(s.where.Outputs, outputs); diff != "" {
				t.Error(diff)
			}
			if found := out.Stacks[0]; *found.StackName != "shop" || found.StackStatus != types.StackStatusCreateComplete || time.Since(*found.CreationTime) > time.Minute {
				t.Errorf("the stack is %+v", found)
			}
		})
	}
}

func TestTheResourcesOfTheStackHavePhysicalIDs(t *testing.T) {
	s := start(t, nil)
	client := cloudformation.NewFromConfig(s.client())
	listed, err := client.ListStackResources(t.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(listed.StackResourceSummaries, func(r types.StackResourceSummary) bool { return *r.LogicalResourceId == "Queue" })
	queue := listed.StackResourceSummaries[at]
	if *queue.PhysicalResourceId != s.where.Queues["Shop/Queue"] || *queue.ResourceType != "AWS::SQS::Queue" || queue.ResourceStatus != types.ResourceStatusCreateComplete || queue.LastUpdatedTimestamp.IsZero() {
		t.Errorf("the queue is %+v", queue)
	}
}

func TestTheTemplateIsThatOfTheAssembly(t *testing.T) {
	s := start(t, nil)
	client := cloudformation.NewFromConfig(s.client())
	for _, stage := range []types.TemplateStage{"", types.TemplateStageOriginal, types.TemplateStageProcessed} {
		out, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: &s.where.StackName, TemplateStage: stage})
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal([]byte(*out.TemplateBody), &template); err != nil || template.Resources["Queue"].Type != "AWS::SQS::Queue" || len(out.StagesAvailable) != 2 {
			t.Errorf("%q: the stages are %v, the template is %s, %v", stage, out.StagesAvailable, *out.TemplateBody, err)
		}
	}
	_, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: &s.where.StackName, TemplateStage: "Raw"})
	var failure smithy.APIError
	if !errors.As(err, &failure) || failure.ErrorCode() != "ValidationError" || !strings.Contains(failure.ErrorMessage(), "'templateStage'") {
		t.Errorf("the error of another stage is %v", err)
	}
}

func TestAnotherStackDoesNotExist(t *testing.T) {
	client := cloudformation.NewFromConfig(start(t, nil).client())
	for name, test := range map[string]struct {
		call    func() error
		message string
	}{
		"another name": {func() error {
			_, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("other")})
			return err
		}, "Stack with id other does not exist"},
		"no name": {func() error {
			_, err := client.ListStackResources(t.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("")})
			return err
		}, "Member must not be null"},
		"the template of another": {func() error {
			_, err := client.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("other")})
			return err
		}, "Stack with id other does not exist"},
	} {
		var failure smithy.APIError
		if err := test.call(); !errors.As(err, &failure) || failure.ErrorCode() != "ValidationError" || !strings.Contains(failure.ErrorMessage(), test.message) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestTheCallerIsTheRootUserOrTheSessionOfAFunction(t *testing.T) {
	s := start(t, nil)
	out, err := sts.NewFromConfig(s.client()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != "000000000000" || *out.UserId != "000000000000" || *out.Arn != "arn:aws:iam::000000000000:root" {
		t.Errorf("the operator is %s, %s of %s", *out.UserId, *out.Arn, *out.Account)
	}
	status, answer := request(t, http.MethodPost, s.where.FunctionURLs["Shop/Worker"], http.Header{"Content-Type": {"application/json"}},
		`{"form": "Action=GetCallerIdentity&Version=2011-06-15", "service": "sts"}`)
	name := s.where.Functions["Shop/Worker"]
	if status != http.StatusOK || !strings.Contains(answer, "<Arn>arn:aws:sts::000000000000:assumed-role/") || !strings.Contains(answer, "/"+name+"</Arn>") ||
		!strings.Contains(answer, ":"+name+"</UserId><Account>000000000000</Account>") {
		t.Errorf("the function is %d %s", status, answer)
	}
}

func TestAFunctionNeedsAPermissionToDescribeTheStack(t *testing.T) {
	s := start(t, nil)
	status, answer := request(t, http.MethodPost, s.where.FunctionURLs["Shop/Worker"], http.Header{"Content-Type": {"application/json"}},
		`{"form": "Action=ListStackResources&Version=2010-05-15&StackName=shop", "service": "cloudformation"}`)
	if want := "is not authorized to perform: cloudformation:ListStackResources on resource: arn:aws:cloudformation:eu-west-1:000000000000:stack/shop/local"; status != http.StatusBadRequest || !strings.Contains(answer, want) {
		t.Errorf("the answer is %d %s", status, answer)
	}
}

func TestASignedRequestIsForTheAPIsAndAnyOtherCanBeForAPageOfTheLocalCloud(t *testing.T) {
	s := start(t, nil)
	signed := http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"}}
	for _, path := range []string{"/usage", "/traces", "/deliveries"} {
		if status, answer := request(t, http.MethodGet, s.where.AWSEndpointURL+path, http.Header{}, ""); status != http.StatusOK {
			t.Errorf("GET %s is answered with %d %s", path, status, answer)
		}
		status, answer := request(t, http.MethodGet, s.where.AWSEndpointURL+path, signed, "")
		if status != http.StatusBadRequest || !strings.Contains(answer, "the local cloud does not support GET "+path+" of s3") {
			t.Errorf("GET %s of a bucket is answered with %d %s", path, status, answer)
		}
	}
}
