package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/console"
	"example.com/saga/localcloud/fault"
)

const maximumPort = 65535

// firstPort is that of the AWS APIs, and the function URLs have the next ones. It is
// below those that Linux and macOS choose for other programs, from 32768 on.
const firstPort = 4600

type options struct {
	cloud.Config

	readyFile  string
	setup      string
	highlights []console.Highlight
	// deadLetterCommand is that of console.Style.
	deadLetterCommand string
	// pause are the construct paths of functions.
	pause []string
	json  bool
	quiet bool
}

func parse(arguments []string, help io.Writer) (options, error) {
	o := options{Config: cloud.Config{FirstPort: firstPort}}
	flags := flag.NewFlagSet("localcloud up", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Assembly, "assembly", "cdk.out", "the `folder` of the synthesized cloud assembly")
	flags.StringVar(&o.readyFile, "ready-file", "", "write a JSON `file` with all addresses once everything is up")
	flags.StringVar(&o.setup, "setup", "", "run this shell `command` once everything is up and before the ready file is written;\n"+
		"its environment leads AWS clients to the local cloud, and LOCALCLOUD_READY_FILE names\n"+
		"a file with the content of the ready file; its output is printed beneath the addresses")
	flags.BoolVar(&o.DeliverTwice, "deliver-twice", false, "deliver every message of every queue at least twice")
	flags.DurationVar(&o.ScheduleEvery, "schedule-every", 0, "fire every schedule after this `interval` instead of its own, which is a minute at least")
	listFlag(flags, &o.pause, "pause", "hold back all events and messages for the function at this construct `PATH` until POST /resume; may be repeated", parsePath)
	listFlag(flags, &o.Debug, "debug", "run the function at this construct `PATH` in one process without a timeout, and print how a debugger\n"+
		"attaches to it; may be repeated", parsePath)
	mapFlag(flags, &o.Parameters, "parameter", "the value of a parameter of the template, as `NAME=VALUE`, instead of its default; may be repeated", parseParameter)
	addressFlags(flags, &o)
	outputFlags(flags, &o)
	faultFlags(flags, &o)
	mapFlag(flags, &o.Latency, "latency", "let every call by a function to a service take longer by a time, as `SERVICE=TIME`; may be repeated; the services are\n"+
		strings.Join(cloud.Latencies(), ", "), parseLatency)
	err := flags.Parse(arguments)
	if err == flag.ErrHelp { //nolint:errorlint // The flag package gives it as it is.
		// The assembly, whose functions are listed, may be given after it.
		if err := flags.Parse(flags.Args()); err != nil && err != flag.ErrHelp { //nolint:errorlint // As above.
			return o, fmt.Errorf("%w: %w", err, errUsage)
		}
		describe(flags, o.Assembly, help)
		return o, err
	}
	if err != nil {
		return o, fmt.Errorf("%w: %w", err, errUsage)
	}
	return o, o.check(flags.Args())
}

// listFlag defines a flag that may be repeated.
func listFlag[T any](flags *flag.FlagSet, values *[]T, name, usage string, parse func(string) (T, error)) {
	flags.Func(name, usage, func(given string) error {
		value, err := parse(given)
		*values = append(*values, value)
		return err
	})
}

// mapFlag defines a flag that may be repeated, of values by their names.
func mapFlag[K comparable, V any](flags *flag.FlagSet, values *map[K]V, name, usage string, parse func(string) (K, V, error)) {
	*values = map[K]V{}
	flags.Func(name, usage, func(given string) error {
		key, value, err := parse(given)
		(*values)[key] = value
		return err
	})
}

func addressFlags(flags *flag.FlagSet, o *options) {
	flags.Func("port", fmt.Sprintf("the `port` of the AWS APIs, which must be free; without it they and the function URLs have the first\n"+
		"free ones from %d on, with 0 any free ones", firstPort), func(given string) (err error) {
		o.Port, err = strconv.Atoi(given)
		if o.Port == 0 {
			o.FirstPort = 0
		}
		return err
	})
	mapFlag(flags, &o.URLPorts, "url-port", "the port of a function URL, as `FUNCTION=PORT` with the function's construct path, instead of the next one; may be repeated", parseURLPort)
	mapFlag(flags, &o.DestinationURLs, "destination-url", "the `URL` that replaces scheme and host of all API destinations' endpoints, instead of a receiver inside\n"+
		"that shows what they deliver, or DESTINATION=URL for the destination at this construct path; may be repeated", parseDestinationURL)
}

