// Package replay sends events to one part of a saga again: all events of a time from the
// archive, or those of one order from the event log. Only the rules of that part
// deliver them. Every event keeps its id, so a consumer recognises what it has handled.
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

// Buses is the part of the EventBridge client that Find uses.
type Buses interface {
	DescribeArchive(context.Context, *eventbridge.DescribeArchiveInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error)
	rule.Describer
}

// Destination is the part of a saga that gets events, and the rules that deliver them.
type Destination struct {
	Name string
	// Archive and Bus are the ARNs of the archive and of its bus.
	Archive, Bus string
	// Rules deliver events on the bus to this part.
	Rules []rule.Rule
}

// Find finds a destination by its name: for Payment, the rules on the archive's bus that
// belong to the construct Payment. It needs the permissions
// events:DescribeArchive, events:DescribeRule and events:ListTargetsByRule.
func Find(ctx context.Context, client Buses, in stack.Stack, name string) (Destination, error) {
	archive, err := in.Archive()
	if err != nil {
		return Destination{}, err
	}
	described, err := client.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: &archive})
	if err != nil {
		return Destination{}, fmt.Errorf("describe the archive %s: %w", archive, err)
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

// byName returns the paths of the rules on a bus by the construct that they belong to.
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
