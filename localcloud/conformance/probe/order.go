package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// order is what a test asks of the probe. It stands in the body of a message,
// in the detail of an event or in the body of a request.
type order struct {
	// Test is the name under which the probe notes what it got.
	Test string `json:"test"`
	// Step returns the messages of one test apart.
	Step string `json:"step"`
	// Do is what to do; empty is to succeed.
	Do string `json:"do"`
	// Times is how often to do it, after which the probe succeeds; 0 is always.
	Times int `json:"times"`
	// Answer is what doAnswer answers, to the letter.
	Answer string `json:"answer"`
	// Responses are the answers to the calls of an API destination, in their
	// order; the last one repeats.
	Responses []response `json:"responses"`
}

// response is one answer to an API destination.
type response struct {
	Status     int    `json:"status"`
	RetryAfter string `json:"retryAfter"`
	Location   string `json:"location"`
}

// The values of order.Do.
const (
	doFail    = "fail"
	doPanic   = "panic"
	doExit    = "exit"
	doHang    = "hang"
	doAnswer  = "answer"
	doReport  = "report"         // name this message as failed
	doReportR = "report-rest"    // name this message and all after it as failed
	longer    = 10 * time.Second // than any timeout of the probe
)

// applies reports whether the order is still to be followed at the given attempt.
func (o order) applies(attempt int) bool { return o.Do != "" && (o.Times == 0 || attempt <= o.Times) }

// invocation does what an order asks of a whole invocation.
func (o order) invocation(ctx context.Context) ([]byte, error) {
	switch o.Do {
	case doFail:
		return nil, errors.New("the probe fails as it was told")
	case doPanic:
		panic("the probe panics as it was told")
	case doExit:
		os.Exit(3)
	case doHang:
		// The context ends when the function's time is over, which would be too
		// early: the function is to be killed.
		pause(context.WithoutCancel(ctx), longer)
	case doAnswer:
		return []byte(o.Answer), nil
	}
	return []byte("null"), nil
}

func pause(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
