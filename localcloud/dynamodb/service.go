// Package dynamodb is an in-memory DynamoDB: tables with secondary indexes,
// expressions, conditional writes, transactions and their errors, and the
// capacity that every call costs.
//
// It differs from DynamoDB where a distributed store shows itself: a secondary
// index and an eventually consistent read are always up to date here. Requests are
// done one after another, so they conflict only if they last longer than that: see
// wire.Delay. The rate of a partition is limited, that of a table and an account is
// not, and a table does not have to grow first. No item is ever deleted for its time
// to live, as DynamoDB makes no promise about when it does that.
package dynamodb

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/wire"
)

// Config is what a Service needs from outside.
type Config struct {
	// Clock returns the time, for the creation of tables and for how long a
	// transaction's token is remembered.
	Clock func() time.Time
	// Authorize decides whether the caller in ctx may do this; nil allows
	// everything. It is called before anything is read or written.
	Authorize wire.Authorize
	// Account and Region are those in the ARN of a requested table that does not
	// exist.
	Account, Region string
}

// Service holds the tables.
//
// One lock guards all of them. What is done under it is a few microseconds of
// work in memory, while requests are read, parsed and written outside of it;
// and one lock makes conditional writes and transactions over several tables
// atomic in an obvious way.
type Service struct {
	config Config
	mutex  sync.Mutex
	tables map[string]*storage // by name
	ledger tokenLedger
	held   map[itemLocation]holders
}

// New returns a service without tables.
func New(config Config) *Service {
	return &Service{config: config, tables: make(map[string]*storage), held: make(map[itemLocation]holders)}
}

// Create adds a table.
func (s *Service) Create(t Table) error {
	created := s.config.Clock()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.tables[t.Name] != nil {
		return fmt.Errorf("table %s exists already", t.Name)
	}
	s.tables[t.Name] = newStorage(t, created)
	return nil
}

// find returns the table of a name or an ARN, if there is one.
func (s *Service) find(nameOrARN string) *storage {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !strings.HasPrefix(nameOrARN, "arn:") {
		return s.tables[nameOrARN]
	}
	for _, table := range s.tables {
		if table.ARN == nameOrARN {
			return table
		}
	}
	return nil
}

// permission is one right that a request needs.
type permission struct {
	action string // without the service's prefix
	table  string // name or ARN
	index  string
	within string // the operation that does this as a part of itself
}

// authorizedTable checks that the caller has a right and finds the table.
func (s *Service) authorizedTable(ctx context.Context, a permission) (*storage, error) {
	if a.table == "" {
		return nil, required("tableName")
	}
	table := s.find(a.table)
	if err := s.authorize(ctx, a, table); err != nil {
		return nil, err
	}
	if table == nil {
		return nil, tableNotFound()
	}
	return table, nil
}

func (s *Service) authorize(ctx context.Context, a permission, table *storage) error {
	resource := a.table
	switch {
	case table != nil:
		resource = table.ARN
	case !strings.HasPrefix(resource, "arn:"):
		resource = fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", s.config.Region, s.config.Account, resource)
	}
	if a.index != "" {
		resource += "/index/" + a.index
	}
	conditions := make(map[string][]string)
	if a.within != "" {
		conditions["dynamodb:EnclosingOperation"] = []string{a.within}
	}
	return s.config.Authorize.Check(ctx, "dynamodb:"+a.action, resource, conditions)
}

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
