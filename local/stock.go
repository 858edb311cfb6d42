package main

import (
	"bytes"
	"context"
	"fmt"
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
	command.Env = append(slices.Clone(m.environment),
		"AWS_ENDPOINT_URL="+f.AWSEndpointURL,
		"AWS_REGION="+f.Region,
		"AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_SESSION_TOKEN=local",
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

// lastLine is what a program has said last, after a colon.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
