package cloud

import (
	"context"
	"maps"

	"example.com/saga/localcloud/iam"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/wire"
)

// authorize decides on a call over the wire: a function may do what its role's
// policies or the resource's policy allow, and neither denies.
func (a *authority) authorize(ctx context.Context, action, resource string, conditions map[string][]string) error {
	caller, isFunction := a.callers[wire.Caller(ctx)]
	if !isFunction {
		return nil
	}
	decision := a.decide(caller.role, action, resource, conditions)
	if decision == iam.Allow {
		return nil
	}
	reason := "because no identity-based policy allows the " + action + " action"
	if decision == iam.Deny {
		reason = "with an explicit deny"
	}
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s",
		caller.session, action, resource, reason)
}

// ConditionKeys returns the condition keys that requests have here, in lower
// case.
func ConditionKeys() []string {
	return []string{
		"aws:principalaccount", "aws:principalisawsservice", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn",
		"dynamodb:enclosingoperation", "events:detail-type", "events:eventbusinvocation", "events:source",
		"lambda:functionurlauthtype", "lambda:invokedviafunctionurl",
	}
}

func (a *authority) decide(role *role, action, resource string, conditions map[string][]string) iam.Decision {
	request := iam.Request{Principal: role.arn, Action: action, Resource: resource, Conditions: a.withContext(conditions)}
	request.Conditions["aws:PrincipalAccount"] = []string{a.account}
	request.Conditions["aws:PrincipalIsAWSService"] = []string{"false"}
	return max(iam.Evaluate(request, role.policies...), iam.Evaluate(request, a.attached[resource]...))
}

// withContext adds the condition key that every request has. Loopback counts as
// the encrypted transport that policies require.
func (a *authority) withContext(conditions map[string][]string) map[string][]string {
	all := map[string][]string{"aws:SecureTransport": {"true"}}
	maps.Copy(all, conditions)
	return all
}

// roleAllows reports whether a service that assumes a role may do this.
func (a *authority) roleAllows(roleARN, action, resource string) bool {
	role := a.roles[roleARN]
	return role != nil && (role.isUnclear || a.decide(role, action, resource, nil) == iam.Allow)
}

// serviceAllowed reports whether a resource's policy allows a service to do
// this on behalf of the source, such as a rule.
func (a *authority) serviceAllowed(service, action, resource, sourceARN string) bool {
	return iam.Evaluate(a.fromService(service, action, resource, sourceARN), a.attached[resource]...) == iam.Allow
}

// serviceAllowedToLog is serviceAllowed for a log group, whose policies are the
// account's.
func (a *authority) serviceAllowedToLog(service, action, resource, sourceARN string) bool {
	return iam.Evaluate(a.fromService(service, action, resource, sourceARN), a.logs...) == iam.Allow
}

func (a *authority) fromService(service, action, resource, sourceARN string) iam.Request {
	return iam.Request{Principal: service, Action: action, Resource: resource, Conditions: a.withContext(map[string][]string{
		"aws:PrincipalIsAWSService": {"true"}, "aws:SourceArn": {sourceARN}, "aws:SourceAccount": {a.account},
	})}
}

// urlConditions returns the actions that the caller of a function URL must be allowed, with
// the conditions of the requests: since 2025 to call the URL, and to invoke the function
// through it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func urlConditions(authType string) map[string]map[string][]string {
	return map[string]map[string][]string{
		"lambda:InvokeFunctionUrl": {"lambda:FunctionUrlAuthType": {authType}},
		"lambda:InvokeFunction":    {"lambda:InvokedViaFunctionUrl": {"true"}},
	}
}

func (a *authority) publicMayInvoke(functionARN string) bool {
	for action, conditions := range urlConditions("NONE") {
		request := iam.Request{Principal: anonymous, Action: action, Resource: functionARN, Conditions: a.withContext(conditions)}
		if iam.Evaluate(request, a.attached[functionARN]...) != iam.Allow {
			return false
		}
	}
	return true
}

// mayCallURL reports whether the signer of a request may call the URL of a function.
func (a *authority) mayCallURL(ctx context.Context, functionARN string) bool {
	for action, conditions := range urlConditions("AWS_IAM") {
		if a.authorize(ctx, action, functionARN, conditions) != nil {
			return false
		}
	}
	return true
}

// urlCaller returns the caller with an access key, as a function sees it. The operator is
// the root of the account.
func (a *authority) urlCaller(accessKeyID string) lambda.URLCaller {
	made := lambda.URLCaller{
		AccessKey: accessKeyID, AccountID: a.account, CallerID: a.account, UserARN: "arn:aws:iam::" + a.account + ":root", UserID: a.account,
	}
	if caller, isFunction := a.callers[accessKeyID]; isFunction {
		made.CallerID, made.UserARN, made.UserID = caller.userID, caller.session, caller.userID
	}
	return made
}
