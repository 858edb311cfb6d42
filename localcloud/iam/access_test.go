package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/iam"
)

// parse parses the policy of a resource if it has a principal, else that of an
// identity.
func parse(t *testing.T, text string) iam.Policy {
	t.Helper()
	read := iam.ParseIdentity
	if strings.Contains(text, `"Principal"`) {
		read = iam.ParseResource
	}
	policy, err := read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestAManagedPolicyAllowsWhatAWSsDocumentHas(t *testing.T) {
	for name, test := range map[string]struct{ allowed, not string }{
		"AWSXRayDaemonWriteAccess":                    {"xray:PutTraceSegments", "xray:GetTraceSummaries"},
		"service-role/AWSLambdaBasicExecutionRole":    {"logs:CreateLogGroup", "sqs:ReceiveMessage"},
		"AmazonDynamoDBReadOnlyAccess":                {"dynamodb:DescribeTable", "dynamodb:PutItem"},
		"AmazonSQSFullAccess":                         {"sqs:SendMessage", "dynamodb:PutItem"},
		"service-role/AWSLambdaSQSQueueExecutionRole": {"sqs:ReceiveMessage", "sqs:SendMessage"},
	} {
		policy, err := iam.Managed("arn:aws:iam::aws:policy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := policy.Evaluate(iam.Request{Action: test.allowed, Resource: queue}); got != iam.Allow {
			t.Errorf("%s: %s is %s, want Allow", name, test.allowed, got)
		}
		if got := policy.Evaluate(iam.Request{Action: test.not, Resource: queue}); got != iam.None {
			t.Errorf("%s: %s is %s, want None", name, test.not, got)
		}
	}
}

func TestEveryOtherManagedPolicyIsRefusedByName(t *testing.T) {
	for _, arn := range []string{
		"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::111122223333:policy/service-role/AWSLambdaBasicExecutionRole",
		"service-role/AWSLambdaBasicExecutionRole",
	} {
		if _, err := iam.Managed(arn); err == nil || !strings.Contains(err.Error(), arn) {
			t.Errorf("the error of %s is %v", arn, err)
		}
	}
}

const (
	role  = "arn:aws:iam::111122223333:role/worker"
	queue = "arn:aws:sqs:eu-west-1:111122223333:orders"
	topic = "events.amazonaws.com"
)

func TestWhatAStatementAllows(t *testing.T) {
	tests := []struct {
		rule, statement string
		want            iam.Decision
	}{
		{"the action on the resource", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + queue + `"}`, iam.Allow},
		{"lists of actions and resources", `{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":["arn:x","` + queue + `"]}`, iam.Allow},
		{"a statement's id does not matter", `{"Sid":"Send","Effect":"Allow","Action":"*","Resource":"*"}`, iam.Allow},
		{"actions in any case", `{"Effect":"Allow","Action":"SQS:sendmessage","Resource":"*"}`, iam.Allow},
		{"wildcards in actions", `{"Effect":"Allow","Action":"sqs:Send*","Resource":"*"}`, iam.Allow},
		{"a question mark in actions", `{"Effect":"Allow","Action":"sqs:SendMessag?","Resource":"*"}`, iam.Allow},
		{"a question mark is exactly one character", `{"Effect":"Allow","Action":"sqs:SendMessage?","Resource":"*"}`, iam.None},
		{"wildcards in resources", `{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:or*s"}`, iam.Allow},
		{"resources in their own case", `{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:Orders"}`, iam.None},
		{"another action", `{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}`, iam.None},
		{"another resource", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111122223333:other"}`, iam.None},
		{"a deny", `{"Effect":"Deny","Action":"*","Resource":"*"}`, iam.Deny},
		{"everything but an action", `{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, iam.Allow},
		{"everything but this action", `{"Effect":"Allow","NotAction":["sqs:*"],"Resource":"*"}`, iam.None},
		{"everything but this resource", `{"Effect":"Allow","Action":"*","NotResource":"` + queue + `"}`, iam.None},

		{"everyone", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, iam.Allow},
		{"every account", `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":"*"}`, iam.Allow},
		{"the principal", `{"Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":"*","Resource":"*"}`, iam.Allow},
		{"the principal's account does not let in its roles", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"*","Resource":"*"}`, iam.None},
		{"nor does its number", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}`, iam.None},
		{"but it denies them", `{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}`, iam.Deny},
		{"another account", `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"*","Resource":"*"}`, iam.None},
		{"a service is not a role", `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"*","Resource":"*"}`, iam.None},
		{"a trust policy names no resource", `{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"sqs:SendMessage"}`, iam.Allow},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			for _, statements := range []string{test.statement, "[" + test.statement + "]"} {
				policy := parse(t, `{"Version":"2012-10-17","Statement":`+statements+`}`)
				request := iam.Request{Principal: role, Action: "sqs:SendMessage", Resource: queue}
				if got := policy.Evaluate(request); got != test.want {
					t.Errorf("the decision is %s, want %s", got, test.want)
				}
			}
		})
	}
}

