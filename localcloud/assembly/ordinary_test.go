package assembly_test

import (
	"strings"
	"testing"

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
