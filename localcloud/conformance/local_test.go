package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// startLocal starts the local cloud with the template.
func startLocal(ctx context.Context, dir string) (s *stack, stop func() error, err error) {
	if err := assemble(ctx, dir); err != nil {
		return nil, nil, err
	}
	program := os.Getenv("CONFORMANCE_LOCAL")
	if program == "" {
		program = filepath.Join(dir, "localcloud")
		if err := build(ctx, "..", program); err != nil {
			return nil, nil, err
		}
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, nil, err
	}
	slowPort, err := freePort(ctx)
	if err != nil {
		return nil, nil, err
	}
	ready := filepath.Join(dir, "ready.json")
	// The API destinations call the probe's function URLs, here as on AWS.
	command := exec.CommandContext(context.WithoutCancel(ctx), program, "up", "--quiet",
		"--assembly", dir, "--ready-file", ready,
		"--url-port", fmt.Sprintf("Endpoint=%d", port), "--url-port", fmt.Sprintf("Slow=%d", slowPort),
		"--destination-url", fmt.Sprintf("http://127.0.0.1:%d", port), "--destination-url", fmt.Sprintf("SlowDestination=http://127.0.0.1:%d", slowPort))
	output := new(bytes.Buffer)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return nil, nil, fmt.Errorf("starting the local cloud: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	stop = func() error { return end(command, ended, output) }
	s, err = awaitReady(ready, ended, output)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	s.probe, s.localProgram = filepath.Join(dir, "probe", "bootstrap"), program
	return s, stop, nil
}

// assemble builds the probe and makes a cloud assembly of the template, with the
// probe as the asset that a function's code is.
func assemble(ctx context.Context, dir string) error {
	if err := build(ctx, "./probe", filepath.Join(dir, "probe", "bootstrap")); err != nil {
		return err
	}
	text, err := os.ReadFile("template.json")
	if err != nil {
		return err
	}
	// What `aws cloudformation package` does to a folder.
	text = bytes.ReplaceAll(text, []byte(`"Code": "../../dist/conformance"`), []byte(`"Code": {"S3Bucket": "assets", "S3Key": "probe.zip"}`))
	return writeAssembly(dir, text)
}

// writeAssembly makes a cloud assembly of a template whose only asset is the probe.
func writeAssembly(dir string, template []byte) error {
	for name, content := range map[string]string{
		"conformance.template.json": string(template),
		"conformance.assets.json":   `{"files": {"probe": {"source": {"path": "probe"}, "destinations": {"here": {"objectKey": "probe.zip"}}}}}`,
		"manifest.json": `{"artifacts": {
			"conformance.assets": {"type": "cdk:asset-manifest", "properties": {"file": "conformance.assets.json"}},
			"conformance": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "conformance.template.json"}}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// build builds the program of a folder.
func build(ctx context.Context, folder, program string) error {
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-o", program, folder)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", folder, err, out)
	}
	return nil
}

// freePort returns a port that no process listens on.
func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func awaitReady(path string, ended chan error, output *bytes.Buffer) (*stack, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			return localStack(text)
		}
		select {
		case err := <-ended:
			ended <- err
			return nil, fmt.Errorf("the local cloud ended early: %w: %s", err, output)
		case <-tick.C:
		}
	}
}

func localStack(ready []byte) (*stack, error) {
	var where struct {
		AWSEndpointURL string            `json:"awsEndpointUrl"`
		Region         string            `json:"region"`
		Outputs        map[string]string `json:"outputs"`
	}
	if err := json.Unmarshal(ready, &where); err != nil {
		return nil, err
	}
	// Independently of the shell's settings for AWS, the clients call the local
	// cloud.
	cfg := aws.Config{
		Region: where.Region, BaseEndpoint: &where.AWSEndpointURL,
		Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", ""),
	}
	return newStack(cfg, where.Outputs, 30*time.Second), nil
}

// end ends the local cloud, and shows what it wrote if it does not end well.
func end(command *exec.Cmd, ended chan error, output *bytes.Buffer) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("the local cloud ends with: %w: %s", err, output)
		}
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("the local cloud does not end on SIGTERM"), command.Process.Kill())
	}
}
