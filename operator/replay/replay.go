// Package replay gives what has happened to one part of a saga once more: all
// events of a time out of the archive, or those of one order out of the event
// log. They come by the rules of that part and no others. Every event keeps its
// id, so whoever has handled it knows it.
package replay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"example.com/saga/operator/rule"
	"example.com/saga/operator/stack"
)

// archivePath is the construct path of the archive.
const archivePath = "GlobalBus/Archive/Archive"

// Buses is the part of the EventBridge client that Find uses.
type Buses interface {
	DescribeArchive(context.Context, *eventbridge.DescribeArchiveInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error)
	rule.Describer
}

// Destination is the part of a saga that gets events, and the way they come.
type Destination struct {
	Name string
	// Archive and Bus are ARNs: of the archive, and of the bus that it is of.
	Archive, Bus string
	// Rules are those by which events on the bus come here.
	Rules []rule.Rule
}

// Find finds a destination by its name: Payment and all that the construct
// Payment has for rules on the archive's bus. It needs the permissions
// events:DescribeArchive, events:DescribeRule and events:ListTargetsByRule.
func Find(ctx context.Context, client Buses, in stack.Stack, name string) (Destination, error) {
	archive, found := in.Archives[archivePath]
	if !found {
		return Destination{}, fmt.Errorf("the stack has no %s", archivePath)
	}
	described, err := client.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: &archive})
	if err != nil {
		return Destination{}, fmt.Errorf("ask for the archive %s: %w", archive, err)
	}
	d := Destination{Name: name, Archive: aws.ToString(described.ArchiveArn), Bus: aws.ToString(described.EventSourceArn)}
	known := byName(in.Rules, d.Bus)
	if known[name] == nil {
		names := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
		return Destination{}, fmt.Errorf("nothing can be replayed to %q: there are %s", name, names)
	}
	for _, path := range known[name] {
		found, err := rule.Describe(ctx, client, path, in.Rules[path])
		if err != nil {
			return Destination{}, err
		}
		d.Rules = append(d.Rules, found)
	}
	return d, nil
}

// byName gives the paths of the rules on a bus by the construct that they belong
// to.
func byName(rules map[string]string, busARN string) map[string][]string {
	found := make(map[string][]string)
	for _, path := range slices.Sorted(maps.Keys(rules)) {
		bus, _, _ := strings.Cut(rules[path], "|")
		if name, _, inside := strings.Cut(path, "/"); inside && strings.HasSuffix(busARN, "/"+bus) {
			found[name] = append(found[name], path)
		}
	}
	return found
}
