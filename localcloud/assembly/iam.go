package assembly

import (
	"cmp"

	"example.com/saga/localcloud/iam"
)

// Role is an AWS::IAM::Role.
type Role struct {
	RoleName                 string         `cfn:"RoleName"`
	Path                     string         `cfn:"Path"`
	AssumeRolePolicyDocument any            `cfn:"AssumeRolePolicyDocument,required"`
	Policies                 []InlinePolicy `cfn:"Policies"`
	ManagedPolicyARNs        []string       `cfn:"ManagedPolicyArns"`
	Description              Harmless       `cfn:"Description" why:"only a reader sees it"`
	MaxSessionDuration       Harmless       `cfn:"MaxSessionDuration" why:"sessions last as long as the process"`
	Tags                     Harmless       `cfn:"Tags" why:"nothing bills or selects by tag"`

	// ID is the role's unique id.
	ID string
}

// InlinePolicy is a policy inside a role.
type InlinePolicy struct {
	PolicyName     string `cfn:"PolicyName,required"`
	PolicyDocument any    `cfn:"PolicyDocument,required"`
}

func (r *Role) identify(at location) identity {
	name := at.physicalName(r.RoleName, 64)
	made := identified(name, "arn:aws:iam::"+at.options.AccountID+":role"+cmp.Or(r.Path, "/")+name)
	for _, arn := range r.ManagedPolicyARNs {
		if arn != "" {
			_, err := iam.Managed(arn)
			made.add(err)
		}
	}
	r.ID = "AROA" + at.code(17)
	return made.with("RoleId", r.ID)
}

// Policy is an AWS::IAM::Policy: a policy added to roles by their names.
type Policy struct {
	unnamed

	PolicyName     string   `cfn:"PolicyName,required"`
	PolicyDocument any      `cfn:"PolicyDocument,required"`
	Roles          []string `cfn:"Roles,required"`
}
