package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	// functions are the ARNs of functions, versions and aliases by all that names them.
	functions map[string]string
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
	// inline is the number of characters of the inline policies.
	inline int
	// isUnclear reports whether not all of its policies are known, because something of
	// them is refused, and trustIsUnclear whether the trust is not. Then it counts as one
	// that allows everything.
	isUnclear, trustIsUnclear bool
}

type caller struct {
	role    *role
	session string
	// userID is the role's id with the session's name.
	userID string
	// function is the construct path.
	function string
}

func newAuthority(stack *assembly.Assembly, account string) (*authority, error) {
	a := &authority{
		account: account, roles: map[string]*role{}, functions: functionARNs(stack), callers: map[string]caller{},
		attached: map[string][]iam.Policy{},
	}
	return a, errors.Join(
		each(stack, a.addRole), each(stack, a.addPolicy), a.addQueuePolicies(stack), a.addBusPolicies(stack),
		each(stack, a.addLogsPolicy), each(stack, a.addPermission))
}

func (a *authority) addRole(resource assembly.Resource, given *assembly.Role) error {
	made := &role{arn: resource.ARN, name: resource.Name, id: given.ID, isUnclear: resource.IsRefused}
	a.roles[resource.ARN] = made
	var err error
	made.trust, err = parsePolicy(given.AssumeRolePolicyDocument, iam.ParseResource)
	made.trustIsUnclear = err != nil || resource.Refused["AssumeRolePolicyDocument"]
	problems := []error{err}
	for _, inline := range given.Policies {
		if err := made.add(inline.PolicyDocument); err != nil {
			problems = append(problems, fmt.Errorf("policy %s: %w", inline.PolicyName, err))
		}
	}
	for _, arn := range given.ManagedPolicyARNs {
		// The assembly has refused what is not supported.
		if policy, err := iam.Managed(arn); err == nil {
			made.policies = append(made.policies, policy)
		}
	}
	return errors.Join(problems...)
}

// maximumInline is how many characters the inline policies of a role may have in all,
// without white space.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maximumInline = 10_240

func (r *role) add(document any) error {
	policy, err := parsePolicy(document, iam.ParseIdentity)
	if err != nil {
		r.isUnclear = true
		return err
	}
	r.policies = append(r.policies, policy)
	text, err := json.Marshal(document)
	if r.inline += len(text); r.inline > maximumInline {
		return fmt.Errorf("the inline policies of the role %s must have at most %d characters, and have %d", r.name, maximumInline, r.inline)
	}
	return err
}

func (a *authority) addPolicy(resource assembly.Resource, given *assembly.Policy) error {
	var problems []error
	for _, made := range a.roles {
		// Which roles are meant is not known if a name is refused.
		made.isUnclear = made.isUnclear || resource.Refused["Roles"] || resource.IsRefused && slices.Contains(given.Roles, made.name)
	}
	for _, name := range given.Roles {
		problem := missing("role", name)
		if made := a.roleNamed(name); made != nil {
			problem = made.add(given.PolicyDocument)
		}
		problems = append(problems, problem)
	}
	return errors.Join(problems...)
}

// roleNamed returns the role with a name, whatever its path is.
func (a *authority) roleNamed(name string) *role {
	for _, made := range a.roles {
		if made.name == name {
			return made
		}
	}
	return nil
}

func (a *authority) addQueuePolicies(stack *assembly.Assembly) error {
	arns := map[string]string{}
	for resource := range assembly.Of[assembly.Queue](stack) {
		arns[resource.Ref] = resource.ARN
	}
	return each(stack, func(_ assembly.Resource, given *assembly.QueuePolicy) error {
		policy, err := parsePolicy(given.PolicyDocument, iam.ParseResource)
		problems := []error{err}
		for _, url := range given.Queues {
			if arns[url] == "" {
				problems = append(problems, missing("queue", url))
			}
			a.attached[arns[url]] = append(a.attached[arns[url]], policy)
		}
		return errors.Join(problems...)
	})
}

