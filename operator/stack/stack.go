// Package stack finds the resources of a deployed stack, in AWS or in the local
// cloud, by their construct paths.
package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/saga/pkg/awsconfig"
)

// Stack has the names and URLs of resources, by construct paths such as
// Warehouse/Queue.
type Stack struct {
	// Name is that of the stack in CloudFormation.
	Name string
	// Queues are URLs; the others are names.
	Queues    map[string]string
	Tables    map[string]string
	Functions map[string]string
	LogGroups map[string]string
	Archives  map[string]string
	Buses     map[string]string
	// Rules are as CloudFormation has them: the names of bus and rule with a |
	// between them, on the default bus the rule's alone.
	Rules map[string]string
	// Connections are names, Secrets names or ARNs.
	Connections map[string]string
	Secrets     map[string]string
	// FunctionURLs are the addresses of functions in the local cloud. In AWS there
	// are none.
	FunctionURLs map[string]string
	// NotificationsURL shows what the notification endpoint in the local cloud has
	// received. It is empty if the endpoint is elsewhere.
	NotificationsURL string
	// TracesURL, followed by a slash and an id, shows a trace in the local cloud. In AWS
	// it is empty.
	TracesURL string
	// ActivityURL streams what happens in the local cloud, FaultsURL has its faults, and
	// UsageURL its counters. In AWS they are empty.
	ActivityURL, FaultsURL, UsageURL string

	// Of the local cloud; AWS is found by the SDK's own means.
	endpoint, region string
}

// AWS returns the configuration of the clients for the stack. For the local cloud the
// settings of the environment are ignored.
func (s Stack) AWS(ctx context.Context) (aws.Config, error) {
	if s.endpoint != "" {
		return awsconfig.At(s.endpoint, s.region), nil
	}
	return awsconfig.Load(ctx)
}

// EventLogPath is the construct path of the event log.
const EventLogPath = "Observability/Events"

// EventLog returns the name of the log group that has every event of the Global bus.
func (s Stack) EventLog() (string, error) {
	name, found := s.LogGroups[EventLogPath]
	if !found {
		return "", fmt.Errorf("the stack has no %s", EventLogPath)
	}
	return name, nil
}

// Archive returns the name of the archive of the Global bus.
func (s Stack) Archive() (string, error) {
	const path = "GlobalBus/Archive/Archive"
	name, found := s.Archives[path]
	if !found {
		return "", fmt.Errorf("the stack has no %s", path)
	}
	return name, nil
}

// Table returns the name of a context's table.
func (s Stack) Table(context string) (string, error) {
	path := strings.ToUpper(context[:1]) + context[1:] + "/Table"
	name, found := s.Tables[path]
	if !found {
		return "", fmt.Errorf("the stack has no %s", path)
	}
	return name, nil
}

// ContextOf returns the bounded context that the resource with a construct path belongs
// to: warehouse of Warehouse/Queue.
func ContextOf(path string) string {
	construct, _, _ := strings.Cut(path, "/")
	if construct == "" {
		return ""
	}
	return strings.ToLower(construct[:1]) + construct[1:]
}

// Local reports whether the stack runs in a local cloud.
func (s Stack) Local() bool { return s.endpoint != "" }

// IsDeadLetterQueue reports whether the queue with a construct path is a dead-letter
// queue: DeadLetters of a queue, a function or a schedule, or Undelivered of rules.
func IsDeadLetterQueue(path string) bool {
	return strings.HasSuffix(path, "/DeadLetters") || strings.HasSuffix(path, "/Undelivered")
}

// DeadLetterQueues returns the paths of the dead-letter queues, sorted.
func (s Stack) DeadLetterQueues() []string {
	paths := slices.Collect(maps.Keys(s.Queues))
	paths = slices.DeleteFunc(paths, func(path string) bool { return !IsDeadLetterQueue(path) })
	slices.Sort(paths)
	return paths
}

// DeadLetterQueue returns the URL of a dead-letter queue.
func (s Stack) DeadLetterQueue(path string) (string, error) {
	known := s.DeadLetterQueues()
	if !slices.Contains(known, path) {
		return "", fmt.Errorf("there is no dead-letter queue %q: there are %s", path, strings.Join(known, ", "))
	}
	return s.Queues[path], nil
}
