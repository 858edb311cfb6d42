package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/iam"
)

// keyFor returns a key that the operator can have, and the same key in another
// case: only a set operator can have one with several values.
func keyFor(operator string) (policy, request string) {
	if strings.Contains(operator, ":") {
		return "Events:Detail-Type", "events:detail-type"
	}
	return "Events:CreatorAccount", "events:creatoraccount"
}

// holds reports whether a condition holds for a request with the given values.
func holds(t *testing.T, operator, values string, given []string) bool {
	t.Helper()
	inPolicy, inRequest := keyFor(operator)
	policy := parse(t, fmt.Sprintf(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%s}}}}`, operator, inPolicy, values))
	request := iam.Request{Principal: role, Action: "a:b", Resource: "*", Conditions: map[string][]string{}}
	if given != nil {
		request.Conditions[inRequest] = given
	}
	return policy.Evaluate(request) == iam.Allow
}

func TestConditions(t *testing.T) {
	tests := []struct {
		rule, operator, values string
		given                  []string
		want                   bool
	}{
		{"an equal string", "StringEquals", `"a"`, []string{"a"}, true},
		{"one of the values", "StringEquals", `["b","a"]`, []string{"a"}, true},
		{"another string", "StringEquals", `["b","c"]`, []string{"a"}, false},
		{"a string in another case", "StringEquals", `"A"`, []string{"a"}, false},
		{"wildcards mean nothing to StringEquals", "StringEquals", `"*"`, []string{"a"}, false},
		{"a missing key", "StringEquals", `"a"`, nil, false},
		{"a missing key that may be missing", "StringEqualsIfExists", `"a"`, nil, true},
		{"a present key that may be missing", "StringEqualsIfExists", `"a"`, []string{"b"}, false},
		{"not equal", "StringNotEquals", `["b","c"]`, []string{"a"}, true},
		{"not equal to one of several", "StringNotEquals", `["b","a"]`, []string{"a"}, false},
		{"a missing key is not equal", "StringNotEquals", `"a"`, nil, true},
		{"in any case", "StringEqualsIgnoreCase", `"A"`, []string{"a"}, true},
		{"not equal in any case", "StringNotEqualsIgnoreCase", `"A"`, []string{"a"}, false},
		{"like", "StringLike", `"order.*"`, []string{"order.placed"}, true},
		{"like with a question mark", "StringLike", `"order?placed"`, []string{"order.placed"}, true},
		{"not like this", "StringLike", `"payment.*"`, []string{"order.placed"}, false},
		{"StringNotLike", "StringNotLike", `"order.*"`, []string{"order.placed"}, false},
		{"an equal ARN", "ArnEquals", `"arn:aws:sqs:eu-west-1:1:q"`, []string{"arn:aws:sqs:eu-west-1:1:q"}, true},
		{"an ARN like", "ArnLike", `"arn:aws:events:*:1:rule/*"`, []string{"arn:aws:events:eu-west-1:1:rule/a/b"}, true},
		{"ArnEquals is like ArnLike", "ArnEquals", `"arn:aws:events:*:1:rule/*"`, []string{"arn:aws:events:eu-west-1:1:rule/a/b"}, true},
		{"a wildcard in an ARN does not reach over a colon", "ArnLike", `"arn:aws:*:1:q"`, []string{"arn:aws:sqs:eu-west-1:1:q"}, false},
		{"ArnNotLike", "ArnNotLike", `"arn:aws:sqs:*:*:*"`, []string{"arn:aws:sns:eu-west-1:1:q"}, true},
		{"a boolean as a string", "Bool", `"false"`, []string{"false"}, true},
		{"a boolean", "Bool", `true`, []string{"false"}, false},
		{"a missing boolean", "Bool", `"false"`, nil, false},
		{"absent", "Null", `"true"`, nil, true},
		{"absent, but present", "Null", `"true"`, []string{"a"}, false},
		{"present", "Null", `"false"`, []string{"a"}, true},
		{"present, but absent", "Null", `false`, nil, false},
		{"all values", "ForAllValues:StringEquals", `["a","b","c"]`, []string{"a", "b"}, true},
		{"not all values", "ForAllValues:StringEquals", `["a"]`, []string{"a", "b"}, false},
		{"all of no values", "ForAllValues:StringEquals", `["a"]`, nil, true},
		{"all values are others", "ForAllValues:StringNotEquals", `["c"]`, []string{"a", "b"}, true},
		{"not all values are others", "ForAllValues:StringNotEquals", `["b"]`, []string{"a", "b"}, false},
		{"any value", "ForAnyValue:StringLike", `["b*"]`, []string{"a", "bb"}, true},
		{"not any value", "ForAnyValue:StringLike", `["c*"]`, []string{"a", "bb"}, false},
		{"any of no values", "ForAnyValue:StringEquals", `["a"]`, nil, false},
		{"any value is another", "ForAnyValue:StringNotEquals", `["a"]`, []string{"a", "b"}, true},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if got := holds(t, test.operator, test.values, test.given); got != test.want {
				t.Errorf("%s %s on %v holds = %t, want %t", test.operator, test.values, test.given, got, test.want)
			}
		})
	}
}

// sample is two values that an operator's policy matches, and two that it does not.
type sample struct {
	policy              string
	match, match2       string
	mismatch, mismatch2 string
}

// samples has values for every operator that compares.
func samples() map[string]sample {
	exact := sample{`["a","b"]`, "a", "b", "A", "c"}
	anyCase := sample{`["a","b"]`, "A", "b", "c", "ab"}
	pattern := sample{`["a*","b?"]`, "a", "bc", "b", "c"}
	arn := sample{`["arn:aws:sqs:*:1:a*","arn:aws:sqs:*:1:b"]`, "arn:aws:sqs:eu-west-1:1:a:2", "arn:aws:sqs:eu-west-1:1:b", "arn:aws:sqs:eu-west-1:2:b", "b"}
	boolean := sample{`"true"`, "true", "True", "false", "1"}
	return map[string]sample{
		"ArnEquals": arn, "ArnLike": arn, "ArnNotEquals": arn, "ArnNotLike": arn,
		"Bool":         boolean,
		"StringEquals": exact, "StringNotEquals": exact,
		"StringEqualsIgnoreCase": anyCase, "StringNotEqualsIgnoreCase": anyCase,
		"StringLike": pattern, "StringNotLike": pattern,
	}
}

// The columns are the values in the request: none, an empty one, values that
// match the policy (m) and that do not (o).
func TestEveryOperatorWithEveryNumberOfValues(t *testing.T) {
	tests := []struct {
		modifier string
		negated  bool

		missing, empty, m, o, mm, mo, oo bool
	}{
		{modifier: "%s", m: true},
		{modifier: "%sIfExists", missing: true, m: true},
		{modifier: "%s", negated: true, missing: true, empty: true, o: true},
		{modifier: "%sIfExists", negated: true, missing: true, empty: true, o: true},
		{modifier: "ForAllValues:%s", missing: true, empty: true, m: true, mm: true},
		{modifier: "ForAllValues:%sIfExists", missing: true, empty: true, m: true, mm: true},
		{modifier: "ForAllValues:%s", negated: true, missing: true, empty: true, o: true, oo: true},
		{modifier: "ForAllValues:%sIfExists", negated: true, missing: true, empty: true, o: true, oo: true},
		{modifier: "ForAnyValue:%s", m: true, mm: true, mo: true},
		{modifier: "ForAnyValue:%sIfExists", m: true, mm: true, mo: true},
		{modifier: "ForAnyValue:%s", negated: true, o: true, mo: true, oo: true},
		{modifier: "ForAnyValue:%sIfExists", negated: true, o: true, mo: true, oo: true},
	}
	for _, operator := range iam.ConditionOperators() {
		values, compares := samples()[operator]
		if !compares && operator != "Null" {
			t.Errorf("%s has no sample", operator)
		}
		for _, test := range tests {
			if !compares || test.negated != strings.Contains(operator, "Not") {
				continue
			}
			name := fmt.Sprintf(test.modifier, operator)
			check := func(want bool, given ...string) {
				t.Helper()
				if got := holds(t, name, values.policy, given); got != want {
					t.Errorf("%s %s on %q holds = %t, want %t", name, values.policy, given, got, want)
				}
			}
			check(test.missing)
			check(test.empty, "")
			check(test.m, values.match)
			check(test.m, values.match2)
			check(test.o, values.mismatch)
			check(test.o, values.mismatch2)
			if strings.Contains(name, ":") {
				check(test.mm, values.match, values.match2)
				check(test.mo, values.match, values.mismatch)
				check(test.mo, values.mismatch2, values.match2)
				check(test.oo, values.mismatch, values.mismatch2)
			}
		}
	}
}

func TestNullIsAboutTheValuesOfAnyKey(t *testing.T) {
	const statement = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{%q:%q}}}}`
	for _, test := range []struct {
		key     string
		given   []string
		missing bool
	}{
		{"aws:SourceAccount", nil, true},
		{"aws:SourceAccount", []string{"1"}, false},
		{"events:source", nil, true},
		{"events:source", []string{""}, true},
		{"events:source", []string{"order"}, false},
		{"events:source", []string{"order", "payment"}, false},
	} {
		for value, want := range map[string]bool{"true": test.missing, "True": test.missing, "false": !test.missing} {
			policy := parse(t, fmt.Sprintf(statement, test.key, value))
			request := iam.Request{Principal: role, Action: "a:b", Resource: "*", Conditions: map[string][]string{test.key: test.given}}
			if got := policy.Evaluate(request) == iam.Allow; got != want {
				t.Errorf("Null %s of %s holds = %t on %q", value, test.key, got, test.given)
			}
		}
	}
}