func outputFlags(flags *flag.FlagSet, o *options) {
	listFlag(flags, &o.highlights, "highlight", "colour the events whose detail type matches, as `COLOR=REGEXP`; may be repeated, the first that matches counts",
		console.ParseHighlight)
	flags.StringVar(&o.deadLetterCommand, "dead-letter-command", console.DefaultDeadLetterCommand,
		"print this `command` beside every message that moves to a dead-letter queue, with the construct path\n"+
			"of the queue for {queue}, its URL for {url}, and the address of the AWS APIs for {endpoint}")
	flags.BoolVar(&o.json, "json", false, "print a JSON object a line, for programs")
	flags.BoolVar(&o.quiet, "quiet", false, "print errors and losses only")
}

func faultFlags(flags *flag.FlagSet, o *options) {
	var names strings.Builder
	for some := range slices.Chunk(fault.Names(), 5) {
		names.WriteString("\n" + fault.List(some))
	}
	mapFlag(flags, &o.Faults, "fault", "let a fault happen with a probability, as `NAME=PROBABILITY`; may be repeated; the names are"+names.String(), fault.Parse)
	flags.Uint64Var(&o.Seed, "seed", 0, "the `number` that all faults, and the versions behind weighted aliases, are drawn from; 0 is a random one")
	flags.DurationVar(&o.RedeliverAfter, "redeliver-after", 0,
		"bring back what a function has failed to handle after this `time` at most; 0 waits as long as AWS")
}

// describe writes the flags, and the functions of the assembly. That nothing is at
// the default place is no problem.
func describe(flags *flag.FlagSet, dir string, help io.Writer) {
	flags.SetOutput(help)
	write := func(format string, args ...any) {
		fmt.Fprintf(help, format, args...) //nolint:errcheck // There is nowhere else to write it.
	}
	write("usage: localcloud up [flags]\n\nRuns the stack of a cloud assembly until Ctrl-C. localcloud/README.md explains more.\n\n")
	flags.PrintDefaults()
	switch paths, err := assembly.FunctionPaths(dir); {
	case err == nil:
		write("\nThe functions of %s:\n  %s\n", dir, strings.Join(paths, "\n  "))
	case dir != flags.Lookup("assembly").DefValue:
		write("\nThe functions of %s cannot be listed: %s\n", dir, err)
	}
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: %w", rest[0], errUsage)
	case o.Port < 0 || o.Port > maximumPort:
		return fmt.Errorf("--port %d is not a port: %w", o.Port, errUsage)
	case o.ScheduleEvery < 0:
		return fmt.Errorf("--schedule-every %s is negative: %w", o.ScheduleEvery, errUsage)
	case o.RedeliverAfter < 0:
		return fmt.Errorf("--redeliver-after %s is negative: %w", o.RedeliverAfter, errUsage)
	}
	return nil
}

// parsePath reads a construct path, of which any text can be one.
func parsePath(given string) (string, error) { return given, nil }

// parseParameter reads NAME=VALUE.
func parseParameter(given string) (name, value string, err error) {
	name, value, found := strings.Cut(given, "=")
	if !found || name == "" {
		return "", "", errors.New("it must be NAME=VALUE")
	}
	return name, value, nil
}

// parseDestinationURL reads URL, for which the destination is empty, or
// DESTINATION=URL. The URL is returned without a slash at its end.
func parseDestinationURL(given string) (destination, base string, err error) {
	destination, base, named := strings.Cut(given, "=")
	if strings.HasPrefix(given, "http://") || strings.HasPrefix(given, "https://") {
		destination, base, named = "", given, false
	}
	address, err := url.Parse(base)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" || named && destination == "" {
		return "", "", errors.New("it must be URL or DESTINATION=URL, with an HTTP URL")
	}
	if base = address.Scheme + "://" + address.Host; base != strings.TrimSuffix(address.String(), "/") {
		return "", "", fmt.Errorf("it must be %s alone: path and query are those of the endpoint in the template", base)
	}
	return destination, base, nil
}

// parseLatency reads SERVICE=TIME.
func parseLatency(given string) (service string, latency time.Duration, err error) {
	service, text, _ := strings.Cut(given, "=")
	if !slices.Contains(cloud.Latencies(), service) {
		return "", 0, fmt.Errorf("there is no service %q; there are %s", service, strings.Join(cloud.Latencies(), ", "))
	}
	latency, err = time.ParseDuration(text)
	if err != nil || latency < 0 {
		return "", 0, fmt.Errorf("the latency of %s must be a time such as 5ms", service)
	}
	return service, latency, nil
}

// parseURLPort reads FUNCTION=PORT.
func parseURLPort(given string) (function string, port int, err error) {
	function, text, _ := strings.Cut(given, "=")
	port, err = strconv.Atoi(text)
	if function == "" || err != nil || port < 1 || port > maximumPort {
		return "", 0, fmt.Errorf("it must be FUNCTION=PORT with a port from 1 to %d", maximumPort)
	}
	return function, port, nil
}
