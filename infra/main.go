// Command infra is the CDK app: it synthesizes one stack for the environment
// that is chosen with -c env=<name>. That is the saga, or with
// -c github=<owner>/<repository> the stack that lets a repository's workflows
// deploy the saga.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/environment"
)

func main() {
	err := synthesize()
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
	}
	closeRuntime()
	if err != nil {
		os.Exit(1)
	}
}

// closeRuntime ends the Node process that CDK runs in, and removes its files.
// Two goroutines of jsii wait for the end of that process; the one that comes
// second reports on stderr that there is no such process. Nothing else is
// written by then.
func closeRuntime() {
	quiet, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stderr = quiet
	}
	jsii.Close()
}

func synthesize() error {
	app := awscdk.NewApp(nil)
	settings, err := environment.Named(given(app, "env", "dev"))
	if err != nil {
		return err
	}
	// The CDK command line says here which account the credentials lead to.
	if err := settings.CheckAccount(os.Getenv("CDK_DEFAULT_ACCOUNT")); err != nil {
		return err
	}
	if err := addStack(app, settings); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

func addStack(app awscdk.App, settings environment.Settings) error {
	if app.Node().TryGetContext(new("github")) != nil {
		access, err := newAccess(given(app, "github", ""), given(app, "provider", "new"))
		if err != nil {
			return err
		}
		newGitHub(app, settings, access)
		return nil
	}
	built, err := findArtefacts("dist/"+settings.Target, "services")
	if err != nil {
		return err
	}
	newSaga(app, settings, built)
	return nil
}

// given is a value of the app's context, as the option -c of the CDK command
// line sets it.
func given(app awscdk.App, key, otherwise string) string {
	value := app.Node().TryGetContext(&key)
	if value == nil {
		return otherwise
	}
	return fmt.Sprint(value)
}
