package dynamodb

import (
	"context"
	"maps"
	"slices"
	"time"

	"example.com/saga/localcloud/wire"
)

// DescribeTableInput is a request for a table's description.
type DescribeTableInput struct {
	TableName string
}

// DescribeTableOutput has a table's description.
type DescribeTableOutput struct {
	Table Description
}

// Description is what a table is and what is in it.
type Description struct {
	TableName              string
	TableArn               string
	TableStatus            string
	CreationDateTime       float64 // seconds since the epoch
	KeySchema              []KeySchemaElement
	AttributeDefinitions   []AttributeDefinition
	BillingModeSummary     struct{ BillingMode string }
	ItemCount              int
	TableSizeBytes         int
	GlobalSecondaryIndexes []IndexSummary `json:",omitempty"`
}

// KeySchemaElement is one attribute of a key: HASH or RANGE.
type KeySchemaElement struct {
	AttributeName, KeyType string
}

// AttributeDefinition is the type of a key attribute.
type AttributeDefinition struct {
	AttributeName, AttributeType string
}

// IndexSummary is what an index is and what is in it.
type IndexSummary struct {
	IndexName      string
	IndexArn       string
	IndexStatus    string
	KeySchema      []KeySchemaElement
	Projection     ProjectionDescription
	ItemCount      int
	IndexSizeBytes int
}

// ProjectionDescription is which attributes an index has.
type ProjectionDescription struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

// DescribeTable describes a table. Unlike DynamoDB's, its counts are exact.
func (s *Service) DescribeTable(ctx context.Context, in *DescribeTableInput) (*DescribeTableOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "DescribeTable", table: in.TableName})
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return &DescribeTableOutput{Table: table.describe()}, nil
}

func (s *storage) describe() Description {
	d := Description{
		TableName: s.Name, TableArn: s.ARN, TableStatus: "ACTIVE",
		CreationDateTime: float64(s.created.UnixMilli()) / float64(time.Second/time.Millisecond),
		KeySchema:        s.Key.elements(),
	}
	d.BillingModeSummary.BillingMode = "PAY_PER_REQUEST"
	if s.Provisioned {
		d.BillingModeSummary.BillingMode = "PROVISIONED"
	}
	d.ItemCount, d.TableSizeBytes = s.primary.total()
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		d.AttributeDefinitions = append(d.AttributeDefinitions, AttributeDefinition{AttributeName: name, AttributeType: s.Attributes[name]})
	}
	for _, x := range s.indexes {
		count, size := x.total()
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, IndexSummary{
			IndexName: x.Name, IndexArn: x.arn(), IndexStatus: "ACTIVE",
			KeySchema:  x.Key.elements(),
			Projection: ProjectionDescription{ProjectionType: x.Projection, NonKeyAttributes: x.NonKey},
			ItemCount:  count, IndexSizeBytes: size,
		})
	}
	return d
}

func (k KeySchema) elements() []KeySchemaElement {
	elements := []KeySchemaElement{{AttributeName: k.Partition, KeyType: "HASH"}}
	if k.Sort != "" {
		elements = append(elements, KeySchemaElement{AttributeName: k.Sort, KeyType: "RANGE"})
	}
	return elements
}

// total counts entries and their bytes.
func (x *index) total() (count, size int) {
	for _, p := range x.partitions {
		count += len(p.entries)
		for _, e := range p.entries {
			_, bytes := x.read(e)
			size += bytes
		}
	}
	return count, size
}

// DescribeTimeToLiveOutput has the time to live of a table's items.
type DescribeTimeToLiveOutput struct {
	TimeToLiveDescription TimeToLiveDescription
}

// TimeToLiveDescription is whether items have a time to live, and the attribute that
// has it.
type TimeToLiveDescription struct {
	TimeToLiveStatus string
	AttributeName    string `json:",omitempty"`
}

// DescribeTimeToLive describes the time to live of a table's items.
func (s *Service) DescribeTimeToLive(ctx context.Context, in *DescribeTableInput) (*DescribeTimeToLiveOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "DescribeTimeToLive", table: in.TableName})
	if err != nil {
		return nil, err
	}
	status := "DISABLED"
	if table.TimeToLive != "" {
		status = "ENABLED"
	}
	return &DescribeTimeToLiveOutput{TimeToLiveDescription{status, table.TimeToLive}}, nil
}

// maximumNames is how many tables are listed at once.
const maximumNames = 100

// ListTablesInput is a request for the names of tables.
type ListTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

// ListTablesOutput has names in their order. LastEvaluatedTableName is given if
// there are more.
type ListTablesOutput struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

// ListTables lists the tables by name.
func (s *Service) ListTables(ctx context.Context, in *ListTablesInput) (*ListTablesOutput, error) {
	limit := maximumNames
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maximumNames {
		return nil, wire.ValidationError("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, maximumNames)
	}
	if err := s.config.Authorize.Check(ctx, "dynamodb:ListTables", "*", nil); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	out := &ListTablesOutput{TableNames: []string{}}
	for _, name := range slices.Sorted(maps.Keys(s.tables)) {
		if name <= in.ExclusiveStartTableName {
			continue
		}
		if len(out.TableNames) == limit {
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			break
		}
		out.TableNames = append(out.TableNames, name)
	}
	return out, nil
}
