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

type describeTableOutput struct{ Table description }

// description is what a table is and what is in it.
type description struct {
	TableName              string
	TableArn               string
	TableStatus            string
	CreationDateTime       float64 // seconds since the epoch
	KeySchema              []keyElement
	AttributeDefinitions   []attributeDefinition
	BillingModeSummary     struct{ BillingMode string }
	ItemCount              int
	TableSizeBytes         int
	GlobalSecondaryIndexes []indexDescription `json:",omitempty"`
}

type keyElement struct{ AttributeName, KeyType string }

type attributeDefinition struct{ AttributeName, AttributeType string }

// indexDescription is what an index is and what is in it.
type indexDescription struct {
	IndexName      string
	IndexArn       string
	IndexStatus    string
	KeySchema      []keyElement
	Projection     projectionDescription
	ItemCount      int
	IndexSizeBytes int
}

type projectionDescription struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

// DescribeTable describes a table. Unlike DynamoDB's, its counts are exact.
func (s *Service) DescribeTable(ctx context.Context, in *DescribeTableInput) (*describeTableOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "DescribeTable", table: in.TableName})
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return &describeTableOutput{Table: table.describe()}, nil
}

func (s *storage) describe() description {
	d := description{
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
		d.AttributeDefinitions = append(d.AttributeDefinitions, attributeDefinition{AttributeName: name, AttributeType: s.Attributes[name]})
	}
	for _, x := range s.indexes {
		count, size := x.total()
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, indexDescription{
			IndexName: x.Name, IndexArn: x.arn(), IndexStatus: "ACTIVE",
			KeySchema:  x.Key.elements(),
			Projection: projectionDescription{ProjectionType: x.Projection, NonKeyAttributes: x.NonKey},
			ItemCount:  count, IndexSizeBytes: size,
		})
	}
	return d
}

func (k KeySchema) elements() []keyElement {
	elements := []keyElement{{AttributeName: k.Partition, KeyType: "HASH"}}
	if k.Sort != "" {
		elements = append(elements, keyElement{AttributeName: k.Sort, KeyType: "RANGE"})
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

type describeTimeToLiveOutput struct{ TimeToLiveDescription timeToLive }

type timeToLive struct {
	TimeToLiveStatus string
	AttributeName    string `json:",omitempty"`
}

// DescribeTimeToLive describes the time to live of a table's items.
func (s *Service) DescribeTimeToLive(ctx context.Context, in *DescribeTableInput) (*describeTimeToLiveOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "DescribeTimeToLive", table: in.TableName})
	if err != nil {
		return nil, err
	}
	status := "DISABLED"
	if table.TimeToLive != "" {
		status = "ENABLED"
	}
	return &describeTimeToLiveOutput{timeToLive{status, table.TimeToLive}}, nil
}

// maximumNames is how many tables are listed at once.
const maximumNames = 100

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

// listTablesOutput has names in their order. LastEvaluatedTableName is given if
// there are more.
type listTablesOutput struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

// ListTables lists the tables by name.
func (s *Service) ListTables(ctx context.Context, in *listTablesInput) (*listTablesOutput, error) {
	limit, err := wire.PageSize(in.Limit, maximumNames)
	if err != nil {
		return nil, err
	}
	if err := s.config.Authorize.Check(ctx, "dynamodb:ListTables", "*", nil); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.tables)), func(name string) bool { return name <= in.ExclusiveStartTableName })
	out := &listTablesOutput{TableNames: append([]string{}, names[:min(limit, len(names))]...)}
	if len(names) > limit {
		out.LastEvaluatedTableName = names[limit-1]
	}
	return out, nil
}
