package cloud

import (
	"context"
	"strings"

	"example.com/saga/localcloud/wire"
)

// callerAPI is the part of STS's wire protocol that names the caller.
func (c *Cloud) callerAPI() wire.Service {
	return wire.Service{Target: "sts", ContentType: wire.Query, Operations: map[string]wire.Operation{
		"GetCallerIdentity": wire.Op(c.callerIdentity),
	}}
}

type callerIdentity struct {
	UserID  string `xml:"UserId"`
	Account string
	ARN     string `xml:"Arn"`
}

// callerIdentity answers GetCallerIdentity, which needs no permission. The
// operator is the account's root user. A role has no id here: its name stands for it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (c *Cloud) callerIdentity(ctx context.Context, _ *struct{}) (*callerIdentity, error) {
	account := c.config.AccountID
	made, isFunction := c.authority.callers[wire.Caller(ctx)]
	if !isFunction {
		return &callerIdentity{UserID: account, Account: account, ARN: "arn:aws:iam::" + account + ":root"}, nil
	}
	_, session, _ := strings.Cut(made.session, "/"+made.role.name+"/")
	return &callerIdentity{UserID: made.role.name + ":" + session, Account: account, ARN: made.session}, nil
}
