// Command quota checks before a deployment whether the account has as many concurrent
// executions of Lambda as the settings of an environment need:
//
//	quota prod --profile shop
//
// After the environment it takes the options of the CDK's command line, of which it
// only reads the profile. It needs no CDK, and changes nothing. If the quota is too
// small, it ends with exit code 1. If it cannot find out, it writes a warning with the
// reason and ends with exit code 0: a deployment needs fewer permissions than this check.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/saga/infra/cmd/internal/cdkflags"
	"example.com/saga/infra/environment"
	"example.com/saga/pkg/awsconfig"
)

// patience is how long the check may take, so that a deployment does not wait for a
// network that is not there.
const patience = 30 * time.Second

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: quota ENVIRONMENT [OPTION OF THE CDK]…")
		os.Exit(2)
	}
	err := check(os.Args[1], cdkflags.Profile(os.Args[2:]))
	if unknown, isUnknown := errors.AsType[unknownError](err); isUnknown {
		fmt.Fprintln(os.Stderr, "warning: it was not checked whether the account has enough concurrent executions of Lambda:", oneLine(unknown))
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check returns an error if the quota is too small, and an unknownError if it is not known.
func check(name, profile string) error {
	settings, err := environment.Named(name)
	if err != nil || !settings.NeedsQuota() {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := []func(*config.LoadOptions) error{config.WithSharedConfigProfile(profile)}
	if settings.Region != "" {
		options = append(options, config.WithRegion(settings.Region))
	}
	loaded, err := awsconfig.Load(ctx, options...)
	if err != nil {
		return unknownError{err}
	}
	quota, err := readQuota(ctx, settings, sts.NewFromConfig(loaded), lambda.NewFromConfig(loaded))
	if err != nil {
		return unknownError{err}
	}
	quota.Region = loaded.Region
	return settings.CheckQuota(quota)
}

// unknownError is why the quota is not known.
type unknownError struct{ error }

func (e unknownError) Unwrap() error { return e.error }

// oneLine returns the text of an error in one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