func TestTheCaseOfAnOperatorDoesNotMatter(t *testing.T) {
	for _, operator := range []string{"stringequals", "FORALLVALUES:stringEquals", "foranyvalue:STRINGEQUALSIFEXISTS"} {
		if !holds(t, operator, `"a"`, []string{"a"}) || holds(t, operator, `"a"`, []string{"b"}) {
			t.Errorf("%s does not compare strings", operator)
		}
	}
}

func TestAnOperatorFitsItsKeyOrIsRefusedByName(t *testing.T) {
	const statement = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:"true"}}}}`
	check := func(t *testing.T, operator, key string, allowed bool) {
		t.Helper()
		_, err := iam.ParseIdentity(fmt.Appendf(nil, statement, operator, key))
		if allowed && err != nil {
			t.Error(err)
		}
		if !allowed && (err == nil || !strings.Contains(err.Error(), "condition "+operator+" "+key+": ") || !strings.Contains(err.Error(), "ForAllValues or ForAnyValue")) {
			t.Errorf("the error of %s with %s is %v", operator, key, err)
		}
	}
	single := []string{
		"aws:PrincipalAccount", "aws:RequestTag/team", "aws:ResourceTag/team", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
		"dynamodb:EnclosingOperation", "events:ManagedBy", "events:creatorAccount", "events:eventBusInvocation",
		"kms:EncryptionContext:aws:logs:arn", "kms:ViaService", "lambda:FunctionUrlAuthType", "lambda:VpcIds",
	}
	several := iam.MultivaluedKeys()
	for _, operator := range iam.ConditionOperators() {
		if operator == "Null" {
			for _, key := range slices.Concat(single, several) {
				check(t, operator, key, true)
			}
			continue
		}
		for _, suffix := range []string{"", "IfExists"} {
			for _, key := range single {
				check(t, operator+suffix, key, true)
				check(t, "ForAllValues:"+operator+suffix, key, false)
				check(t, "ForAnyValue:"+operator+suffix, key, false)
			}
			for _, key := range append(several, "EVENTS:Source") {
				check(t, operator+suffix, key, false)
				check(t, "ForAllValues:"+operator+suffix, key, true)
				check(t, "ForAnyValue:"+operator+suffix, key, true)
			}
		}
	}
}

func TestEveryOtherOperatorIsRefusedByName(t *testing.T) {
	others := []string{"", "Equals", "NullIfExists", "ForAnyValue:Null", "ForAllValues:NullIfExists", "ForSomeValues:StringEquals", "ForAllValues:", "IfExists", "BinaryEquals", "IpAddress", "NotIpAddress"}
	for _, comparison := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"} {
		others = append(others, "Numeric"+comparison, "Date"+comparison, "ForAllValues:Date"+comparison+"IfExists")
	}
	for _, operator := range others {
		_, err := iam.ParseIdentity(fmt.Appendf(nil, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{"aws:SourceAccount":"1"}}}}`, operator))
		if want := "the condition operator " + operator + " is not supported"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("the error of %s is %v", operator, err)
		}
	}
}

