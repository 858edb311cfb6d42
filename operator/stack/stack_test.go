package stack_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/operator/stack"
)

const ready = `{
  "stackName": "saga-local", "functionUrls": {"Shop/Worker": "http://127.0.0.1:1/"},
  "awsEndpointUrl": "http://127.0.0.1:2", "region": "eu-west-1",
  "deliveriesUrl": "http://127.0.0.1:2/deliveries",
  "queues": {"Shop/Queue": "http://127.0.0.1:2/0/q", "Shop/DeadLetters": "http://127.0.0.1:2/0/d"},
  "tables": {"Shop/Table": "shop"}, "functions": {"Shop/Worker": "worker"}, "logGroups": {"Observability/Events": "events"},
  "connections": {"Shop/Connection": "shop"}, "secrets": {"Shop/Key": "key"},
  "archives": {"Bus/Archive": "kept"}, "buses": {"Bus": "shop"}, "rules": {"Shop/Consume": "bus|consume"}
}`

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func assertStack(t *testing.T, want, got stack.Stack) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(stack.Stack{})); diff != "" {
		t.Errorf("the stack (-want +got):\n%s", diff)
	}
}

func TestTheReadyFileSaysWhereTheLocalCloudIs(t *testing.T) {
	found, err := stack.ReadFile(write(t, ready))
	if err != nil {
		t.Fatal(err)
	}
	assertStack(t, stack.Stack{
		Name:   "saga-local",
		Queues: map[string]string{"Shop/Queue": "http://127.0.0.1:2/0/q", "Shop/DeadLetters": "http://127.0.0.1:2/0/d"},
		Tables: map[string]string{"Shop/Table": "shop"}, Functions: map[string]string{"Shop/Worker": "worker"},
		LogGroups:   map[string]string{"Observability/Events": "events"},
		Connections: map[string]string{"Shop/Connection": "shop"}, Secrets: map[string]string{"Shop/Key": "key"}, FunctionURLs: map[string]string{"Shop/Worker": "http://127.0.0.1:1/"}, NotificationsURL: "http://127.0.0.1:2/deliveries",
		Archives: map[string]string{"Bus/Archive": "kept"}, Rules: map[string]string{"Shop/Consume": "bus|consume"},
		Buses: map[string]string{"Bus": "shop"},
	}, found)
	if !found.Local() {
		t.Error("it is not local")
	}
	t.Setenv("AWS_PROFILE", "missing")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:3")
	config, err := found.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if config.Region != "eu-west-1" || aws.ToString(config.BaseEndpoint) != "http://127.0.0.1:2" {
		t.Errorf("the clients talk to %s in %s", aws.ToString(config.BaseEndpoint), config.Region)
	}
}

func TestAnEndpointOutsideOfTheLocalCloudIsNotAsked(t *testing.T) {
	found, err := stack.ReadFile(write(t, strings.Replace(ready, `"deliveriesUrl": "http://127.0.0.1:2/deliveries",`, "", 1)))
	if err != nil || found.NotificationsURL != "" {
		t.Errorf("%q would be asked, %v", found.NotificationsURL, err)
	}
}

