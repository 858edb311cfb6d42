package environment

import (
	"errors"
	"fmt"
)

// checkApart returns an error if a deployment of one environment could reach
// into another: if they share an account and no setting accepts it, or share
// what is to keep them apart there. The local environment is in no account.
func checkApart(environments []Settings) error {
	var problems []error
	for i, one := range environments {
		for _, other := range environments[i+1:] {
			if one.Name != "local" && other.Name != "local" {
				problems = append(problems, checkPair(one, other))
			}
		}
	}
	return errors.Join(problems...)
}

// CheckAccount returns an error if an environment that follows the credentials
// would come into the account of another. An empty account is an unknown one.
func (s Settings) CheckAccount(account string) error {
	if s.Account != "" || account == "" {
		return nil
	}
	s.Account = account
	environments := all()
	for i := range environments {
		if environments[i].Name == s.Name {
			environments[i] = s
		}
	}
	return checkApart(environments)
}

func checkPair(one, other Settings) error {
	// One that follows the credentials can come into any account.
	if one.Account != other.Account && one.Account != "" && other.Account != "" {
		return nil
	}
	pair := fmt.Sprintf("environments %s and %s", one.Name, other.Name)
	if one.Qualifier == other.Qualifier {
		return fmt.Errorf("%s have the same Qualifier (%s): the roles that deploy one could deploy the other; give each its own", pair, one.Qualifier)
	}
	if one.Account != other.Account {
		return nil // CheckAccount checks where the credentials lead.
	}
	// IAM has no regions: a role reaches into all of an account's.
	if !one.SharesAccount || !other.SharesAccount {
		place := "are both in account " + one.Account
		if one.Account == "" {
			place = "both follow the credentials, which can lead into one account"
		}
		return fmt.Errorf("%s %s: give each an account of its own, or accept with SharesAccount in both that only IAM keeps them apart", pair, place)
	}
	if one.PermissionsBoundary == other.PermissionsBoundary {
		return fmt.Errorf("%s have the same PermissionsBoundary (%s) in one account: give each its own", pair, one.PermissionsBoundary)
	}
	return nil
}
