package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/iam"
	"example.com/saga/localcloud/unsupported"
)

// The services that make requests in a stack.
const (
	serviceEvents    = "events.amazonaws.com"
	serviceLambda    = "lambda.amazonaws.com"
	serviceScheduler = "scheduler.amazonaws.com"
	anonymous        = "anonymous"
)

// authority holds the stack's policies and roles. A caller that is not one of
// the stack's functions is an operator, which may do everything.
type authority struct {
	account string
	roles   map[string]*role
	// callers are the functions by their access key ids.
	callers map[string]caller
	// attached are the policies of resources by the resources' ARNs.
	attached map[string][]iam.Policy
	// logs are the policies for all log groups of the account.
	logs []iam.Policy
}

type role struct {
	arn, name, id string
	trust         iam.Policy
	policies      []iam.Policy
}

// caller is a function with its role.
type caller struct {
	role    *role
	session string
	// userID is the role's id with the session's name.
	userID string
	// function is the construct path.
	function string
}

func newAuthority(stack *assembly.Assembly, account string) (*authority, error) {
	a := &authority{account: account, roles: map[string]*role{}, callers: map[string]caller{}, attached: map[string][]iam.Policy{}}
	return a, errors.Join(
		a.addRoles(stack), a.addPolicies(stack), a.addQueuePolicies(stack), a.addBusPolicies(stack),
		a.addLogsPolicies(stack), a.addPermissions(stack))
}

func (a *authority) addRoles(stack *assembly.Assembly) error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Role](stack) {
		made := &role{arn: resource.ARN, name: resource.Name, id: given.ID}
		var err error
		if made.trust, err = parsePolicy(given.AssumeRolePolicyDocument, iam.ParseResource); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		for _, inline := range given.Policies {
			policy, err := parsePolicy(inline.PolicyDocument, iam.ParseIdentity)
			if err != nil {
				problems = append(problems, resourceError(resource, fmt.Errorf("policy %s: %w", inline.PolicyName, err)))
			}
			made.policies = append(made.policies, policy)
		}
		for _, arn := range given.ManagedPolicyARNs {
			policy, err := iam.Managed(arn)
			if err != nil {
				problems = append(problems, resourceError(resource, err))
			}
			made.policies = append(made.policies, policy)
		}
		a.roles[resource.ARN] = made
	}
	return errors.Join(problems...)
}

func (a *authority) addPolicies(stack *assembly.Assembly) error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Policy](stack) {
		policy, err := parsePolicy(given.PolicyDocument, iam.ParseIdentity)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		for _, name := range given.Roles {
			made := a.roles["arn:aws:iam::"+a.account+":role/"+name]
			if made == nil {
				problems = append(problems, resourceError(resource, fmt.Errorf("the role %s is not in the stack", name)))
				continue
			}
			made.policies = append(made.policies, policy)
		}
	}
	return errors.Join(problems...)
}

func (a *authority) addQueuePolicies(stack *assembly.Assembly) error {
	arns := map[string]string{}
	for resource := range assembly.Of[assembly.Queue](stack) {
		arns[resource.Ref] = resource.ARN
	}
	var problems []error
	for resource, given := range assembly.Of[assembly.QueuePolicy](stack) {
		policy, err := parsePolicy(given.PolicyDocument, iam.ParseResource)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		for _, url := range given.Queues {
			if arns[url] == "" {
				problems = append(problems, resourceError(resource, fmt.Errorf("the queue %s is not in the stack", url)))
			}
			a.attached[arns[url]] = append(a.attached[arns[url]], policy)
		}
	}
	return errors.Join(problems...)
}

func (a *authority) addBusPolicies(stack *assembly.Assembly) error {
	buses := map[string]bool{"default": true}
	for resource := range assembly.Of[assembly.EventBus](stack) {
		buses[resource.Name] = true
	}
	var problems []error
	// CloudFormation accepts an id once in an account and Region, of whichever bus
	// (https://github.com/aws/aws-cdk/issues/29627).
	owners := map[string]string{}
	for resource, given := range assembly.Of[assembly.EventBusPolicy](stack) {
		if other := owners[given.StatementID]; other != "" {
			problems = append(problems, resourceError(resource, fmt.Errorf("the StatementId %s is that of %s", given.StatementID, other)))
		}
		owners[given.StatementID] = resource.LogicalID
		policy, err := parsePolicy(map[string]any{"Statement": given.Statement}, iam.ParseResource)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		if !buses[given.EventBusName] {
			problems = append(problems, resourceError(resource, fmt.Errorf("the bus %s is not in the stack", given.EventBusName)))
		}
		a.attached[given.BusARN] = append(a.attached[given.BusARN], policy)
	}
	return errors.Join(problems...)
}

func (a *authority) addLogsPolicies(stack *assembly.Assembly) error {
	var problems []error
	for resource, given := range assembly.Of[assembly.LogsPolicy](stack) {
		policy, err := readPolicy([]byte(given.PolicyDocument), iam.ParseResource)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		a.logs = append(a.logs, policy)
	}
	return errors.Join(problems...)
}

