package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"example.com/saga/operator/console"
)

// console serves the console until it is stopped.
func (o operator) console(ctx context.Context, given []string) error {
	flags := o.newFlags("console", "")
	port := flags.Int("port", console.Port, "serve on this `port` of loopback, or the next free one; 0 is any free one")
	write := flags.Bool("write", false, "allow the console to change a saga in AWS: to place and cancel orders, replay, redrive and discard; a local cloud it may always change")
	withRun := flags.Bool("with-run", false, "serve at once, show the saga as soon as its ready file is written, and end with the process that started the console")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	listener, err := console.Listen(ctx, *port)
	if err != nil {
		return fmt.Errorf("serve the console: %w", err)
	}
	if err := o.announce(listener.Addr(), *port); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(o.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	gate := &console.Gate{}
	var cancel context.CancelFunc
	if ctx, cancel = context.WithCancel(ctx); *withRun {
		ctx = untilOrphaned(ctx, cancel)
	}
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- console.Serve(ctx, listener, gate, logger) }()
	if err := o.open(ctx, flags, gate, *withRun, *write, logger); err != nil {
		cancel()
		return errors.Join(err, <-served)
	}
	return <-served
}

// open opens the console behind the gate, and keeps it up to date until ctx ends. If the
// stack in AWS gets another template, or the local cloud is started again, another console
// takes its place, because names and addresses may differ.
func (o operator) open(ctx context.Context, flags *flags, gate *console.Gate, withRun, write bool, logger *slog.Logger) error {
	if withRun {
		if ready, err := o.awaitReadyFile(ctx, flags.readyFile); err != nil || !ready {
			return err
		}
	}
	var running sync.WaitGroup
	stop, shown := context.CancelFunc(func() {}), ""
	defer func() {
		stop()
		running.Wait()
	}()
	for ; ctx.Err() == nil; wait(ctx, versionEvery) {
		version, next, err := o.another(ctx, flags, shown, write, logger)
		switch {
		case err != nil && shown == "":
			return err
		case errors.Is(err, fs.ErrNotExist): // The local cloud does not run.
		case err != nil:
			logger.WarnContext(ctx, "the console may show an earlier template", slog.String("error", err.Error()))
		case next != nil:
			stop()
			until, end := context.WithCancel(ctx)
			stop = end
			gate.Open(next.Handler())
			running.Go(func() { next.Run(until) })
			shown = version
		}
	}
	return nil
}

// versionEvery is how often the console looks for another template or run.
const versionEvery = 5 * time.Second

// another returns a console, and the version of what it shows, if that is not the version
// that is shown.
func (o operator) another(ctx context.Context, flags *flags, shown string, write bool, logger *slog.Logger) (string, *console.Console, error) {
	version, unknown := flags.version(ctx)
	if shown != "" && (unknown != nil || version == shown) {
		return "", nil, unknown
	}
	found, config, err := flags.open(ctx)
	if err != nil || unknown != nil {
		return "", nil, cmp.Or(err, unknown)
	}
	next, err := saga{o, found, config, logger}.newConsole(ctx, flags.stack, write)
	return version, next, err
}

// announce prints where the console is.
func (o operator) announce(at net.Addr, wanted int) error {
	note := ""
	if address, is := at.(*net.TCPAddr); is && wanted != 0 && address.Port != wanted {
		note = fmt.Sprintf(" (port %d is taken)", wanted)
	}
	_, err := fmt.Fprintf(o.stdout, "The console is at http://%s/%s\n", at, note)
	return err
}

// attention is how often the console looks for the ready file and for its parent process.
const attention = 200 * time.Millisecond

// untilOrphaned returns a context that ends with the parent process. A process whose
// parent has ended gets another one.
func untilOrphaned(ctx context.Context, cancel context.CancelFunc) context.Context {
	parent := os.Getppid()
	go func() {
		for ctx.Err() == nil && os.Getppid() == parent {
			wait(ctx, attention)
		}
		cancel()
	}()
	return ctx
}

// awaitReadyFile waits until the local cloud has written its ready file, and reports
// whether it has before ctx ended. A file that is older than this process is left from
// another run.
func (o operator) awaitReadyFile(ctx context.Context, path string) (bool, error) {
	for began := o.clock(); ctx.Err() == nil; wait(ctx, attention) {
		switch info, err := os.Stat(path); {
		case err == nil && info.ModTime().After(began):
			return true, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return false, fmt.Errorf("wait for the ready file: %w", err)
		}
	}
	return false, nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
