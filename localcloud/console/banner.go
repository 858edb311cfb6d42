package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/printable"
)

// Banner is what is shown once everything is up.
type Banner struct {
	Stack string        `json:"stack"`
	Took  time.Duration `json:"-"`
	// TakenPorts are the ports that others had, so that addresses are not the usual ones.
	TakenPorts []int `json:"takenPorts,omitempty"`

	cloud.Addresses

	// Paused are the construct paths of the functions that are paused.
	Paused []string `json:"paused,omitempty"`
	// Setup is what the setup command has printed.
	Setup string `json:"setup,omitempty"`
}

// Ready shows where everything is, and beneath it what the setup has printed.
func (c *Console) Ready(b Banner) {
	c.show("ready", b, func() { c.banner(b) })
}

func (c *Console) banner(b Banner) {
	c.line("")
	c.line("%s is up, after %s. Ctrl-C stops it.", c.paint(bold, b.Stack), b.Took.Round(time.Millisecond))
	if len(b.TakenPorts) > 0 {
		c.line("These addresses are not the usual ones: other programs have the ports %v.", b.TakenPorts)
	}
	c.table("Function URLs", b.FunctionURLs)
	c.table("Outputs", b.Outputs)
	if b.DeliveriesURL != "" {
		c.entry("What API destinations have delivered", "curl "+b.DeliveriesURL)
	}
	c.entry("Calls, counters and queue depths", "curl "+b.UsageURL)
	c.entry("Traces", "curl "+b.TracesURL)
	// Version 1 of the CLI has an endpoint of its own for SQS, before the variable's:
	// https://github.com/aws/aws-cli/blob/develop/awscli/customizations/overridesslcommonname.py
	c.entry("AWS clients, in a shell of their own (version 1 of the AWS CLI calls the real SQS without --endpoint-url)",
		fmt.Sprintf("export AWS_ENDPOINT_URL=%s AWS_REGION=%[2]s AWS_DEFAULT_REGION=%[2]s AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local", b.AWSEndpointURL, b.Region))
	if len(b.Paused) > 0 {
		c.entry("Resume "+printable.Line(strings.Join(b.Paused, ", ")), "curl -X POST "+b.AWSEndpointURL+"/resume")
	}
	c.line("")
	setup := strings.TrimRight(b.Setup, "\n")
	if setup == "" {
		return
	}
	for line := range strings.SplitSeq(setup, "\n") {
		c.line("%s", c.paint(plain, line))
	}
	c.line("")
}

func (c *Console) entry(what, command string) {
	c.line("")
	c.line("%s:", what)
	c.line("  %s", c.paint(green, command))
}

func (c *Console) table(what string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	c.line("")
	c.line("%s:", what)
	names := slices.Sorted(maps.Keys(values))
	width := 0
	for _, name := range names {
		width = max(width, len(printable.Line(name)))
	}
	for _, name := range names {
		c.line("  %s  %s", c.paint(plain, fmt.Sprintf("%-*s", width, printable.Line(name))), c.paint(green, values[name]))
	}
}