func TestAnAccountThatIsAllowedLetsInItsRoot(t *testing.T) {
	policy := parse(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}}`)
	request := iam.Request{Principal: "arn:aws:iam::111122223333:root", Action: "sqs:SendMessage", Resource: queue}
	if got := policy.Evaluate(request); got != iam.Allow {
		t.Errorf("the decision is %s", got)
	}
}

func TestOnlyAResourcesPolicyNamesPrincipals(t *testing.T) {
	const statement = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"%s}}`
	for name, c := range map[string]struct {
		read      func([]byte) (iam.Policy, error)
		principal string
		want      string
	}{
		"a resource's without one": {iam.ParseResource, "", "a resource's policy needs a Principal"},
		"an identity's with one":   {iam.ParseIdentity, `,"Principal":"*"`, "an identity's policy cannot have a Principal"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.read(fmt.Appendf(nil, statement, c.principal)); err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
		})
	}
}

func TestAServiceIsAPrincipalByItsName(t *testing.T) {
	policy := parse(t, `{"Statement":{"Effect":"Allow","Principal":{"Service":["logs.amazonaws.com","events.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*",
		"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:eu-west-1:111122223333:rule/global/all"}}}}`)
	request := iam.Request{
		Principal: topic, Action: "sqs:SendMessage", Resource: queue,
		Conditions: map[string][]string{"aws:SourceArn": {"arn:aws:events:eu-west-1:111122223333:rule/global/all"}},
	}
	if got := policy.Evaluate(request); got != iam.Allow {
		t.Errorf("the decision on the rule is %s", got)
	}
	request.Conditions["aws:SourceArn"] = []string{"arn:aws:events:eu-west-1:111122223333:rule/global/other"}
	if got := policy.Evaluate(request); got != iam.None {
		t.Errorf("the decision on another rule is %s", got)
	}
}

func TestADenyWinsOverEveryAllow(t *testing.T) {
	allow := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	deny := `{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"*"}`
	request := iam.Request{Principal: role, Action: "sqs:SendMessage", Resource: queue}
	for _, order := range []string{allow + "," + deny, deny + "," + allow} {
		if got := parse(t, `{"Statement":[`+order+`]}`).Evaluate(request); got != iam.Deny {
			t.Errorf("of statements in one policy the decision is %s", got)
		}
	}
	allowing, denying := parse(t, `{"Statement":`+allow+`}`), parse(t, `{"Statement":`+deny+`}`)
	if got := iam.Evaluate(request, denying, allowing); got != iam.Deny {
		t.Errorf("of two policies the decision is %s", got)
	}
	if got := iam.Evaluate(request, parse(t, `{"Statement":[]}`), allowing); got != iam.Allow {
		t.Errorf("of an empty policy and an allowing one the decision is %s", got)
	}
	if got := iam.Evaluate(request); got != iam.None {
		t.Errorf("of no policy the decision is %s", got)
	}
}

func TestAPolicyListsItsConditionKeys(t *testing.T) {
	policy := parse(t, `{"Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"events:Source":"order"},"StringEquals":{"aws:SourceAccount":"1"}}},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"AWS:SourceAccount":"true"}}}]}`)
	if got, want := policy.Keys(), []string{"aws:sourceaccount", "events:source"}; !slices.Equal(got, want) {
		t.Errorf("its keys are %v, want %v", got, want)
	}
}

func TestWhatIsNotUnderstoodIsRefusedByName(t *testing.T) {
	tests := []struct{ text, named string }{
		{`{`, "unexpected EOF"},
		{`{"Statements":[]}`, "Statements"},
		{`{"Version":"2012-10-17"}`, "Statement"},
		{`{"Version":"2020-01-01","Statement":[]}`, "2020-01-01"},
		{`{"Statement":{"Effect":"Permit","Action":"*","Resource":"*"}}`, "Permit"},
		{`{"Statement":{"Effect":"Allow","Resource":"*"}}`, "Action"},
		{`{"Statement":{"Effect":"Allow","Action":"*"}}`, "Resource"},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}`, "NotAction"},
		{`{"Statement":{"Effect":"Allow","NotPrincipal":"*","Action":"*","Resource":"*"}}`, "NotPrincipal"},
		{`{"Statement":{"Effect":"Allow","Principal":"me","Action":"*","Resource":"*"}}`, "me"},
		{`{"Statement":{"Effect":"Allow","Principal":{"Federated":"x"},"Action":"*","Resource":"*"}}`, "Federated"},
		{`{"Statement":{"Effect":"Allow","Action":{"Ref":"x"},"Resource":"*"}}`, "Ref"},
		{`{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`, "Action"},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}`, "${aws:username}"},
		{`{"Statement":[{"Sid":"Once","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"Once","Effect":"Deny","Action":"*","Resource":"*"}]}`, "the Sid Once"},
	}
	for _, test := range tests {
		t.Run(test.named, func(t *testing.T) {
			if _, err := iam.ParseIdentity([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.named) {
				t.Errorf("the error is %v, want one that names %s", err, test.named)
			}
		})
	}
}
