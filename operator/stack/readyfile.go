package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// readyFile is what the local cloud writes once everything is up.
type readyFile struct {
	Endpoint         string            `json:"awsEndpointUrl"`
	Region           string            `json:"region"`
	NotificationsURL string            `json:"deliveriesUrl"`
	FunctionURLs     map[string]string `json:"functionUrls"`
	Queues           map[string]string `json:"queues"`
	Tables           map[string]string `json:"tables"`
	Functions        map[string]string `json:"functions"`
	LogGroups        map[string]string `json:"logGroups"`
	Connections      map[string]string `json:"connections"`
	Secrets          map[string]string `json:"secrets"`
	Archives         map[string]string `json:"archives"`
	Buses            map[string]string `json:"buses"`
	Rules            map[string]string `json:"rules"`
}

// ReadFile finds the stack of a running local cloud by its ready file.
func ReadFile(path string) (Stack, error) {
	encoded, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Stack{}, fmt.Errorf("there is no ready file %s: is the local cloud running, with --ready-file?", path)
	}
	if err != nil {
		return Stack{}, fmt.Errorf("read the ready file: %w", err)
	}
	var ready readyFile
	if err := json.Unmarshal(encoded, &ready); err != nil {
		return Stack{}, fmt.Errorf("read the ready file %s: %w", path, err)
	}
	if ready.Endpoint == "" || len(ready.Queues) == 0 {
		return Stack{}, fmt.Errorf("%s is not the ready file of a local cloud: it has no awsEndpointUrl or no queues", path)
	}
	found := Stack{
		Queues: ready.Queues, Tables: ready.Tables, Functions: ready.Functions, LogGroups: ready.LogGroups,
		Connections: ready.Connections, Secrets: ready.Secrets,
		Archives: ready.Archives, Rules: ready.Rules, Buses: ready.Buses,
		FunctionURLs: ready.FunctionURLs, NotificationsURL: ready.NotificationsURL,
		endpoint: ready.Endpoint, region: ready.Region,
	}
	return found, nil
}
