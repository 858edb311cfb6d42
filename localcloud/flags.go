package main

import (
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/fault"
)

// options is what "localcloud up" was asked for.
type options struct {
	assembly     string
	readyFile    string
	port         int
	ordersPort   int
	stock        []string
	stockCommand string
	notify       string
	deliverTwice bool
	// scheduleEvery is 0 if every schedule has its own interval.
	scheduleEvery time.Duration
	pause         []string
	// faults are the probabilities of the faults that were asked for.
	faults         map[fault.Name]float64
	seed           uint64
	redeliverAfter time.Duration
	json           bool
	quiet          bool
}

// defaultStock is received if no other stock is asked for.
const defaultStock = "123=1000000"

func parse(arguments []string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("localcloud up", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.assembly, "assembly", "cdk.out/local", "the `folder` of the synthesized cloud assembly")
	flags.StringVar(&o.readyFile, "ready-file", "", "write a JSON `file` with all addresses once everything is up")
	flags.IntVar(&o.port, "port", 0, "the `port` of the AWS APIs; 0 is any free one")
	flags.IntVar(&o.ordersPort, "orders-port", 0, "the `port` of the function URL; 0 is any free one")
	flags.Func("stock", "receive `SKU=QUANTITY` at start; may be repeated (default "+defaultStock+")", func(given string) error {
		o.stock = append(o.stock, given)
		return checkStock(given)
	})
	flags.StringVar(&o.stockCommand, "stock-command", "dist/local/warehouse/stock", "the `command` that receives the stock; empty for none")
	flags.StringVar(&o.notify, "notify", "", "send the notifications to this `URL` instead of keeping them")
	flags.BoolVar(&o.deliverTwice, "deliver-twice", false, "deliver every message of every queue at least twice")
	flags.DurationVar(&o.scheduleEvery, "schedule-every", 0, "fire every schedule after this `interval` instead of its own, which is a minute at least")
	flags.Func("pause", "hold back all events and messages for the function at this construct `PATH` until POST /resume; may be repeated", func(given string) error {
		o.pause = append(o.pause, given)
		return nil
	})
	faultFlags(flags, &o)
	flags.BoolVar(&o.json, "json", false, "print a JSON object a line, for programs")
	flags.BoolVar(&o.quiet, "quiet", false, "print errors and losses only")
	if err := flags.Parse(arguments); err != nil {
		if err == flag.ErrHelp { //nolint:errorlint // The flag package gives it as it is.
			describe(flags, help)
			return o, err
		}
		return o, fmt.Errorf("%w: %w", err, errUsage)
	}
	if len(o.stock) == 0 {
		o.stock = []string{defaultStock}
	}
	return o, o.check(flags.Args())
}

// faultFlags defines the flags about faults.
func faultFlags(flags *flag.FlagSet, o *options) {
	o.faults = map[fault.Name]float64{}
	var names strings.Builder
	for some := range slices.Chunk(fault.Names(), 5) {
		names.WriteString("\n" + fault.List(some))
	}
	flags.Func("fault", "make a fault happen with a probability, as `NAME=PROBABILITY`; may be repeated; the names are"+names.String(), func(given string) error {
		name, chance, err := fault.Parse(given)
		if err == nil {
			o.faults[name] = chance
		}
		return err
	})
	flags.Uint64Var(&o.seed, "seed", 0, "the `number` that all faults are drawn from; 0 is a random one")
	flags.DurationVar(&o.redeliverAfter, "redeliver-after", 0,
		"bring back what a function has failed to handle after this `time` at most; 0 waits as long as AWS")
}

func describe(flags *flag.FlagSet, help io.Writer) {
	flags.SetOutput(help)
	fmt.Fprint(help, "usage: localcloud up [flags]\n\n"+ //nolint:errcheck // There is nowhere else to tell.
		"Runs the stack of a cloud assembly until Ctrl-C. localcloud/README.md explains more.\n\n")
	flags.PrintDefaults()
}

func (o options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q: %w", rest[0], errUsage)
	}
	for name, port := range map[string]int{"port": o.port, "orders-port": o.ordersPort} {
		if port < 0 || port > 65535 {
			return fmt.Errorf("--%s %d is not a port: %w", name, port, errUsage)
		}
	}
	if o.scheduleEvery < 0 {
		return fmt.Errorf("--schedule-every %s is negative: %w", o.scheduleEvery, errUsage)
	}
	if o.redeliverAfter < 0 {
		return fmt.Errorf("--redeliver-after %s is negative: %w", o.redeliverAfter, errUsage)
	}
	if o.notify == "" {
		return nil
	}
	address, err := url.Parse(o.notify)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return fmt.Errorf("--notify %q is not an HTTP URL: %w", o.notify, errUsage)
	}
	return nil
}

func checkStock(given string) error {
	sku, text, found := strings.Cut(given, "=")
	quantity, err := strconv.Atoi(text)
	if !found || sku == "" || err != nil || quantity < 1 {
		return fmt.Errorf("it must be SKU=QUANTITY with a quantity of at least 1")
	}
	return nil
}
