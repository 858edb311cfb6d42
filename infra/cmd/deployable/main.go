// Command deployable checks whether the settings of an environment can be
// deployed: deployable prod. It runs before anything is built, and needs no CDK.
package main

import (
	"fmt"
	"os"

	"example.com/saga/infra/environment"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: deployable ENVIRONMENT")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(name string) error {
	settings, err := environment.Named(name)
	if err != nil {
		return err
	}
	return settings.Deployable()
}
