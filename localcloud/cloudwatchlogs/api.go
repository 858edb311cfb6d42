package cloudwatchlogs

import "example.com/saga/localcloud/wire"

// API is CloudWatch Logs' wire protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "Logs_20140328",
		ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"FilterLogEvents":    wire.Op(s.FilterLogEvents),
			"GetLogEvents":       wire.Op(s.GetLogEvents),
			"DescribeLogStreams": wire.Op(s.DescribeLogStreams),
			"DescribeLogGroups":  wire.Op(s.DescribeLogGroups),
		},
	}
}