func (a *authority) addBusPolicies(stack *assembly.Assembly) error {
	buses := map[string]bool{"default": true}
	for resource := range assembly.Of[assembly.EventBus](stack) {
		buses[resource.Name] = true
	}
	// CloudFormation accepts an id once in an account and Region, of whichever bus
	// (https://github.com/aws/aws-cdk/issues/29627).
	owners := map[string]string{}
	return each(stack, func(resource assembly.Resource, given *assembly.EventBusPolicy) error {
		policy, err := parsePolicy(map[string]any{"Statement": given.Statement}, iam.ParseResource)
		problems := []error{err}
		if other := owners[given.StatementID]; other != "" {
			problems = append(problems, fmt.Errorf("the StatementId %s is that of %s", given.StatementID, other))
		}
		owners[given.StatementID] = resource.LogicalID
		if !buses[given.EventBusName] {
			problems = append(problems, missing("bus", given.EventBusName))
		}
		a.attached[given.BusARN] = append(a.attached[given.BusARN], policy)
		return errors.Join(problems...)
	})
}

func (a *authority) addLogsPolicy(_ assembly.Resource, given *assembly.LogsPolicy) error {
	if given.PolicyDocument == "" {
		return nil // It is reported already.
	}
	policy, err := readPolicy([]byte(given.PolicyDocument), iam.ParseResource)
	a.logs = append(a.logs, policy)
	return err
}

// addPermission turns a permission into the statement that Lambda adds to
// the policy for it. A function, and each of its versions and aliases, has a policy
// of its own, which is for invocations with exactly that ARN.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
func (a *authority) addPermission(_ assembly.Resource, given *assembly.Permission) error {
	arn, known := a.functions[given.FunctionName]
	if !known {
		return missing("function", given.FunctionName)
	}
	policy, err := parsePolicy(map[string]any{"Statement": permissionStatement(given, arn)}, iam.ParseResource)
	a.attached[arn] = append(a.attached[arn], policy)
	return err
}

func permissionStatement(given *assembly.Permission, functionARN string) map[string]any {
	var viaURL string
	if given.InvokedViaFunctionURL {
		viaURL = "true"
	}
	conditions := map[string]map[string]string{
		"ArnLike":      {"aws:SourceArn": given.SourceARN},
		"StringEquals": {"aws:SourceAccount": given.SourceAccount, "lambda:FunctionUrlAuthType": given.FunctionURLAuthType},
		"Bool":         {"lambda:InvokedViaFunctionUrl": viaURL},
	}
	maps.DeleteFunc(conditions, func(_ string, values map[string]string) bool {
		maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
		return len(values) == 0
	})
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
	if document == nil {
		return iam.Policy{}, nil // It is reported already.
	}
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
		return nil, missing("role", roleARN)
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

func (a *authority) isClear(roleARN string) bool {
	role := a.roles[roleARN]
	return role != nil && !role.isUnclear
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
	return assumed.trustIsUnclear || assumed.trust.Evaluate(request) == iam.Allow
}

// functionARNs returns the ARNs of the stack's functions, and of their versions and
// aliases, by all that names them: an ARN, a partial ARN and a name.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func functionARNs(stack *assembly.Assembly) map[string]string {
	arns := map[string]string{}
	add := func(arn string) {
		parts := strings.SplitN(arn, ":", 7) // arn:aws:lambda:region:account:function:name
		if len(parts) < 7 {
			return // Its function is not in the stack.
		}
		for _, name := range []string{arn, strings.Join(parts[4:], ":"), parts[6]} {
			arns[name] = arn
		}
	}
	for _, resource := range stack.Resources {
		switch resource.Properties.(type) {
		case *assembly.Function:
			add(resource.ARN)
			add(resource.ARN + ":$LATEST")
		case *assembly.Version, *assembly.Alias:
			add(resource.ARN)
		}
	}
	return arns
}
