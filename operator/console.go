package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
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

// open opens the console behind the gate, and keeps it up to date until ctx ends.
func (o operator) open(ctx context.Context, flags *flags, gate *console.Gate, withRun, write bool, logger *slog.Logger) error {
	if withRun {
		if ready, err := o.awaitReadyFile(ctx, flags.readyFile); err != nil || !ready {
			return err
		}
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	shown, err := saga{o, found, config, logger}.newConsole(ctx, flags.stack, write)
	if err != nil {
		return err
	}
	gate.Open(shown.Handler())
	shown.Run(ctx)
	return nil
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
			wait(ctx)
		}
		cancel()
	}()
	return ctx
}

// awaitReadyFile waits until the local cloud has written its ready file, and reports
// whether it has before ctx ended. A file that is older than this process is left from
// another run.
func (o operator) awaitReadyFile(ctx context.Context, path string) (bool, error) {
	for began := o.clock(); ctx.Err() == nil; wait(ctx) {
		switch info, err := os.Stat(path); {
		case err == nil && info.ModTime().After(began):
			return true, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return false, fmt.Errorf("wait for the ready file: %w", err)
		}
	}
	return false, nil
}

func wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(attention):
	}
}
