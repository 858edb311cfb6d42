package assembly_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/assembly"
)

// refusal returns the error of a template with one resource.
func refusal(t *testing.T, kind, properties string) string {
	t.Helper()
	_, err := assembly.Load(write(t, `{"Resources": {"One": {"Type": "`+kind+`", "Properties": `+properties+`}}}`), options())
	if err == nil {
		t.Fatalf("the %s %s is accepted", kind, properties)
	}
	return err.Error()
}

func TestARolesPathIsInItsARN(t *testing.T) {
	loaded, err := assembly.Load(write(t, `{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
		"RoleName": "worker", "Path": "/team/", "AssumeRolePolicyDocument": {}}}}}`), options())
	if err != nil {
		t.Fatal(err)
	}
	if role, _ := only[assembly.Role](t, loaded); role.ARN != "arn:aws:iam::000000000000:role/team/worker" || role.Ref != "worker" {
		t.Errorf("the role is %+v", role)
	}
	if got := refusal(t, "AWS::IAM::Role", `{"Path": "team/", "AssumeRolePolicyDocument": {}}`); !strings.Contains(got, `property Path must match /|/[!-~]+/, and is "team/"`) {
		t.Errorf("the error is %s", got)
	}
}

func TestAManagedPolicyThatIsNotSupportedIsRefusedWithEverythingElse(t *testing.T) {
	got := refusal(t, "AWS::IAM::Role", `{"AssumeRolePolicyDocument": {}, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"], "Colour": "red"}`)
	for _, want := range []string{"property Colour is not supported", "the managed policy arn:aws:iam::aws:policy/AdministratorAccess is not supported"} {
		if !strings.Contains(got, want) {
			t.Errorf("the error is %s, want %q in it", got, want)
		}
	}
}

// CDK's TableV2 is such a table.
func TestAGlobalTableOfOneReplicaIsATable(t *testing.T) {
	loaded, err := assembly.Load(write(t, `{"Resources": {"Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {
		"TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"GlobalSecondaryIndexes": [{"IndexName": "by-id", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
		"Replicas": [{"Region": {"Ref": "AWS::Region"}, "TableClass": "STANDARD"}]}}},
		"Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}}}}`), options())
	if err != nil {
		t.Fatal(err)
	}
	resource, table := only[assembly.Table](t, loaded)
	if resource.Name != "orders" || loaded.Outputs["Arn"] != resource.ARN || table.BillingMode != "PAY_PER_REQUEST" ||
		table.KeySchema[0].AttributeName != "id" || table.GlobalSecondaryIndexes[0].IndexName != "by-id" {
		t.Errorf("the table %+v is %+v", resource, table)
	}
	for _, replicas := range []string{`[]`, `[{"Region": "us-east-1"}]`, `[{"Region": "eu-west-1"}, {"Region": "us-east-1"}]`} {
		got := refusal(t, "AWS::DynamoDB::GlobalTable", `{"AttributeDefinitions": [], "KeySchema": [], "Replicas": `+replicas+`}`)
		if want := "property Replicas: only one replica, in eu-west-1, is supported by the local cloud"; !strings.HasSuffix(got, want) {
			t.Errorf("the error is %s, want %s", got, want)
		}
	}
}

func TestARuleHasAPatternOrAScheduleOfTheDefaultBus(t *testing.T) {
	for properties, want := range map[string]string{
		`{}`: "property EventPattern or ScheduleExpression is required",
		`{"ScheduleExpression": "rate(1 minute)", "EventBusName": "shop"}`: "property ScheduleExpression is supported only on the default event bus",
	} {
		if got := refusal(t, "AWS::Events::Rule", properties); !strings.HasSuffix(got, want) {
			t.Errorf("the error is %s, want %s", got, want)
		}
	}
}

func TestABusPolicyHasAStatementOrItsOlderForm(t *testing.T) {
	loaded, err := assembly.Load(write(t, `{"Resources": {"Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": {
		"StatementId": "all", "Action": "events:PutEvents", "Principal": "111122223333"}}}}`), options())
	if err != nil {
		t.Fatal(err)
	}
	_, policy := only[assembly.EventBusPolicy](t, loaded)
	want := map[string]any{
		"Effect": "Allow", "Action": "events:PutEvents", "Principal": map[string]any{"AWS": "111122223333"},
		"Resource": "arn:aws:events:eu-west-1:000000000000:event-bus/default",
	}
	if diff := cmp.Diff(want, policy.Statement); diff != "" {
		t.Errorf("the statement is (-want +got):\n%s", diff)
	}
	for _, properties := range []string{`{"StatementId": "s"}`, `{"StatementId": "s", "Statement": {}, "Action": "events:PutEvents", "Principal": "*"}`, `{"StatementId": "s", "Principal": "*"}`} {
		if got := refusal(t, "AWS::Events::EventBusPolicy", properties); !strings.HasSuffix(got, "property Statement, or Action and Principal, are required") {
			t.Errorf("the error is %s", got)
		}
	}
}

func TestAnInlinePolicyOfAQueueIsAQueuePolicy(t *testing.T) {
	loaded, err := assembly.Load(write(t, `{"Resources": {
		"Queue": {"Type": "AWS::SQS::Queue"}, "Policy": {"Type": "AWS::SQS::QueueInlinePolicy", "Properties": {"Queue": {"Ref": "Queue"}, "PolicyDocument": {}}}}}`), options())
	if err != nil {
		t.Fatal(err)
	}
	queue, _ := only[assembly.Queue](t, loaded)
	if got, policy := only[assembly.QueuePolicy](t, loaded); got.Ref != queue.Ref || len(policy.Queues) != 1 || policy.Queues[0] != queue.Ref {
		t.Errorf("the policy is %+v %+v", got, policy)
	}
}

func TestAWaitConditionHandleIsAPlaceholder(t *testing.T) {
	if _, err := assembly.Load(write(t, `{"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}`), options()); err != nil {
		t.Error(err)
	}
}

func TestARefusalSaysWhatHelps(t *testing.T) {
	got := refusal(t, "AWS::Lambda::Function", `{"Layers": [], "Code": {"ZipFile": ""}}`)
	for _, want := range []string{
		"property Layers is not supported by the local cloud: copy what the layers have into the function's folder",
		"property Code.ZipFile is not supported by the local cloud: put the code into a file in a folder, an asset of the assembly",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the error is %s, want %s", got, want)
		}
	}
}
