package eventbridge

import (
	"context"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/wire"
)

// maximumList is how many resources are on a page.
const maximumList = 100

// List is what the requests for lists have in common. None of these actions is
// limited to resources.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
type List struct {
	NamePrefix string
	NextToken  string
	Limit      *int
}

// ListRulesInput is ListRules' request. Without a bus the default one is meant.
type ListRulesInput struct {
	List
	EventBusName *string
}

// ListRulesOutput is ListRules' response.
type ListRulesOutput struct {
	Rules     []DescribeRuleOutput
	NextToken string `json:",omitempty"`
}

// ListRules lists the rules of a bus.
func (s *Service) ListRules(ctx context.Context, in *ListRulesInput) (*ListRulesOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListRules", "*", nil); err != nil {
		return nil, err
	}
	arn := s.busOf(PutEventsEntry{EventBusName: in.EventBusName})
	s.mu.RLock()
	defer s.mu.RUnlock()
	on := s.buses[arn]
	if on == nil {
		return nil, errUnknownBus(arn)
	}
	all := []DescribeRuleOutput{}
	for _, each := range on.rules {
		if strings.HasPrefix(each.Name, in.NamePrefix) {
			all = append(all, *each.describe())
		}
	}
	page, next, err := wire.Page(all, in.NextToken, in.Limit, maximumList)
	return &ListRulesOutput{page, next}, err
}

// ListInput is the request for archives of a bus, for replays of an archive, or for
// all of them.
type ListInput struct {
	List
	EventSourceArn string
	State          string
}

func (in *ListInput) wants(name, source, state string) bool {
	return strings.HasPrefix(name, in.NamePrefix) &&
		(in.EventSourceArn == "" || in.EventSourceArn == source) && (in.State == "" || in.State == state)
}

// ListArchivesOutput is ListArchives' response.
type ListArchivesOutput struct {
	Archives  []ArchiveSummary
	NextToken string `json:",omitempty"`
}

// ListArchives lists archives.
func (s *Service) ListArchives(ctx context.Context, in *ListInput) (*ListArchivesOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListArchives", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []ArchiveSummary{}
	for _, each := range s.archives {
		if found := each.summary(s.config.Clock()); in.wants(found.ArchiveName, found.EventSourceArn, found.State) {
			all = append(all, found)
		}
	}
	page, next, err := wire.Page(all, in.NextToken, in.Limit, maximumList)
	return &ListArchivesOutput{page, next}, err
}

// ListReplaysOutput is ListReplays' response.
type ListReplaysOutput struct {
	Replays   []ReplaySummary
	NextToken string `json:",omitempty"`
}

// ListReplays lists replays by name.
func (s *Service) ListReplays(ctx context.Context, in *ListInput) (*ListReplaysOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListReplays", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []ReplaySummary{}
	for _, name := range slices.Sorted(maps.Keys(s.replays)) {
		if found := s.replays[name].ReplaySummary; in.wants(name, found.EventSourceArn, found.State) {
			all = append(all, found)
		}
	}
	page, next, err := wire.Page(all, in.NextToken, in.Limit, maximumList)
	return &ListReplaysOutput{page, next}, err
}
