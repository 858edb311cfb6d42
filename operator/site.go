package main

import (
	"fmt"
	"os"

	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/site"
	"example.com/saga/services/order/httpapi"
)

// site writes the catalogue of events and the order API as static pages. It needs no saga that runs.
func (o operator) site(given []string) error {
	flags := newFlagsAlone("site", "DIR")
	path := flags.String("template", "", "read the buses and the rules from this CloudFormation template, a `file` in JSON")
	if err := flags.parseAlone(given, 1, o.stdout); err != nil {
		return err
	}
	if *path == "" || flags.Arg(0) == "" {
		return fmt.Errorf("say which template, with -template, and which folder: %w", errUsage)
	}
	template, err := os.ReadFile(*path)
	if err != nil {
		return err
	}
	events, err := catalogue.New(template)
	if err != nil {
		return fmt.Errorf("%s: %w", *path, err)
	}
	return site.Write(flags.Arg(0), events, httpapi.OpenAPI())
}
