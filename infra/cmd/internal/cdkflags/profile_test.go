package cdkflags_test

import (
	"strings"
	"testing"

	"example.com/saga/infra/cmd/internal/cdkflags"
)

func TestTheProfileIsTheLastOneOfTheCommandLine(t *testing.T) {
	for arguments, want := range map[string]string{
		"":           "",
		"cdk deploy": "",
		"cdk deploy --require-approval never --profile dev": "dev",
		"cdk deploy --profile=dev --verbose":                "dev",
		"cdk deploy --profile dev --profile=prod":           "prod",
		"cdk deploy --profile=dev --profile prod":           "prod",
		"cdk deploy --profile":                              "",
	} {
		if got := cdkflags.Profile(strings.Fields(arguments)); got != want {
			t.Errorf("of %q the profile is %q, want %q", arguments, got, want)
		}
	}
}
