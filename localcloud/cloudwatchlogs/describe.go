package cloudwatchlogs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

const maximumDescriptions = 50

// The orders of DescribeLogStreams.
const (
	byName      = "LogStreamName"
	byLastEvent = "LastEventTime"
)

type describeLogGroupsInput struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

type describeLogGroupsOutput struct {
	LogGroups []logGroup `json:"logGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

type logGroup struct {
	LogGroupName    string `json:"logGroupName"`
	ARN             string `json:"arn"`
	LogGroupARN     string `json:"logGroupArn"`
	CreationTime    int64  `json:"creationTime"`
	RetentionInDays int    `json:"retentionInDays,omitempty"`
}

func (s *Service) describeLogGroups(ctx context.Context, in *describeLogGroupsInput) (*describeLogGroupsOutput, error) {
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if err := s.config.Authorize.Check(ctx, "logs:DescribeLogGroups", s.ARN("*"), nil); err != nil {
		return nil, err
	}
	groups := []logGroup{}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if each := s.groups[name]; strings.HasPrefix(name, in.LogGroupNamePrefix) && strings.Contains(name, in.LogGroupNamePattern) {
			groups = append(groups, logGroup{
				LogGroupName: name, ARN: s.ARN(name) + ":*", LogGroupARN: s.ARN(name),
				CreationTime: each.created.UnixMilli(), RetentionInDays: int(each.retention / (24 * time.Hour)),
			})
		}
	}
	page, next, err := describe(groups, func(g logGroup) string { return g.LogGroupName }, in.NextToken, in.Limit)
	return &describeLogGroupsOutput{page, next}, err
}

type describeLogStreamsInput struct {
	groupName

	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

type describeLogStreamsOutput struct {
	LogStreams []logStream `json:"logStreams"`
	NextToken  string      `json:"nextToken,omitempty"`
}

type logStream struct {
	LogStreamName       string `json:"logStreamName"`
	ARN                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp"`
	LastIngestionTime   int64  `json:"lastIngestionTime"`
}

// describeLogStreams lists a group's streams by name or by their last event.
func (s *Service) describeLogStreams(ctx context.Context, in *describeLogStreamsInput) (*describeLogStreamsOutput, error) {
	order := cmp.Or(in.OrderBy, byName)
	switch {
	case order != byName && order != byLastEvent:
		return nil, invalid("orderBy must be %s or %s, not %s", byName, byLastEvent, order)
	case order == byLastEvent && in.LogStreamNamePrefix != "":
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	group, err := s.group(ctx, "logs:DescribeLogStreams", in.groupName)
	if err != nil {
		return nil, err
	}
	streams := []logStream{}
	for name, each := range group.streams {
		if strings.HasPrefix(name, in.LogStreamNamePrefix) {
			streams = append(streams, logStream{
				LogStreamName: name, ARN: s.ARN(group.name) + ":log-stream:" + name,
				CreationTime: each.created.UnixMilli(), LastIngestionTime: each.ingestion.UnixMilli(),
				FirstEventTimestamp: each.first.UnixMilli(), LastEventTimestamp: each.latest.UnixMilli(),
			})
		}
	}
	slices.SortFunc(streams, func(a, b logStream) int {
		if order == byLastEvent && a.LastEventTimestamp != b.LastEventTimestamp {
			return cmp.Compare(a.LastEventTimestamp, b.LastEventTimestamp)
		}
		return cmp.Compare(a.LogStreamName, b.LogStreamName)
	})
	if in.Descending {
		slices.Reverse(streams)
	}
	page, next, err := describe(streams, func(s logStream) string { return s.LogStreamName }, in.NextToken, in.Limit)
	return &describeLogStreamsOutput{page, next}, err
}

// describe returns the page behind a token, which is the last name on the page before.
func describe[T any](all []T, name func(T) string, token string, limit *int) (page []T, next string, err error) {
	size, err := pageLimit(limit, maximumDescriptions)
	if err != nil {
		return nil, "", err
	}
	if token != "" {
		last := slices.IndexFunc(all, func(each T) bool { return name(each) == token })
		if last < 0 {
			return nil, "", errInvalidToken()
		}
		all = all[last+1:]
	}
	if len(all) > size {
		return all[:size], name(all[size-1]), nil
	}
	return all, "", nil
}
