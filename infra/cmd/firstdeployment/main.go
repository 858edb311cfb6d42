// Command firstdeployment makes the first of the two deployments of a protected stack
// that was never created completely: firstdeployment prod saga-prod cdk deploy …
//
// A creation that fails must be repeatable: CloudFormation deletes what was created,
// and the CDK deletes the stack before the next try. So the first deployment, the
// given command, leaves out what prevents a deletion, and the one that follows it adds
// that. Of a stack that was created, and of an environment that is not protected, the
// command is not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"example.com/saga/infra/cmd/internal/cdkflags"
	"example.com/saga/infra/environment"
	"example.com/saga/pkg/awsconfig"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: firstdeployment ENVIRONMENT STACK COMMAND …")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stderr, os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "firstdeployment:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, name, stack string, command []string) error {
	settings, err := environment.Named(name)
	if err != nil {
		return err
	}
	if !settings.Protected {
		return nil
	}
	loaded, err := awsconfig.Load(ctx, config.WithRegion(settings.Region), config.WithSharedConfigProfile(cdkflags.Profile(command)))
	if err != nil {
		return err
	}
	client := cloudformation.NewFromConfig(loaded)
	status, err := statusOf(ctx, client, stack)
	if err != nil || isCreated(status) {
		return err
	}
	if _, err := fmt.Fprintf(out, "The stack %s was never created completely (%s). It is deployed twice: the second deployment adds the protection.\n", stack, status); err != nil {
		return err
	}
	deployment := exec.CommandContext(ctx, command[0], command[1:]...)
	deployment.Stdin, deployment.Stdout, deployment.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := deployment.Run(); err != nil {
		return fmt.Errorf("%w: docs/first-deployment.md describes how to repeat it", err)
	}
	// It may only have prepared a change set.
	if status, err = statusOf(ctx, client, stack); err == nil && !isCreated(status) {
		err = fmt.Errorf("the stack %s is not created (%s): create it, and deploy again for the protection", stack, status)
	}
	return err
}

// missing is the status of a stack that does not exist.
const missing = types.StackStatus("it does not exist")

// statusOf returns the status of a stack.
func statusOf(ctx context.Context, client *cloudformation.Client, stack string) (types.StackStatus, error) {
	found, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	var failure smithy.APIError
	if errors.As(err, &failure) && failure.ErrorCode() == "ValidationError" && strings.HasSuffix(failure.ErrorMessage(), "does not exist") {
		return missing, nil
	}
	if err != nil {
		return "", fmt.Errorf("ask CloudFormation for the stack %s: %w", stack, err)
	}
	if len(found.Stacks) != 1 {
		return "", fmt.Errorf("CloudFormation has %d stacks %s", len(found.Stacks), stack)
	}
	return found.Stacks[0].StackStatus, nil
}

// isCreated reports whether every resource of the stack was created once, so that a
// failure from then on is rolled back by an update
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html).
func isCreated(status types.StackStatus) bool {
	return status == types.StackStatusCreateComplete ||
		strings.HasPrefix(string(status), "UPDATE_") || strings.HasPrefix(string(status), "IMPORT_")
}
