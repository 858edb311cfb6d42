package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// instruction is what the probe has to do for a test. It is the body of a
// message, the detail of an event or the body of a request.
type instruction struct {
	// Test is the name under which the probe notes what it received.
	Test string `json:"test"`
	// Step distinguishes the messages of one test.
	Step string `json:"step"`
	// Do is what to do; empty is to succeed.
	Do string `json:"do"`
	// Times is how often to do it, after which the probe succeeds; 0 is always.
	Times int `json:"times"`
	// Answer is the response of doAnswer, unchanged.
	Answer string `json:"answer"`
	// Pause is for how many milliseconds to wait between two notes, begun and done.
	Pause int `json:"pause"`
	// Responses are the answers to the calls of an API destination, in their
	// order; the last one repeats.
	Responses []response `json:"responses"`
	// Bus and Events are what doPublish publishes, in one call.
	Bus    string        `json:"bus"`
	Events []publication `json:"events"`
}

// publication is the envelope of an event to publish. Its detail names the test.
type publication struct {
	Source string `json:"source"`
	Type   string `json:"type"`
}

// response is one answer to an API destination.
type response struct {
	Status     int    `json:"status"`
	RetryAfter string `json:"retryAfter"`
	Location   string `json:"location"`
	// Pause is how many milliseconds pass before the answer.
	Pause int `json:"pause"`
}

// The values of instruction.Do.
const (
	doFail     = "fail"
	doPanic    = "panic"
	doExit     = "exit"
	doHang     = "hang"
	doAnswer   = "answer"
	doAnother  = "another"        // respond to another invocation, and return the status
	doDescribe = "describe"       // return what the function is invoked with
	doPublish  = "publish"        // with the permissions of the function's role
	doReport   = "report"         // name this message as failed
	doReportR  = "report-rest"    // name this message and all after it as failed
	longer     = 10 * time.Second // than any timeout of the probe
)

// applies reports whether the instruction is still to be followed at the given
// attempt.
func (o instruction) applies(attempt int) bool {
	return o.Do != "" && (o.Times == 0 || attempt <= o.Times)
}

// execute follows an instruction about a whole invocation.
func (o instruction) execute(ctx context.Context) ([]byte, error) {
	switch o.Do {
	case doFail:
		return nil, errors.New("the probe fails as instructed")
	case doPanic:
		panic("the probe panics as instructed")
	case doExit:
		os.Exit(3)
	case doHang:
		// The context ends when the function's time is over, which would be too
		// early: the function is to be killed.
		pause(context.WithoutCancel(ctx), longer)
	case doAnswer:
		return []byte(o.Answer), nil
	case doDescribe:
		return describe(ctx)
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
