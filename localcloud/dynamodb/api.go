package dynamodb

import "example.com/saga/localcloud/wire"

// API is DynamoDB's wire protocol. Operations and members that it does not have
// are refused by name.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "DynamoDB_20120810",
		ContentType: "application/x-amz-json-1.0",
		Operations: map[string]wire.Operation{
			"BatchGetItem":       wire.Op(s.BatchGetItem),
			"BatchWriteItem":     wire.Op(s.BatchWriteItem),
			"GetItem":            wire.Op(s.GetItem),
			"PutItem":            wire.Op(s.PutItem),
			"UpdateItem":         wire.Op(s.UpdateItem),
			"DeleteItem":         wire.Op(s.DeleteItem),
			"Query":              wire.Op(s.Query),
			"Scan":               wire.Op(s.Scan),
			"TransactGetItems":   wire.Op(s.TransactGetItems),
			"TransactWriteItems": wire.Op(s.TransactWriteItems),
			"DescribeTable":      wire.Op(s.DescribeTable),
			"DescribeTimeToLive": wire.Op(s.DescribeTimeToLive),
			"ListTables":         wire.Op(s.ListTables),
		},
	}
}
