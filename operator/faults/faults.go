// Package faults reads and changes the faults and pauses of a local cloud, at the
// faultsUrl of its ready file.
package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client is a client of a local cloud.
type Client struct {
	// URL is where the faults are, UsageURL where the counters are.
	URL, UsageURL string
}

// State is what goes wrong on purpose.
type State struct {
	// Seed is what the faults are drawn from.
	Seed string
	// Faults are all faults by name.
	Faults map[string]Fault
	// RedeliverAfter is how long what a function has failed to handle waits at most, or "" if
	// that is as long as on AWS.
	RedeliverAfter string
	// Paused is whether each function is paused, by construct path.
	Paused map[string]bool
}

// Fault is the probability of a fault, and how often it has happened.
type Fault struct {
	Probability float64
	Hits        int
}

// Killed returns how many processes were killed.
func (s State) Killed() int {
	killed := 0
	for name, fault := range s.Faults {
		if strings.HasPrefix(name, "kill-") {
			killed += fault.Hits
		}
	}
	return killed
}

// Change has new probabilities of faults by name, and the functions to pause or to resume
// by construct path.
type Change struct {
	Faults map[string]float64 `json:"faults,omitempty"`
	Paused map[string]bool    `json:"paused,omitempty"`
}

// Read returns the state.
func (c *Client) Read(ctx context.Context) (state State, err error) {
	return state, request(ctx, http.MethodGet, c.URL, nil, &state)
}

// Change changes the state, and returns the new one.
func (c *Client) Change(ctx context.Context, change Change) (state State, err error) {
	body, err := json.Marshal(change)
	if err != nil {
		return state, err
	}
	return state, request(ctx, http.MethodPut, c.URL, body, &state)
}

// Idle reports whether nothing is in transit in the local cloud.
func (c *Client) Idle(ctx context.Context) (bool, error) {
	var usage struct{ Idle bool }
	err := request(ctx, http.MethodGet, c.UsageURL, nil, &usage)
	return usage.Idle, err
}

// request sends a request, and decodes the answer. The error of a refused one is the
// message of the local cloud.
func request(ctx context.Context, method, url string, body []byte, answer any) (err error) {
	sent, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(sent)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, got.Body.Close()) }()
	content, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode == http.StatusOK {
		return errors.Join(err, json.Unmarshal(content, answer))
	}
	var refused struct{ Message string }
	if err := json.Unmarshal(content, &refused); err != nil || refused.Message == "" {
		return fmt.Errorf("the local cloud answers %s", got.Status)
	}
	return errors.New(refused.Message)
}
