package eventbridge_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

func TestTheRulesOfABusAreListedOnPages(t *testing.T) {
	service := start(t, config(map[string]eventbridge.Deliverer{eventbridge.KindQueue: &inbox{}}, nil),
		named("place", globalARN, everything, queueARN), named("cancel", globalARN, everything, queueARN), named("pay", globalARN, everything, queueARN),
		named("other", otherARN, everything, queueARN))
	c := client(t, service)
	for name, test := range map[string]struct {
		prefix *string
		want   []string
	}{"all": {nil, []string{"place", "cancel", "pay"}}, "with a prefix": {aws.String("p"), []string{"place", "pay"}}, "none": {aws.String("x"), nil}} {
		var got []string
		in := &awseventbridge.ListRulesInput{EventBusName: aws.String("global"), NamePrefix: test.prefix, Limit: aws.Int32(1)}
		for {
			out, err := c.ListRules(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range out.Rules {
				got = append(got, *rule.Name)
				if *rule.EventBusName != "global" || *rule.EventPattern != everything || rule.State != types.RuleStateEnabled || !strings.HasSuffix(*rule.Arn, *rule.Name) {
					t.Errorf("%s: %+v", name, rule)
				}
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: the rules are %v, want %v", name, got, test.want)
		}
	}
	if _, err := c.ListRules(t.Context(), &awseventbridge.ListRulesInput{EventBusName: aws.String("nowhere")}); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("on no bus: the error is %v", err)
	}
}

func TestArchivesAndReplaysAreListedBySourceAndState(t *testing.T) {
	service := archivedEvent(t, config(nil, nil))
	if err := service.CreateArchive(eventbridge.Archive{Name: "another", ARN: archiveARN + "2", BusARN: otherARN, Retention: 48 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"second", "first"} {
		if _, err := service.StartReplay(t.Context(), replayOf(name)); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); !service.Idle() && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	c := client(t, service)
	for name, test := range map[string]struct {
		archives *awseventbridge.ListArchivesInput
		replays  *awseventbridge.ListReplaysInput
		want     []string
	}{
		"all archives":        {&awseventbridge.ListArchivesInput{}, nil, []string{"all", "another"}},
		"those of a bus":      {&awseventbridge.ListArchivesInput{EventSourceArn: aws.String(otherARN)}, nil, []string{"another"}},
		"disabled archives":   {&awseventbridge.ListArchivesInput{State: types.ArchiveStateDisabled}, nil, nil},
		"all replays":         {nil, &awseventbridge.ListReplaysInput{}, []string{"first", "second"}},
		"with a prefix":       {nil, &awseventbridge.ListReplaysInput{NamePrefix: aws.String("s")}, []string{"second"}},
		"those of an archive": {nil, &awseventbridge.ListReplaysInput{EventSourceArn: aws.String(archiveARN + "2")}, nil},
		"completed replays":   {nil, &awseventbridge.ListReplaysInput{State: types.ReplayStateCompleted}, []string{"first", "second"}},
	} {
		var got []string
		if test.archives != nil {
			out, err := c.ListArchives(t.Context(), test.archives)
			if err != nil {
				t.Fatal(err)
			}
			for _, archive := range out.Archives {
				got = append(got, *archive.ArchiveName)
			}
		} else {
			out, err := c.ListReplays(t.Context(), test.replays)
			if err != nil {
				t.Fatal(err)
			}
			for _, replay := range out.Replays {
				got = append(got, *replay.ReplayName)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEachListOfEventBridgeNeedsItsPermission(t *testing.T) {
	c := config(nil, nil)
	var asked []string
	c.Authorize = func(_ context.Context, action, resource string, _ map[string][]string) error {
		asked = append(asked, action+" on "+resource)
		return wire.Errorf("AccessDeniedException", "no")
	}
	denied := client(t, start(t, c))
	_, rules := denied.ListRules(t.Context(), nil)
	_, archives := denied.ListArchives(t.Context(), nil)
	_, replays := denied.ListReplays(t.Context(), nil)
	for _, err := range []error{rules, archives, replays} {
		if codeOf(err) != "AccessDeniedException" {
			t.Errorf("the error is %v", err)
		}
	}
	if want := []string{"events:ListRules on *", "events:ListArchives on *", "events:ListReplays on *"}; !slices.Equal(asked, want) {
		t.Errorf("checked are %v", asked)
	}
}
