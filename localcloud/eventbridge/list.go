package eventbridge

import (
	"cmp"
	"context"
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

// listed returns a page of what the caller lists: the resources whose names begin
// with the prefix and that are wanted, by name.
func listed[R any](in List, all []R, name func(R) string, wanted func(R) bool) (page []R, next string, err error) {
	found := []R{}
	for _, each := range all {
		if strings.HasPrefix(name(each), in.NamePrefix) && wanted(each) {
			found = append(found, each)
		}
	}
	slices.SortFunc(found, func(a, b R) int { return cmp.Compare(name(a), name(b)) })
	return wire.Page(found, in.NextToken, in.Limit, maximumList)
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
	var all []DescribeRuleOutput
	for _, each := range on.rules {
		all = append(all, *each.describe())
	}
	page, next, err := listed(in.List, all, func(r DescribeRuleOutput) string { return r.Name }, func(DescribeRuleOutput) bool { return true })
	return &ListRulesOutput{page, next}, err
}

// ListArchivesInput is ListArchives' request: for the archives of a bus, or for all.
type ListArchivesInput struct {
	List
	EventSourceArn string
	State          string
}

// ListArchivesOutput is ListArchives' response.
type ListArchivesOutput struct {
	Archives  []ArchiveSummary
	NextToken string `json:",omitempty"`
}

// ListArchives lists archives.
func (s *Service) ListArchives(ctx context.Context, in *ListArchivesInput) (*ListArchivesOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListArchives", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []ArchiveSummary
	for _, each := range s.archives {
		all = append(all, each.summary(s.config.Clock()))
	}
	page, next, err := listed(in.List, all, func(a ArchiveSummary) string { return a.ArchiveName }, func(a ArchiveSummary) bool {
		return is(in.EventSourceArn, a.EventSourceArn) && is(in.State, a.State)
	})
	return &ListArchivesOutput{page, next}, err
}

// ListReplaysInput is ListReplays' request: for the replays of an archive, or for all.
type ListReplaysInput struct {
	List
	EventSourceArn string
	State          string
}

// ListReplaysOutput is ListReplays' response.
type ListReplaysOutput struct {
	Replays   []ReplaySummary
	NextToken string `json:",omitempty"`
}

// ListReplays lists replays.
func (s *Service) ListReplays(ctx context.Context, in *ListReplaysInput) (*ListReplaysOutput, error) {
	if err := s.config.Authorize.Check(ctx, "events:ListReplays", "*", nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []ReplaySummary
	for _, each := range s.replays {
		all = append(all, each.ReplaySummary)
	}
	page, next, err := listed(in.List, all, func(r ReplaySummary) string { return r.ReplayName }, func(r ReplaySummary) bool {
		return is(in.EventSourceArn, r.EventSourceArn) && is(in.State, r.State)
	})
	return &ListReplaysOutput{page, next}, err
}

// is reports whether a value is the wanted one; an empty one is any.
func is(wanted, value string) bool { return wanted == "" || wanted == value }
