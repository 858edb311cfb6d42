package cloudwatchlogs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

const maximumDescriptions = 50

// The orders of DescribeLogStreams.
const (
	byName      = "LogStreamName"
	byLastEvent = "LastEventTime"
)

// DescribeLogGroupsInput is DescribeLogGroups' request.
type DescribeLogGroupsInput struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

// DescribeLogGroupsOutput is DescribeLogGroups' response.
type DescribeLogGroupsOutput struct {
	LogGroups []LogGroup `json:"logGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

// LogGroup describes a group.
type LogGroup struct {
	LogGroupName    string `json:"logGroupName"`
	ARN             string `json:"arn"`
	LogGroupARN     string `json:"logGroupArn"`
	CreationTime    int64  `json:"creationTime"`
	RetentionInDays int    `json:"retentionInDays,omitempty"`
}

// DescribeLogGroups lists groups by name.
func (s *Service) DescribeLogGroups(ctx context.Context, in *DescribeLogGroupsInput) (*DescribeLogGroupsOutput, error) {
	limit, err := pageLimit(in.Limit, maximumDescriptions)
	if err != nil {
		return nil, err
	}
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, wire.Errorf("InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if err := s.config.Authorize.Check(ctx, "logs:DescribeLogGroups", s.ARN("*"), nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &DescribeLogGroupsOutput{LogGroups: []LogGroup{}}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if name <= in.NextToken || !strings.HasPrefix(name, in.LogGroupNamePrefix) || !strings.Contains(name, in.LogGroupNamePattern) {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = out.LogGroups[limit-1].LogGroupName
			break
		}
		each := s.groups[name]
		out.LogGroups = append(out.LogGroups, LogGroup{
			LogGroupName: name, ARN: s.ARN(name) + ":*", LogGroupARN: s.ARN(name),
			CreationTime: each.created.UnixMilli(), RetentionInDays: int(each.retention / (24 * time.Hour)),
		})
	}
	return out, nil
}

// DescribeLogStreamsInput is DescribeLogStreams' request.
type DescribeLogStreamsInput struct {
	LogGroupName        string `json:"logGroupName"`
	LogGroupIdentifier  string `json:"logGroupIdentifier"`
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

// DescribeLogStreamsOutput is DescribeLogStreams' response.
type DescribeLogStreamsOutput struct {
	LogStreams []LogStream `json:"logStreams"`
	NextToken  string      `json:"nextToken,omitempty"`
}

// LogStream describes a stream.
type LogStream struct {
	LogStreamName       string `json:"logStreamName"`
	ARN                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp"`
	LastIngestionTime   int64  `json:"lastIngestionTime"`
}

// DescribeLogStreams lists a group's streams by name or by their last event.
func (s *Service) DescribeLogStreams(ctx context.Context, in *DescribeLogStreamsInput) (*DescribeLogStreamsOutput, error) {
	limit, err := pageLimit(in.Limit, maximumDescriptions)
	if err != nil {
		return nil, err
	}
	order := cmp.Or(in.OrderBy, byName)
	switch {
	case order != byName && order != byLastEvent:
		return nil, wire.Errorf("InvalidParameterException", "orderBy must be %s or %s, not %s", byName, byLastEvent, order)
	case order == byLastEvent && in.LogStreamNamePrefix != "":
		return nil, wire.Errorf("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group, err := s.group(ctx, "logs:DescribeLogStreams", in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	streams := group.sorted(order, in.Descending)
	if in.NextToken != "" {
		last := slices.IndexFunc(streams, func(each *stream) bool { return each.name == in.NextToken })
		if last < 0 {
			return nil, errInvalidToken()
		}
		streams = streams[last+1:]
	}
	out := &DescribeLogStreamsOutput{LogStreams: []LogStream{}}
	for _, each := range streams {
		if !strings.HasPrefix(each.name, in.LogStreamNamePrefix) {
			continue
		}
		if len(out.LogStreams) == limit {
			out.NextToken = out.LogStreams[limit-1].LogStreamName
			break
		}
		out.LogStreams = append(out.LogStreams, each.describe(s.ARN(group.name)))
	}
	return out, nil
}

func (g *group) sorted(order string, descending bool) []*stream {
	streams := slices.SortedFunc(maps.Values(g.streams), func(a, b *stream) int {
		if order == byLastEvent {
			return cmp.Or(a.latest.Compare(b.latest), cmp.Compare(a.name, b.name))
		}
		return cmp.Compare(a.name, b.name)
	})
	if descending {
		slices.Reverse(streams)
	}
	return streams
}

func (s *stream) describe(groupARN string) LogStream {
	return LogStream{
		LogStreamName: s.name, ARN: groupARN + ":log-stream:" + s.name,
		CreationTime: s.created.UnixMilli(), LastIngestionTime: s.ingestion.UnixMilli(),
		FirstEventTimestamp: s.first.UnixMilli(), LastEventTimestamp: s.latest.UnixMilli(),
	}
}
