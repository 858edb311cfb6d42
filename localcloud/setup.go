package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/saga/localcloud/cloud"
)

// idlePatience is how long the stack may take to handle what the setup has caused:
// long enough for a message to come again after its visibility timeout.
const idlePatience = 5 * time.Minute

// setUp runs the setup command, waits until all that follows from it is done, and
// returns what it has printed.
func (m machine) setUp(ctx context.Context, command string, where cloud.Description, awaitIdle func(context.Context) error) (_ string, err error) {
	if command == "" {
		return "", nil
	}
	dir, err := os.MkdirTemp("", "localcloud-")
	if err != nil {
		return "", fmt.Errorf("preparing the setup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ready, err := writeReadyFile(filepath.Join(dir, "ready.json"), where)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, ready.remove()) }()
	output, err := m.runSetup(ctx, command, ready.path, where)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, idlePatience)
	defer cancel()
	if err := awaitIdle(ctx); err != nil {
		return "", fmt.Errorf("after the setup: %w", err)
	}
	return output, nil
}

// runSetup runs the setup command with an operator's credentials. Its error has the
// last line that the command has written.
func (m machine) runSetup(ctx context.Context, text, readyFile string, where cloud.Description) (string, error) {
	command := exec.CommandContext(ctx, "sh", "-c", text)
	command.Env = append(withoutAWS(m.environment),
		"AWS_ENDPOINT_URL="+where.AWSEndpointURL,
		"AWS_REGION="+where.Region,
		"AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_SESSION_TOKEN=local",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"LOCALCLOUD_READY_FILE="+readyFile,
	)
	// A group of its own, so that it is ended with its children.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A process that it leaves behind could hold its output open for ever.
	command.WaitDelay = time.Second
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("the setup fails: %w%s", err, cmp.Or(lastLine(stderr.String()), lastLine(stdout.String())))
	}
	return stdout.String(), m.warn(stderr.String())
}

// withoutAWS returns an environment without what a shell may set for AWS and
// proxies: a profile, an endpoint of a service or a bundle of certificates would
// keep an AWS client from the local cloud, or let it call AWS.
func withoutAWS(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(variable string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		return strings.HasPrefix(name, "AWS_") || slices.Contains([]string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}, name)
	})
}

// lastLine returns the last line of what a program has written, after a colon.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
