// Command infra is the CDK app: it synthesizes one stack of the environment
// that -c env=<name> selects. That is the saga or, with
// -c github=<owner>/<repository>, the stack that lets the workflows of a
// repository deploy the saga. With -c protection=later it leaves out what prevents the
// deletion of a protected stack: docs/first-deployment.md.
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

// closeRuntime ends the Node process that the CDK runs in, and removes its
// files. Two goroutines of jsii wait for the process to end, and the second one
// writes to stderr that there is no such process. This app has written
// everything by then, so stderr is discarded first.
func closeRuntime() {
	discarded, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stderr = discarded
	}
	jsii.Close()
}

func synthesize() error {
	app := awscdk.NewApp(nil)
	settings, err := environment.Named(contextValue(app, "env", "dev"))
	if err != nil {
		return err
	}
	if settings.Deletable, err = isDeletable(contextValue(app, "protection", "now")); err != nil {
		return err
	}
	// The CDK command line sets it to the account of the credentials.
	if err := settings.CheckAccount(os.Getenv("CDK_DEFAULT_ACCOUNT")); err != nil {
		return err
	}
	if err := addStack(app, settings); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// isDeletable reports whether what prevents the deletion of a protected stack is added
// later.
func isDeletable(protection string) (bool, error) {
	if protection != "now" && protection != "later" {
		return false, fmt.Errorf("the protection is now or later, and not %q", protection)
	}
	return protection == "later", nil
}

func addStack(app awscdk.App, settings environment.Settings) error {
	if app.Node().TryGetContext(new("github")) != nil {
		repository, err := newRepository(contextValue(app, "github", ""), contextValue(app, "provider", "new"))
		if err != nil {
			return err
		}
		newGitHub(app, settings, repository)
		return nil
	}
	built, err := findArtefacts("dist/"+settings.Target, "services")
	if err != nil {
		return err
	}
	newSaga(app, settings, built)
	return nil
}

// contextValue returns a value of the app's context, which the option -c of the
// CDK command line sets, or the fallback if it is not set.
func contextValue(app awscdk.App, key, fallback string) string {
	value := app.Node().TryGetContext(&key)
	if value == nil {
		return fallback
	}
	return fmt.Sprint(value)
}