func TestAConditionThatIAMDoesNotAcceptIsRefused(t *testing.T) {
	for condition, want := range map[string]string{
		`{"Null":{"aws:SourceArn":"yes"}}`:                                   "condition Null aws:SourceArn: the value must be true or false, not yes",
		`{"Null":{"aws:SourceArn":["true","false"]}}`:                        "condition Null aws:SourceArn: the value must be true or false, not true, false",
		`{"Bool":{"aws:SecureTransport":"no"}}`:                              "condition Bool aws:SecureTransport: the value must be true or false, not no",
		`{"StringEquals":{"aws:SourceAccount":[]}}`:                          "condition StringEquals aws:SourceAccount: the list is empty",
		`{"StringEquals":{"aws:SourceAccount":["1",["2"]]}}`:                 "condition StringEquals aws:SourceAccount: [\"2\"] is neither a string nor a list of strings",
		`{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}`:   "policy variables as in \"${aws:PrincipalAccount}\" are not supported",
		`{"StringEquals":{"aws:SourceAccount":"1","AWS:sourceaccount":"2"}}`: "condition StringEquals aws:SourceAccount: the key is there twice, in different cases",
	} {
		_, err := iam.ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + condition + `}}`))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("the error of %s is %v, want %s", condition, err, want)
		}
	}
}

