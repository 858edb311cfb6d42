// Command infra is the CDK app: it synthesizes one stack for the environment
// that is chosen with -c env=<name>.
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
	settings, err := environment.Named(chosen(app))
	if err != nil {
		return err
	}
	artefacts, err := findArtefacts("dist/" + settings.Target)
	if err != nil {
		return err
	}
	newSaga(app, settings, artefacts)
	app.Synth(nil)
	return nil
}

// chosen is the name of the environment, dev if none is given.
func chosen(app awscdk.App) string {
	value := app.Node().TryGetContext(new("env"))
	if value == nil {
		return "dev"
	}
	return fmt.Sprint(value)
}
