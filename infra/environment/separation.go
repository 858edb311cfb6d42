package environment

import (
	"errors"
	"fmt"
)

// checkSeparation returns an error if a deployment of one environment could change
// another: if they share an account and no setting accepts it, or if they share
// what separates them there. The local environment is in no account.
func checkSeparation(environments []Settings) error {
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

// CheckAccount returns an error if an environment without an Account would be
// deployed to the account of another. The account is that of the credentials;
// empty if it is unknown.
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
	return checkSeparation(environments)
}

func checkPair(one, other Settings) error {
	// Without an Account it can be deployed to any.
	if one.Account != other.Account && one.Account != "" && other.Account != "" {
		return nil
	}
	pair := fmt.Sprintf("environments %s and %s", one.Name, other.Name)
	if one.Qualifier == other.Qualifier {
		return fmt.Errorf("%s have the same Qualifier (%s): the roles that deploy one could deploy the other; give each its own", pair, one.Qualifier)
	}
	if one.Account != other.Account {
		return nil // CheckAccount checks the account of the credentials.
	}
	// IAM has no regions: a role is valid in all regions of its account.
	if !one.SharesAccount || !other.SharesAccount {
		problem := "are both in account " + one.Account
		if one.Account == "" {
			problem = "both have no Account, so the credentials can lead to the same one"
		}
		return fmt.Errorf("%s %s: give each an account of its own, or set SharesAccount in both to accept that only IAM separates them", pair, problem)
	}
	if one.PermissionsBoundary == other.PermissionsBoundary {
		return fmt.Errorf("%s have the same PermissionsBoundary (%s) in one account: give each its own", pair, one.PermissionsBoundary)
	}
	return nil
}
