package cloud_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPropertyThatCannotBeResolvedIsTheOnlyReason(t *testing.T) {
	properties := map[string][]string{}
	assembled(t, func(r resources) {
		for id := range r {
			if _, has := r[id]["Properties"]; !has {
				continue
			}
			for name := range r.properties(id) {
				properties[id] = append(properties[id], name)
			}
		}
	})
	for id, names := range properties {
		for _, name := range names {
			t.Run(id+"."+name, func(t *testing.T) {
				t.Parallel()
				got := refused(t, func(r resources) { r.properties(id)[name] = map[string]any{"Ref": "Missing"} })
				if !strings.Contains(got, "resource "+id+" (") || !strings.HasSuffix(got, "the referenced resource or parameter Missing is not in the template") {
					t.Errorf("the reasons are\n%s", got)
				}
			})
		}
	}
}

func TestReasonsOfAllKindsAreFoundInOneRun(t *testing.T) {
	got := refused(t, func(r resources) {
		r["Stream"] = decode(`{"Type": "AWS::Kinesis::Stream"}`)
		r.properties("Worker")["Code"] = map[string]any{"S3Key": "other.zip"}
		r.properties("Worker")["Timeout"] = 2
		r.properties("WorkerRole")["RoleName"] = "worker"
		statements := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)
		statements["Statement"] = append(statements["Statement"].([]any), decode(`{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
			"Condition": {"StringEquals": {"s3:prefix": "a"}}}`))
		r["Tick"] = decode(`{"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 parsec)",
			"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": {"Fn::GetAtt": ["Worker", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["WorkerRole", "Arn"]}}}}`)
		r["Both"] = decode(`{"Type": "AWS::Events::Rule", "Properties": {"Name": "both", "EventPattern": {"source": ["a"]}, "Targets": [
			{"Id": "one", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "Input": "1", "InputPath": "$.detail"}]}}`)
	})
	want := []string{
		"resource Worker (AWS::Lambda::Function): its code other.zip is not an asset of the assembly",
		"resource Stream (AWS::Kinesis::Stream): the resource type is not supported by the local cloud",
		"resource WorkerPolicy (AWS::IAM::Policy): the condition key s3:prefix is not supported by the local cloud",
		"resource Mapping (AWS::Lambda::EventSourceMapping): queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds",
		"resource Both (AWS::Events::Rule): rule both: ValidationException: Only one of Input, InputPath, or InputTransformer must be provided for target one.",
		`resource Tick (AWS::Scheduler::Schedule): the schedule expression "rate(1 parsec)" is not supported by the local cloud, only rates such as rate(5 minutes) and cron expressions`,
		"resource Tick (AWS::Scheduler::Schedule): the execution role arn:aws:iam::000000000000:role/worker must allow EventBridge Scheduler to assume it",
	}
	if diff := cmp.Diff(want, strings.Split(got, "\n")); diff != "" {
		t.Errorf("the reasons differ (-want +got):\n%s", diff)
	}
}