func TestAFileThatIsNoReadyFileIsRefused(t *testing.T) {
	for name, path := range map[string]string{
		"there is none":           filepath.Join(t.TempDir(), "none.json"),
		"it is no JSON":           write(t, "{"),
		"it is of something else": write(t, `{"name": "shop"}`),
		"it is a folder":          t.TempDir(),
	} {
		if _, err := stack.ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestTheTableOfAContextIsKnownByItsName(t *testing.T) {
	found := stack.Stack{Tables: map[string]string{"Shop/Table": "shop"}}
	if name, err := found.Table("shop"); name != "shop" || err != nil {
		t.Errorf("the table is %s, %v", name, err)
	}
	if _, err := found.Table("bank"); err == nil || err.Error() != "the stack has no Bank/Table" {
		t.Errorf("the error is %v", err)
	}
}

func TestDeadLetterQueuesAreKnownByTheirPaths(t *testing.T) {
	found := stack.Stack{Queues: map[string]string{
		"Shop/Queue": "1", "Shop/Undelivered": "2", "Shop/DeadLetters": "3", "DeadLetters": "4",
	}}
	if diff := cmp.Diff([]string{"Shop/DeadLetters", "Shop/Undelivered"}, found.DeadLetterQueues()); diff != "" {
		t.Errorf("the queues (-want +got):\n%s", diff)
	}
	if url, err := found.DeadLetterQueue("Shop/Undelivered"); url != "2" || err != nil {
		t.Errorf("the URL is %s, %v", url, err)
	}
	if _, err := found.DeadLetterQueue("Shop/Queue"); err == nil || !strings.Contains(err.Error(), "Shop/DeadLetters, Shop/Undelivered") {
		t.Errorf("the error is %v", err)
	}
}

// formation is a fake of CloudFormation with one resource on each page.
type formation struct {
	template  string
	resources []types.StackResourceSummary
	err       error
}

func (f formation) GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	return &cloudformation.GetTemplateOutput{TemplateBody: &f.template}, f.err
}

func (f formation) ListStackResources(
	_ context.Context, in *cloudformation.ListStackResourcesInput, _ ...func(*cloudformation.Options),
) (*cloudformation.ListStackResourcesOutput, error) {
	page := len(aws.ToString(in.NextToken))
	out := &cloudformation.ListStackResourcesOutput{StackResourceSummaries: f.resources[page : page+1]}
	if page+1 < len(f.resources) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, nil
}

func resource(kind, logicalID, physicalID string) types.StackResourceSummary {
	summary := types.StackResourceSummary{ResourceType: &kind, LogicalResourceId: &logicalID, ResourceStatus: types.ResourceStatusCreateComplete}
	if physicalID != "" {
		summary.PhysicalResourceId = &physicalID
	}
	return summary
}

const template = `{"Resources": {
  "Dead1": {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "saga-dev/Shop/DeadLetters/Resource"}},
  "Table1": {"Type": "AWS::DynamoDB::Table", "Metadata": {"aws:cdk:path": "saga-dev/Shop/Table/Resource"}},
  "Worker1": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:cdk:path": "saga-dev/Shop/Worker/Resource"}},
  "Events1": {"Type": "AWS::Logs::LogGroup", "Metadata": {"aws:cdk:path": "saga-dev/Observability/Events"}},
  "Connection1": {"Type": "AWS::Events::Connection", "Metadata": {"aws:cdk:path": "saga-dev/Shop/Connection/Resource"}},
  "Key1": {"Type": "AWS::SecretsManager::Secret", "Metadata": {"aws:cdk:path": "saga-dev/Shop/Key/Resource"}},
  "Archive1": {"Type": "AWS::Events::Archive", "Metadata": {"aws:cdk:path": "saga-dev/Bus/Archive/Archive"}},
  "Bus1": {"Type": "AWS::Events::EventBus", "Metadata": {"aws:cdk:path": "saga-dev/Bus/Resource"}},
  "Rule1": {"Type": "AWS::Events::Rule", "Metadata": {"aws:cdk:path": "saga-dev/Shop/Consume/Resource"}},
  "Bare1": {"Type": "AWS::SQS::Queue"},
  "Role1": {"Type": "AWS::IAM::Role"}}}`

func TestAStackInAWSIsFoundByItsTemplateAndItsResources(t *testing.T) {
	found, err := stack.Describe(t.Context(), formation{template, []types.StackResourceSummary{
		resource("AWS::SQS::Queue", "Dead1", "https://sqs/dead"),
		resource("AWS::IAM::Role", "Role1", "role"),
		resource("AWS::DynamoDB::Table", "Table1", "table"),
		resource("AWS::Lambda::Function", "Worker1", "worker"),
		resource("AWS::Logs::LogGroup", "Events1", "/aws/events/saga-dev"),
		resource("AWS::Events::Connection", "Connection1", "shop"),
		resource("AWS::SecretsManager::Secret", "Key1", "arn:aws:secretsmanager:eu-west-1:1:secret:key"),
		resource("AWS::Events::Archive", "Archive1", "kept"),
		resource("AWS::Events::Rule", "Rule1", "bus|consume"),
		resource("AWS::Events::EventBus", "Bus1", "shop"),
	}, nil}, "saga-dev")
	if err != nil {
		t.Fatal(err)
	}
	assertStack(t, stack.Stack{
		Name:   "saga-dev",
		Queues: map[string]string{"Shop/DeadLetters": "https://sqs/dead"}, Tables: map[string]string{"Shop/Table": "table"},
		Functions: map[string]string{"Shop/Worker": "worker"}, LogGroups: map[string]string{"Observability/Events": "/aws/events/saga-dev"},
		Connections: map[string]string{"Shop/Connection": "shop"},
		Secrets:     map[string]string{"Shop/Key": "arn:aws:secretsmanager:eu-west-1:1:secret:key"},
		Archives:    map[string]string{"Bus/Archive/Archive": "kept"}, Rules: map[string]string{"Shop/Consume": "bus|consume"},
		Buses: map[string]string{"Bus": "shop"},
	}, found)
	if found.Local() {
		t.Error("it is local")
	}
}

func TestAStackThatCannotBeUnderstoodIsRefused(t *testing.T) {
	missing := errors.New("there is no stack saga-dev")
	for name, c := range map[string]struct {
		formation formation
		want      string
	}{
		"there is none":        {formation{err: missing}, missing.Error()},
		"its template is YAML": {formation{template: "Resources:"}, "read the template of stack saga-dev"},
		"it has no paths":      {formation{template, []types.StackResourceSummary{resource("AWS::SQS::Queue", "Bare1", "q")}, nil}, "no construct path of Bare1"},
		"it is not there yet":  {formation{template, []types.StackResourceSummary{resource("AWS::SQS::Queue", "Dead1", "")}, nil}, "Shop/DeadLetters does not exist yet"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := stack.Describe(t.Context(), c.formation, "saga-dev"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, not one about %s", err, c.want)
			}
		})
	}
}

func TestTheContextOfAPathIsItsConstruct(t *testing.T) {
	for path, want := range map[string]string{"Warehouse/Queue": "warehouse", "Order/SweeperSchedule/DeadLetters": "order", "GlobalBus": "globalBus", "": ""} {
		if got := stack.ContextOf(path); got != want {
			t.Errorf("the context of %q is %q, and not %q", path, got, want)
		}
	}
}
