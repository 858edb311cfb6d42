package environment_test

import (
	"os"
	"strings"
	"testing"

	"example.com/saga/infra/environment"
)

func TestStagingAndProdHaveTheSameLimitsAndDevHasNone(t *testing.T) {
	limits := environment.Concurrency{QueueWorkers: 10, DirectWorkers: 10}
	for name, want := range map[string]environment.Concurrency{"dev": {}, "staging": limits, "prod": limits} {
		settings := named(t, name)
		if settings.Limits != want || settings.NeedsQuota() != (name != "dev") {
			t.Errorf("%s has the limits %+v, and needs quota: %t", name, settings.Limits, settings.NeedsQuota())
		}
	}
}

func TestAQuotaThatIsTooSmallForTheLimitsIsAnErrorOfOneLine(t *testing.T) {
	const request = "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
	for name, test := range map[string]struct {
		limits environment.Concurrency
		quota  environment.Quota
		want   []string // None: it is large enough.
	}{
		"a new account": {
			environment.Concurrency{QueueWorkers: 10, DirectWorkers: 10},
			environment.Quota{Total: 10, Unreserved: 10},
			[]string{
				"environment prod needs 110 concurrent executions of Lambda (10 reserved and 100 that Lambda keeps unreserved) and there are 10, of the account's 10 in eu-west-1: ",
				request + " --desired-value 1000 --region eu-west-1",
			},
		},
		"a new account without limits":          {environment.Concurrency{}, environment.Quota{Total: 10, Unreserved: 10}, nil},
		"queues alone in a new account":         {environment.Concurrency{QueueWorkers: 2}, environment.Quota{Total: 10, Unreserved: 10}, nil},
		"more of them":                          {environment.Concurrency{QueueWorkers: 3}, environment.Quota{Total: 10, Unreserved: 10}, []string{"needs 12 ", "(0 reserved and 12 for the workers of queues)"}},
		"exactly enough":                        {environment.Concurrency{DirectWorkers: 10, API: 5}, environment.Quota{Total: 115, Unreserved: 115}, nil},
		"one too few":                           {environment.Concurrency{DirectWorkers: 10, API: 5}, environment.Quota{Total: 114, Unreserved: 114}, []string{"needs 115 ", "there are 114, of the account's 114"}},
		"many batches":                          {environment.Concurrency{QueueWorkers: 300, DirectWorkers: 10}, environment.Quota{Total: 1000, Unreserved: 1000}, []string{"needs 1210 ", "--desired-value 1210 "}},
		"what others have reserved":             {environment.Concurrency{DirectWorkers: 10}, environment.Quota{Total: 1000, Unreserved: 105}, []string{"there are 105, of the account's 1000", "--desired-value 1005 "}},
		"what the stack itself has reserved":    {environment.Concurrency{DirectWorkers: 10}, environment.Quota{Total: 110, Unreserved: 100, ReservedByStack: 10}, nil},
		"more than the stack has reserved":      {environment.Concurrency{DirectWorkers: 20}, environment.Quota{Total: 110, Unreserved: 100, ReservedByStack: 10}, []string{"needs 120 ", "there are 110"}},
		"half of what the stack has reserved":   {environment.Concurrency{DirectWorkers: 5}, environment.Quota{Total: 110, Unreserved: 100, ReservedByStack: 10}, nil},
		"an account whose quota was raised far": {environment.Concurrency{QueueWorkers: 1000, API: 1000}, environment.Quota{Total: 10_000, Unreserved: 10_000}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			settings := named(t, "prod")
			settings.Limits, test.quota.Region = test.limits, "eu-west-1"
			err := settings.CheckQuota(test.quota)
			if (err != nil) != (len(test.want) > 0) {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range test.want {
				if message := err.Error(); !strings.Contains(message, want) || strings.Contains(message, "\n") {
					t.Errorf("the error is %q, without %q or in several lines", message, want)
				}
			}
		})
	}
}

func TestTheDocsHaveTheErrorForANewAccount(t *testing.T) {
	page, err := os.ReadFile("../../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	prod := named(t, "prod")
	problem := prod.CheckQuota(environment.Quota{Region: prod.Region, Total: 10, Unreserved: 10})
	if problem == nil || !strings.Contains(string(page), problem.Error()) {
		t.Errorf("docs/deployment.md does not have the error %v", problem)
	}
}
