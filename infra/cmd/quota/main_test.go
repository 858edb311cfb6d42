package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build builds the command.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "quota")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// execute runs the command without the shell's settings for AWS, and returns its output
// and its exit code.
func execute(t *testing.T, program string, variables []string, args ...string) (output string, exitCode int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
	command.Env = append(command.Env, variables...)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

// serve answers as AWS does, for an account with this quota, of which nothing is
// reserved. A quota of 0 is not shown to the caller.
func serve(t *testing.T, account string, quota int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/"):
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPost && r.URL.Path == "/": // sts:GetCallerIdentity, the only call that is a form.
			fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account)
		case r.URL.Path == "/2016-08-19/account-settings" || r.URL.Path == "/2016-08-19/account-settings/":
			if quota == 0 {
				w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"Message": "User is not authorized to perform: lambda:GetAccountSettings"}`)
				return
			}
			fmt.Fprintf(w, `{"AccountLimit": {"ConcurrentExecutions": %d, "UnreservedConcurrentExecutions": %d}}`, quota, quota)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestTheCommandComparesTheLimitsWithTheAccount(t *testing.T) {
	program := build(t)
	const warning = "warning: it was not checked whether the account has enough concurrent executions of Lambda: "
	for name, test := range map[string]struct {
		account  string
		quota    int
		args     []string
		exitCode int
		want     string // The beginning of the one line; empty for no output.
	}{
		"a large quota":       {"222222222222", 1000, []string{"prod"}, 0, ""},
		"a new account":       {"222222222222", 10, []string{"prod", "--verbose"}, 1, "environment prod needs 110 concurrent executions of Lambda (10 reserved and 100 that Lambda keeps unreserved) and there are 10, of the account's 10 in eu-west-1: "},
		"no permission":       {"222222222222", 0, []string{"prod"}, 0, warning + "lambda:GetAccountSettings: "},
		"another account":     {"111111111111", 10, []string{"prod"}, 0, warning + "the credentials are of account 111111111111, "},
		"no such profile":     {"222222222222", 10, []string{"prod", "--profile", "shop"}, 0, warning + "load the AWS configuration: "},
		"nothing is limited":  {"222222222222", 10, []string{"dev"}, 0, ""},
		"no such environment": {"222222222222", 1000, []string{"production"}, 1, `unknown environment "production"`},
		"no environment":      {"222222222222", 1000, nil, 2, "usage: "},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, test.account, test.quota)
			output, exitCode := execute(t, program, []string{
				"AWS_ENDPOINT_URL=" + server.URL, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret",
			}, test.args...)
			if exitCode != test.exitCode || !strings.HasPrefix(output, test.want) || (output == "") != (test.want == "") || strings.Count(output, "\n") > 1 {
				t.Errorf("exit code %d, output %q, want %d and %q", exitCode, output, test.exitCode, test.want)
			}
		})
	}
}

func TestWithoutCredentialsOrNetworkThereIsAWarningOfOneLine(t *testing.T) {
	program := build(t)
	for name, variables := range map[string][]string{
		"no credentials": nil,
		"no network":     {"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1"},
	} {
		t.Run(name, func(t *testing.T) {
			output, exitCode := execute(t, program, variables, "prod")
			if exitCode != 0 || !strings.HasPrefix(output, "warning: ") || strings.Count(output, "\n") != 1 {
				t.Errorf("exit code %d, output %q", exitCode, output)
			}
		})
	}
}

func TestTheCommandNeedsNoCDK(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "awscdk") {
		t.Error("it imports the CDK")
	}
}
