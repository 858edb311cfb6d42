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

// Stack says where everything is, by construct paths such as Warehouse/Queue.
type Stack struct {
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

	// Of the local cloud; AWS is found by the SDK's own means.
	endpoint, region string
}

// AWS gives the configuration of the clients with which the stack is reached.
// For the local cloud the settings of the environment do not count.
func (s Stack) AWS(ctx context.Context) (aws.Config, error) {
	if s.endpoint != "" {
		return awsconfig.At(s.endpoint, s.region), nil
	}
	return awsconfig.Load(ctx)
}

// Local tells whether the stack runs in a local cloud.
func (s Stack) Local() bool { return s.endpoint != "" }

// DeadLetterQueues lists the paths of the dead-letter queues: DeadLetters of a
// queue or a function, Undelivered of rules.
func (s Stack) DeadLetterQueues() []string {
	paths := slices.Collect(maps.Keys(s.Queues))
	paths = slices.DeleteFunc(paths, func(path string) bool {
		return !strings.HasSuffix(path, "/DeadLetters") && !strings.HasSuffix(path, "/Undelivered")
	})
	slices.Sort(paths)
	return paths
}

// DeadLetterQueue gives the URL of a dead-letter queue.
func (s Stack) DeadLetterQueue(path string) (string, error) {
	known := s.DeadLetterQueues()
	if !slices.Contains(known, path) {
		return "", fmt.Errorf("there is no dead-letter queue %q: there are %s", path, strings.Join(known, ", "))
	}
	return s.Queues[path], nil
}
