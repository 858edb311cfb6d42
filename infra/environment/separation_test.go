package environment

import (
	"strings"
	"testing"
)

const (
	devAccount  = "210987654321"
	prodAccount = "210987654322"
)

// withAccounts returns the environments, dev and prod in accounts of their own,
// after a change.
func withAccounts(change func(dev, prod *Settings)) []Settings {
	environments := all()
	for i := range environments {
		environments[i].Region = "eu-west-1"
	}
	dev, prod := &environments[1], &environments[3]
	dev.Account, prod.Account = devAccount, prodAccount
	change(dev, prod)
	return environments
}

func TestEnvironmentsThatCouldChangeEachOtherAreRefused(t *testing.T) {
	const (
		sharing   = "environments dev and prod are both in account " + devAccount + ": give each an account of its own, or set SharesAccount in both to accept that only IAM separates them"
		following = "environments dev and prod both have no Account, so the credentials can lead to the same one: give each an account of its own, or set SharesAccount in both to accept that only IAM separates them"
		qualifier = "environments dev and prod have the same Qualifier (sagaprod): the roles that deploy one could deploy the other; give each its own"
		boundary  = "environments dev and prod have the same PermissionsBoundary (saga-prod-boundary) in one account: give each its own"
	)
	together := func(dev, prod *Settings) {
		prod.Account = dev.Account
		dev.SharesAccount, prod.SharesAccount = true, true
	}
	for name, test := range map[string]struct {
		change func(dev, prod *Settings)
		want   string
	}{
		"accounts of their own":         {func(_, _ *Settings) {}, ""},
		"own accounts, one qualifier":   {func(dev, prod *Settings) { dev.Qualifier = prod.Qualifier }, ""},
		"own accounts, one boundary":    {func(dev, prod *Settings) { dev.PermissionsBoundary = prod.PermissionsBoundary }, ""},
		"one account":                   {func(dev, prod *Settings) { prod.Account = dev.Account }, sharing},
		"one account, two regions":      {func(dev, prod *Settings) { prod.Account, prod.Region = dev.Account, "us-east-1" }, sharing},
		"one account, accepted by dev":  {func(dev, prod *Settings) { prod.Account, dev.SharesAccount = dev.Account, true }, sharing},
		"one account, accepted by prod": {func(dev, prod *Settings) { prod.Account, prod.SharesAccount = dev.Account, true }, sharing},
		"one account, accepted by both": {together, ""},
		"one account and one qualifier": {func(dev, prod *Settings) { together(dev, prod); dev.Qualifier = prod.Qualifier }, qualifier},
		"one account and one boundary":  {func(dev, prod *Settings) { together(dev, prod); dev.PermissionsBoundary = prod.PermissionsBoundary }, boundary},
		"any account, one qualifier":    {func(dev, prod *Settings) { dev.Account, dev.Qualifier = "", prod.Qualifier }, qualifier},
		"any account":                   {func(dev, _ *Settings) { dev.Account = "" }, ""},
		"any account for both":          {func(dev, prod *Settings) { dev.Account, prod.Account = "", "" }, following},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := find("staging", withAccounts(test.change))
			if (err != nil) != (test.want != "") || err != nil && err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestTheLocalEnvironmentIsInNoAccount(t *testing.T) {
	environments := all()
	environments[0].Qualifier = environments[1].Qualifier
	if err := checkSeparation(environments); err != nil {
		t.Error(err)
	}
}

func TestAnEnvironmentIsNotDeployedToTheAccountOfAnother(t *testing.T) {
	dev, prod := settingsOf("dev"), settingsOf("prod")
	if err := dev.CheckAccount(prodPlaceholder); err == nil || !strings.Contains(err.Error(), "environments dev and prod are both in account") {
		t.Errorf("dev may be deployed to the account of prod: %v", err)
	}
	for name, test := range map[string]struct {
		settings Settings
		account  string
	}{
		"an account of its own": {dev, devAccount},
		"an unknown account":    {dev, ""},
		"a pinned environment":  {prod, stagingPlaceholder}, // The CDK refuses to deploy it there.
	} {
		if err := test.settings.CheckAccount(test.account); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
