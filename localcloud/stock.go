package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// stockPatience is how long the stack may take to receive the stock.
const stockPatience = 30 * time.Second

// receiveStock runs the command that publishes the goods that came in, and
// waits until they are on the shelves.
func (m machine) receiveStock(ctx context.Context, o options, f facts, awaitIdle func(context.Context) error) error {
	if o.stockCommand == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stockPatience)
	defer cancel()
	command := exec.CommandContext(ctx, o.stockCommand, o.stock...)
	command.Env = append(withoutAWS(m.environment),
		"AWS_ENDPOINT_URL="+f.AWSEndpointURL,
		"AWS_REGION="+f.Region,
		"AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_SESSION_TOKEN=local",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"EVENT_BUS_NAME="+f.Outputs[outputBus],
	)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("receiving the stock with %s: %w%s", o.stockCommand, err, lastLine(output.String()))
	}
	if err := awaitIdle(ctx); err != nil {
		return fmt.Errorf("receiving the stock: %w", err)
	}
	return nil
}

// withoutAWS returns an environment without what a shell may say about AWS and
// proxies: a profile, an endpoint of a service or a bundle of certificates would
// keep an AWS client from the local cloud, or let it call AWS.
func withoutAWS(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		return strings.HasPrefix(name, "AWS_") || slices.Contains([]string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}, name)
	})
}

// lastLine is what a program has said last, after a colon.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
