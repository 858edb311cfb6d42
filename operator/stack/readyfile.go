package stack

import "example.com/saga/operator/readyfile"

// ReadFile finds the stack of a running local cloud by its ready file.
func ReadFile(path string) (Stack, error) {
	ready, err := readyfile.Read(path)
	if err != nil {
		return Stack{}, err
	}
	found := Stack{
		Name:   ready.StackName,
		Queues: ready.Queues, Tables: ready.Tables, Functions: ready.Functions, LogGroups: ready.LogGroups,
		Connections: ready.Connections, Secrets: ready.Secrets,
		Archives: ready.Archives, Rules: ready.Rules, Buses: ready.Buses,
		FunctionURLs: ready.FunctionURLs, NotificationsURL: ready.DeliveriesURL, TracesURL: ready.TracesURL,
		ActivityURL: ready.ActivityURL, FaultsURL: ready.FaultsURL, UsageURL: ready.UsageURL,
		endpoint: ready.AWSEndpointURL, region: ready.Region,
	}
	return found, nil
}