// addPermissions turns each permission into the statement that Lambda adds to
// the policy for it. A function, and each of its versions and aliases, has a policy
// of its own, which is for invocations with exactly that ARN.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
func (a *authority) addPermissions(stack *assembly.Assembly) error {
	var problems []error
	functions := functionARNs(stack)
	for resource, given := range assembly.Of[assembly.Permission](stack) {
		arn, known := functions[given.FunctionName]
		if !known {
			problems = append(problems, resourceError(resource, fmt.Errorf("the function %s is not in the stack", given.FunctionName)))
			continue
		}
		policy, err := parsePolicy(map[string]any{"Statement": permissionStatement(given, arn)}, iam.ParseResource)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
		}
		a.attached[arn] = append(a.attached[arn], policy)
	}
	return errors.Join(problems...)
}

func permissionStatement(given *assembly.Permission, functionARN string) map[string]any {
	conditions := map[string]map[string]any{}
	add := func(operator, key, value string) {
		if value == "" {
			return
		}
		if conditions[operator] == nil {
			conditions[operator] = map[string]any{}
		}
		conditions[operator][key] = value
	}
	add("ArnLike", "aws:SourceArn", given.SourceARN)
	add("StringEquals", "aws:SourceAccount", given.SourceAccount)
	add("StringEquals", "lambda:FunctionUrlAuthType", given.FunctionURLAuthType)
	if given.InvokedViaFunctionURL {
		add("Bool", "lambda:InvokedViaFunctionUrl", "true")
	}
	var principal any = map[string]any{"Service": given.Principal}
	if given.Principal == "*" {
		principal = "*"
	}
	return map[string]any{
		"Effect": "Allow", "Principal": principal, "Action": given.Action,
		"Resource": functionARN, "Condition": conditions,
	}
}

// parser is iam.ParseIdentity or iam.ParseResource.
type parser func(text []byte) (iam.Policy, error)

func parsePolicy(document any, parse parser) (iam.Policy, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return iam.Policy{}, err
	}
	return readPolicy(text, parse)
}

// readPolicy refuses a policy with a condition key that no request has here.
func readPolicy(text []byte, parse parser) (iam.Policy, error) {
	policy, err := parse(text)
	if err != nil {
		return policy, err
	}
	var problems []error
	for _, key := range policy.Keys() {
		if !slices.Contains(ConditionKeys(), key) {
			problems = append(problems, unsupported.Errorf("the condition key %s is not supported by the local cloud", key))
		}
	}
	return policy, errors.Join(problems...)
}

// credentials returns the environment variables with which a function calls the
// APIs as its role.
func (a *authority) credentials(function assembly.Resource, roleARN string, random io.Reader) (map[string]string, error) {
	assumed := a.roles[roleARN]
	if assumed == nil {
		return nil, fmt.Errorf("its role %s is not in the stack", roleARN)
	}
	if !a.trusts(assumed, serviceLambda, "") {
		return nil, errors.New("the role defined for the function cannot be assumed by Lambda")
	}
	secret := make([]byte, 30)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("making its credentials: %w", err)
	}
	id := fmt.Sprintf("ASIA%016X", secret[:8])
	a.callers[id] = caller{
		role: assumed, session: "arn:aws:sts::" + a.account + ":assumed-role/" + assumed.name + "/" + function.Name,
		userID: assumed.id + ":" + function.Name, function: function.Path,
	}
	return map[string]string{
		"AWS_ACCESS_KEY_ID":     id,
		"AWS_SECRET_ACCESS_KEY": fmt.Sprintf("%x", secret[8:]),
		"AWS_SESSION_TOKEN":     "local",
	}, nil
}

// trusts reports whether a service may assume the role on behalf of the source,
// such as a rule. A request of Lambda has no source.
func (a *authority) trusts(assumed *role, service, sourceARN string) bool {
	if assumed == nil {
		return false
	}
	request := iam.Request{Principal: service, Action: "sts:AssumeRole", Resource: assumed.arn}
	if sourceARN != "" {
		request = a.fromService(service, request.Action, request.Resource, sourceARN)
	}
	return assumed.trust.Evaluate(request) == iam.Allow
}

// resourceError returns an error with the resource that it is about.
func resourceError(resource assembly.Resource, err error) error {
	return fmt.Errorf("resource %s (%s): %w", resource.LogicalID, resource.Type, err)
}

// functionARNs returns the ARNs of the stack's functions, and of their versions and
// aliases, by all that names them: an ARN, a partial ARN and a name.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func functionARNs(stack *assembly.Assembly) map[string]string {
	arns := map[string]string{}
	add := func(arn string) {
		parts := strings.SplitN(arn, ":", 7) // arn:aws:lambda:region:account:function:name
		for _, name := range []string{arn, strings.Join(parts[4:], ":"), parts[6]} {
			arns[name] = arn
		}
	}
	for resource := range assembly.Of[assembly.Function](stack) {
		add(resource.ARN)
		add(resource.ARN + ":$LATEST")
	}
	for resource := range assembly.Of[assembly.Version](stack) {
		add(resource.ARN)
	}
	for resource := range assembly.Of[assembly.Alias](stack) {
		add(resource.ARN)
	}
	return arns
}