// The pair of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
// ("Defining a list of allowed sources in an event pattern with multiple sources").
func TestForAllValuesWithNullFalseAllowsAnyOfTheValuesAndNoOther(t *testing.T) {
	policy := parse(t, `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Condition":{
		"ForAllValues:StringEquals":{"events:source":"order","events:detail-type":["order.placed","order.cancelled"]},
		"Null":{"events:source":"false","events:detail-type":"false"}}}}`)
	order, placed, cancelled := []string{"order"}, "order.placed", "order.cancelled"
	for _, test := range []struct {
		rule           string
		sources, types []string
		want           iam.Decision
	}{
		{"one type", order, []string{placed}, iam.Allow},
		{"two types", order, []string{placed, cancelled}, iam.Allow},
		{"another type among them", order, []string{placed, "payment.taken", cancelled}, iam.None},
		{"another source among them", []string{"order", "payment"}, []string{placed}, iam.None},
		{"no type", order, nil, iam.None},
		{"no source", nil, []string{placed}, iam.None},
		{"an empty source", []string{""}, []string{placed}, iam.None},
		{"neither", nil, nil, iam.None},
	} {
		request := iam.Request{
			Principal: role, Action: "events:PutEvents", Resource: "arn:bus",
			Conditions: map[string][]string{"events:source": test.sources, "events:detail-type": test.types},
		}
		if got := policy.Evaluate(request); got != test.want {
			t.Errorf("%s: the decision is %s, want %s", test.rule, got, test.want)
		}
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	policy := parse(t, `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Condition":{
		"ForAnyValue:StringEquals":{"events:source":"order"},"ForAllValues:StringEquals":{"events:detail-type":["order.placed","order.cancelled"]}}}}`)
	for detailType, want := range map[string]iam.Decision{"order.placed": iam.Allow, "payment.taken": iam.None} {
		request := iam.Request{
			Principal: role, Action: "events:PutEvents", Resource: "arn:bus",
			Conditions: map[string][]string{"events:source": {"order"}, "events:detail-type": {detailType}},
		}
		if got := policy.Evaluate(request); got != want {
			t.Errorf("the decision on %s is %s, want %s", detailType, got, want)
		}
	}
}
