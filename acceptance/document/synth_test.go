package document

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The command line of the CDK calls AWS for the account of any credentials that it finds.
func TestTheLocalSynthesisIgnoresTheAWSSettingsOfTheShell(t *testing.T) {
	copied := copyTree(t)
	copied.write(t, "cdk.sh", "env >cdk.env; mkdir -p cdk.out/local; touch cdk.out/local/manifest.json")
	if err := os.Mkdir(copied.path("node_modules"), 0o750); err != nil {
		t.Fatal(err)
	}
	var shell []string
	for _, name := range []string{
		"AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE", "AWS_SDK_LOAD_CONFIG",
		"AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EVENTBRIDGE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_OF_TOMORROW",
	} {
		shell = append(shell, name+"=shell")
	}
	copied.run(t, shell, "make", "FUNCTIONS=", "CDK=sh ./cdk.sh", "cdk.out/local/manifest.json")
	var got []string
	for line := range strings.Lines(copied.read(t, "cdk.env")) {
		if strings.HasPrefix(line, "AWS_") || strings.HasPrefix(line, "CDK_DISABLE_CLI_TELEMETRY") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(got)
	want := []string{
		"AWS_CONFIG_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "CDK_DISABLE_CLI_TELEMETRY=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the environment of the synthesis (-want +got):\n%s", diff)
	}
}

func TestADeploymentChecksTheQuotaWithTheProfileOfTheCDKAndADiffDoesNot(t *testing.T) {
	for target, want := range map[string]bool{"deploy": true, "diff": false, "github": false} {
		command := exec.CommandContext(t.Context(), "make", "--dry-run", target, "ENV=prod", "REPO=acme/shop", "FLAGS=--profile shop")
		command.Dir = root
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if checks := strings.Contains(string(out), "\ndist/local/quota \"prod\" --profile shop\n"); checks != want {
			t.Errorf("make %s checks the quota: %t\n%s", target, checks, out)
		}
	}
}
