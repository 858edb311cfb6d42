package cloud_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// publishedBehind puts the function's version 1 behind the alias live, and whatever invokes the
// function behind the alias.
func publishedBehind(r resources) {
	r["Version"] = decode(`{"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Worker"}}}`)
	r["Live"] = decode(`{"Type": "AWS::Lambda::Alias", "Properties": {
		"FunctionName": {"Ref": "Worker"}, "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]}, "Name": "live"}}`)
	alias := decode(`{"Ref": "Live"}`)
	for _, id := range []string{"UrlPermission", "InvokePermission", "RulePermission"} {
		r.properties(id)["FunctionName"] = alias
	}
	r.properties("Mapping")["FunctionName"] = decode(`{"Fn::Sub": "${Worker}:live"}`)
	r.properties("Url")["Qualifier"] = "live"
	r.properties("ToFunction")["Targets"].([]any)[0].(map[string]any)["Arn"] = alias
}

func TestWhateverNamesAnAliasInvokesTheVersionThatItLeadsTo(t *testing.T) {
	s := start(t, func(r resources) {
		publishedBehind(r)
		// The ARN of an alias names it too.
		delete(r.properties("Url"), "Qualifier")
		r.properties("Url")["TargetFunctionArn"] = decode(`{"Ref": "Live"}`)
	})
	if status, answer := s.call(t, read, "{}"); status != http.StatusBadRequest {
		t.Errorf("the URL answers %d %s", status, answer)
	}
	s.publish(t, "queued", `{"id": "1"}`)
	s.publish(t, "inner", `{"id": "2"}`)
	usage := s.Usage(t.Context()).Functions["Shop/Worker"]
	if diff := cmp.Diff(map[string]int{"1": 3}, usage.Versions); diff != "" || usage.Requests != 1 || usage.Batches != 1 || usage.Events != 1 {
		t.Errorf("the function's usage is %+v (-want +got):\n%s", usage, diff)
	}
	if len(usage.Processes) == 0 {
		t.Error("the function has no process")
	}
}

func TestAFunctionsPolicyIsNotThatOfItsAlias(t *testing.T) {
	for name, change := range map[string]func(resources){
		"for the function, and not for the alias": func(r resources) {
			publishedBehind(r)
			r.properties("RulePermission")["FunctionName"] = decode(`{"Ref": "Worker"}`)
		},
		"for the alias, and not for the function": func(r resources) {
			target := r.properties("ToFunction")["Targets"].([]any)[0].(map[string]any)
			function := target["Arn"]
			publishedBehind(r)
			target["Arn"] = function
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, change)
			s.publish(t, "inner", `{"id": "1"}`)
			if got := s.Usage(t.Context()).Rules["ToFunction"]; got.DeadLettered != 1 || got.Delivered != 0 {
				t.Errorf("the rule's events are %+v, want one dead letter", got)
			}
		})
	}
}

func TestVersionsAndAliasesThatAWSWouldRefuseAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(resources)
		want   string
	}{
		"a second version of the same code": {
			func(r resources) { r["Version2"] = r["Version"] },
			"resource Version2 (AWS::Lambda::Version): a version for this Lambda function exists ( 1 )",
		},
		"a version of no function": {
			func(r resources) { r.properties("Version")["FunctionName"] = "none" },
			"resource Version (AWS::Lambda::Version): property FunctionName: the function none is not in the stack",
		},
		"an alias to a version that is not there": {
			func(r resources) { r.properties("Live")["FunctionVersion"] = "2" },
			"resource Live (AWS::Lambda::Alias): ResourceNotFoundException: Function not found: arn:aws:lambda:eu-west-1:000000000000:function:",
		},
		"a weight of a version that is not there": {
			func(r resources) {
				r.properties("Live")["RoutingConfig"] = decode(`{"AdditionalVersionWeights": [{"FunctionVersion": "2", "FunctionWeight": 0.5}]}`)
			},
			"resource Live (AWS::Lambda::Alias): ResourceNotFoundException: Function not found: ",
		},
		"a weight that is none": {
			func(r resources) {
				r.properties("Live")["RoutingConfig"] = decode(`{"AdditionalVersionWeights": [{"FunctionVersion": "2", "FunctionWeight": 50}]}`)
			},
			"resource Live (AWS::Lambda::Alias): property RoutingConfig.AdditionalVersionWeights[0].FunctionWeight must be 0 to 1, and is 50",
		},
		"the URL of an alias that is not there": {
			func(r resources) { r.properties("Url")["Qualifier"] = "dead" },
			"resource Url (AWS::Lambda::Url): the alias arn:aws:lambda:",
		},
		"the URL of a version": {
			func(r resources) { r.properties("Url")["Qualifier"] = "1" },
			"resource Url (AWS::Lambda::Url): property Qualifier must match ",
		},
		"a second URL": {
			func(r resources) {
				r["Url2"] = decode(encode(r["Url"]))
				delete(r.properties("Url2"), "Qualifier")
			},
			"resource Url2 (AWS::Lambda::Url): property TargetFunctionArn: a second URL of a function is not supported by the local cloud",
		},
		"a mapping to a version that is not there": {
			func(r resources) { r.properties("Mapping")["FunctionName"] = decode(`{"Fn::Sub": "${Worker}:2"}`) },
			"resource Mapping (AWS::Lambda::EventSourceMapping): the function ",
		},
		"a permission for an alias that is not there": {
			func(r resources) {
				r.properties("RulePermission")["FunctionName"] = decode(`{"Fn::Sub": "${Worker.Arn}:dead"}`)
			},
			"resource RulePermission (AWS::Lambda::Permission): the function arn:aws:lambda:",
		},
		"retries for an alias that is not there": {
			func(r resources) {
				r["Retries"] = decode(`{"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": {"Ref": "Worker"}, "Qualifier": "dead"}}`)
			},
			"resource Retries (AWS::Lambda::EventInvokeConfig): the function ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := refused(t, func(r resources) {
				publishedBehind(r)
				test.change(r)
			})
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("the reason is\n%s, want\n%s", got, test.want)
			}
		})
	}
}
