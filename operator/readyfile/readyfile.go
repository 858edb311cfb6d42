// Package readyfile reads the file that a local cloud writes when it is ready, and
// removes when it ends.
package readyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// File has the addresses and names of everything in a stack in a local cloud. The keys of maps are
// construct paths such as Warehouse/Queue, except for the outputs.
type File struct {
	// StackName is the name of the stack in CloudFormation's API.
	StackName string `json:"stackName"`
	// AWSEndpointURL is where all AWS APIs are, in the Region.
	AWSEndpointURL string `json:"awsEndpointUrl"`
	Region         string `json:"region"`
	// DeliveriesURL returns what API destinations delivered. It is empty if they
	// call another endpoint.
	DeliveriesURL string `json:"deliveriesUrl"`
	// UsageURL has counts of what happened to each resource, TracesURL the traces.
	UsageURL  string `json:"usageUrl"`
	TracesURL string `json:"tracesUrl"`
	// IdleURL is answered with 204 as soon as nothing is pending.
	IdleURL string `json:"idleUrl"`
	// ActivityURL streams what happens.
	ActivityURL string `json:"activityUrl"`
	// FaultsURL shows and changes the faults and which functions are paused.
	FaultsURL string `json:"faultsUrl"`
	// FunctionURLs are the addresses of functions that have a URL.
	FunctionURLs map[string]string `json:"functionUrls"`
	// Queues are URLs.
	Queues map[string]string `json:"queues"`
	// Rules are as CloudFormation has them: the names of bus and rule with a |
	// between them.
	Rules map[string]string `json:"rules"`
	// The others are names.
	Tables      map[string]string `json:"tables"`
	Functions   map[string]string `json:"functions"`
	LogGroups   map[string]string `json:"logGroups"`
	Connections map[string]string `json:"connections"`
	Secrets     map[string]string `json:"secrets"`
	Archives    map[string]string `json:"archives"`
	Buses       map[string]string `json:"buses"`
	// Outputs are those of the stack, by their names.
	Outputs map[string]string `json:"outputs"`
}

// Read reads a ready file.
func Read(path string) (File, error) {
	encoded, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return File{}, fmt.Errorf("there is no ready file %s: is the local cloud running, with --ready-file?", path)
	}
	if err != nil {
		return File{}, fmt.Errorf("read the ready file: %w", err)
	}
	var file File
	if err := json.Unmarshal(encoded, &file); err != nil {
		return File{}, fmt.Errorf("read the ready file %s: %w", path, err)
	}
	if file.AWSEndpointURL == "" || len(file.Queues) == 0 {
		return File{}, fmt.Errorf("%s is not the ready file of a local cloud: it has no awsEndpointUrl or no queues", path)
	}
	return file, nil
}
