// Command operator operates a deployed saga: it receives stock, shows, redrives and
// discards dead letters, replays events to one context, audits the results, shows an
// order and its records, shows a customer's points and erases a customer, shows events
// while they happen, rotates the keys of the notification endpoint and of orders, and
// writes the catalogue of events and the order API as pages. It works with AWS and with the local cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.com/saga/operator/terminal"
	"example.com/saga/pkg/printable"
)

const usage = `operator receives stock, works with the dead letters, the events and the secrets of a saga, audits the saga, shows orders with their records and the points of customers, and erases customers.

usage: operator dlq     [flags] [QUEUE]   show the dead-letter queues, or the dead letters in one
       operator redrive [flags] QUEUE     send the dead letters in a queue to their original destinations
       operator discard [flags] QUEUE     print the dead letters in a queue, and remove them
       operator replay  [flags]           send the events of a time or an order to one context again
       operator audit   [flags]           check the invariants of the saga
       operator order   [flags] ORDER     show why an order ended, or where it stands and why
       operator record  [flags] ORDER     show the records of an order in every context, as JSON
       operator balance [flags] CUSTOMER  print the points of a customer
       operator erase   [flags] CUSTOMER  erase the orders and the points of a customer
       operator watch   [flags]           show the events of all orders while they happen
       operator console [flags]           serve the console: the saga in a browser
       operator receive [flags] SKU=QUANTITY…
                                          publish that stock was received
       operator examples [flags]          print commands that place, follow and cancel an order in a local cloud
       operator rotate  [flags]           replace the key of the notification endpoint, or that of orders' ids and tokens
       operator site    [flags] DIR       write the catalogue of events and the order API as static pages

Every command but site finds the saga by -ready-file FILE (the local cloud) or -stack NAME (AWS).
The flags of a command are listed by: operator COMMAND -h. letters is another name of dlq.
`

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// errUsage means that the arguments are wrong.
var errUsage = errors.New("see operator help")

func main() {
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	o := operator{
		stdout: os.Stdout, stderr: os.Stderr, clock: time.Now, readyFile: os.Getenv("SAGA_READY_FILE"),
		color: terminal.HasColors(os.Stdout, os.Getenv("NO_COLOR")),
	}
	code := o.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// operator is what the program gets from outside.
type operator struct {
	stdout, stderr io.Writer
	clock          func() time.Time
	// readyFile is the environment variable SAGA_READY_FILE.
	readyFile string
	// color reports whether stdout shows colours.
	color bool
}

// run runs the command in the arguments, and returns the exit code.
func (o operator) run(ctx context.Context, arguments []string) int {
	err := o.command(ctx, arguments)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		o.fail(err)
		return exitUsage
	}
	o.fail(err)
	return exitError
}

// fail prints an error in one line.
func (o operator) fail(err error) {
	//nolint:errcheck // There is nowhere else to report it.
	fmt.Fprintln(o.stderr, "operator:", printable.Line(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

func (o operator) command(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("a command is missing: %w", errUsage)
	}
	switch name, rest := arguments[0], arguments[1:]; name {
	case "dlq", "letters":
		return o.dlq(ctx, rest)
	case "redrive":
		return o.redrive(ctx, rest)
	case "discard":
		return o.discard(ctx, rest)
	case "replay":
		return o.replay(ctx, rest)
	case "audit":
		return o.audit(ctx, rest)
	case "order":
		return o.order(ctx, rest)
	case "record":
		return o.record(ctx, rest)
	case "balance":
		return o.balance(ctx, rest)
	case "erase":
		return o.erase(ctx, rest)
	case "watch":
		return o.watch(ctx, rest)
	case "receive":
		return o.receive(ctx, rest)
	case "console":
		return o.console(ctx, rest)
	case "examples":
		return o.examples(ctx, rest)
	case "rotate":
		return o.rotate(ctx, rest)
	case "site":
		return o.site(rest)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(o.stdout, usage)
		return err
	default:
		return fmt.Errorf("there is no command %q: %w", name, errUsage)
	}
}
