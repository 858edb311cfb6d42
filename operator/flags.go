package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/awsconfig"
)

// flags are the flags of a command, with those that locate the saga.
type flags struct {
	*flag.FlagSet

	arguments        string
	readyFile, stack string
	// loaded is the configuration of AWS's clients, or nil.
	loaded *aws.Config
}

// newFlagsAlone returns the flags of a command that needs no saga. Its help shows the
// arguments.
func newFlagsAlone(command, arguments string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(command, flag.ContinueOnError), arguments: arguments}
	f.SetOutput(io.Discard)
	return f
}

// newFlags is newFlagsAlone for a command that needs one.
func (o operator) newFlags(command, arguments string) *flags {
	f := newFlagsAlone(command, arguments)
	f.StringVar(&f.readyFile, "ready-file", o.readyFile, "the local cloud that wrote this `file` (default $SAGA_READY_FILE)")
	f.StringVar(&f.stack, "stack", "", "the stack of this `name` in AWS, found by the credentials and the region of the environment")
	return f
}

// parse parses the flags and then at most so many arguments, and requires one that
// locates the saga. The help is written to the given writer.
func (f *flags) parse(given []string, most int, help io.Writer) error {
	if err := f.parseAlone(given, most, help); err != nil {
		return err
	}
	if f.readyFile == "" && f.stack == "" {
		return fmt.Errorf("say where the saga is, with -ready-file or -stack: %w", errUsage)
	}
	return nil
}

// parseAlone is parse for a command that needs no saga.
func (f *flags) parseAlone(given []string, most int, help io.Writer) error {
	switch err := f.Parse(given); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(help)
		//nolint:errcheck // There is nowhere else to report it.
		fmt.Fprintf(help, "usage: operator %s\n", strings.TrimSpace(f.Name()+" [flags] "+f.arguments))
		f.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	case f.NArg() > most:
		return fmt.Errorf("unexpected argument %q (flags come first): %w", f.Arg(most), errUsage)
	}
	return nil
}

// parseOne parses the flags and then one argument, which is required. The error of a
// missing one names what it is.
func (f *flags) parseOne(given []string, what string, help io.Writer) (string, error) {
	err := f.parse(given, 1, help)
	if err == nil && f.Arg(0) == "" {
		err = fmt.Errorf("say which %s: %w", what, errUsage)
	}
	return f.Arg(0), err
}

// version identifies what open finds: the run of a local cloud, by when it has written its
// ready file, or a stack in AWS by its template.
func (f *flags) version(ctx context.Context) (string, error) {
	if f.stack == "" {
		info, err := os.Stat(f.readyFile)
		if err != nil {
			return "", err
		}
		return info.ModTime().String(), nil
	}
	config, err := f.aws(ctx)
	if err != nil {
		return "", err
	}
	template, err := stack.Template(ctx, cloudformation.NewFromConfig(config), f.stack)
	return string(template), err
}

// open finds the stack, and the configuration of the clients that reach it. A
// stack in a flag has precedence over a ready file in the environment.
func (f *flags) open(ctx context.Context) (stack.Stack, aws.Config, error) {
	if f.stack == "" {
		found, err := stack.ReadFile(f.readyFile)
		if err != nil {
			return stack.Stack{}, aws.Config{}, err
		}
		config, err := found.AWS(ctx)
		return found, config, err
	}
	config, err := f.aws(ctx)
	if err != nil {
		return stack.Stack{}, aws.Config{}, err
	}
	found, err := stack.Describe(ctx, cloudformation.NewFromConfig(config), f.stack)
	return found, config, err
}

// aws returns the configuration of AWS's clients. It is loaded once, because it caches the
// credentials: those of another one are requested again, such as from STS for a role.
func (f *flags) aws(ctx context.Context) (aws.Config, error) {
	if f.loaded == nil {
		config, err := awsconfig.Load(ctx)
		if err != nil {
			return aws.Config{}, err
		}
		f.loaded = &config
	}
	return *f.loaded, nil
}
