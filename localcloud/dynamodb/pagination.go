package dynamodb

import (
	"iter"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// maximumPage is how many bytes of items one Query or Scan evaluates.
const maximumPage = 1 << 20

// Read is what a Query and a Scan have in common.
type Read struct {
	TableName                 string
	IndexName                 string
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]attribute.Value
	Limit                     *int
	ExclusiveStartKey         attribute.Item
	ConsistentRead            bool
	Select                    string
	ReturnConsumedCapacity    detail
}

// ReadOutput is one page of a Query or a Scan. Count is what passed the filter
// of the ScannedCount items that were read. After a LastEvaluatedKey there is a
// next page, which may be empty.
type ReadOutput struct {
	Items            []attribute.Item `json:",omitzero"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey attribute.Item    `json:",omitzero"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// reading is a checked Read.
type reading struct {
	table      *storage
	index      *index
	filter     *expression.Condition
	projection *expression.Projection
	limit      int // 0 for none
	countsOnly bool
	start      *start // where to continue, nil for the beginning
	consistent bool
	capacity   detail
}

// start is the place of an item at which the page before ended.
type start struct {
	entry
	partition string
}

// planRead checks everything but what only a Query has. The variables are used by
// further expressions too.
func planRead(table *storage, in *Read, further ...expression.Parameter) (*reading, *expression.Variables, error) {
	variables, err := expression.NewVariables(in.ExpressionAttributeNames, in.ExpressionAttributeValues, append([]expression.Parameter{
		{Name: "ProjectionExpression", Text: in.ProjectionExpression}, {Name: "FilterExpression", Text: in.FilterExpression},
	}, further...)...)
	if err != nil {
		return nil, nil, err
	}
	r := &reading{table: table, consistent: in.ConsistentRead, capacity: in.ReturnConsumedCapacity}
	return r, variables, r.plan(in, variables)
}

func (r *reading) plan(in *Read, variables *expression.Variables) (err error) {
	if r.index, err = r.table.index(in.IndexName); err != nil {
		return err
	}
	if in.IndexName != "" && in.ConsistentRead {
		return wire.ValidationError("Consistent reads are not supported on global secondary indexes")
	}
	if err := r.capacity.check(); err != nil {
		return err
	}
	if in.Limit != nil {
		if *in.Limit < 1 {
			return wire.ValidationError("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
		}
		r.limit = *in.Limit
	}
	if err := r.parseSelect(in); err != nil {
		return err
	}
	if r.start, err = r.startAt(in.ExclusiveStartKey); err != nil {
		return err
	}
	if r.projection, err = expression.ParseProjection(in.ProjectionExpression, variables); err != nil {
		return err
	}
	if err := r.checkReadable(r.projection.Paths(), "project"); err != nil {
		return err
	}
	if r.filter, err = expression.ParseCondition("FilterExpression", in.FilterExpression, variables); err != nil {
		return err
	}
	return r.checkReadable(r.filter.Paths(), "project one or more filter attributes:")
}

func (r *reading) parseSelect(in *Read) error {
	err := oneOf("select", in.Select, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
	if err != nil {
		return err
	}
	hasProjection := in.ProjectionExpression != nil
	switch {
	case in.Select == "SPECIFIC_ATTRIBUTES" && !hasProjection:
		return wire.ValidationError("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case in.Select != "" && in.Select != "SPECIFIC_ATTRIBUTES" && hasProjection:
		return wire.ValidationError("Cannot specify the ProjectionExpression when choosing to get %s", in.Select)
	case in.Select == "ALL_PROJECTED_ATTRIBUTES" && in.IndexName == "":
		return wire.ValidationError("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case in.Select == "ALL_ATTRIBUTES" && r.index.Projection != ProjectAll:
		return wire.ValidationError("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", r.index.Name)
	}
	r.countsOnly = in.Select == "COUNT"
	return nil
}

// checkReadable refuses paths to what an index does not hold.
func (r *reading) checkReadable(paths []expression.Path, what string) error {
	if err := r.table.checkPaths(paths); err != nil {
		return err
	}
	for _, p := range paths {
		if !r.index.projects(p.Attribute()) {
			return wire.ValidationError("One or more parameter values were invalid: Global secondary index %s does not %s [%s]", r.index.Name, what, p.Attribute())
		}
	}
	return nil
}

// startAt returns the place of the item at which the page before ended. The item need
// not exist any more.
func (r *reading) startAt(given attribute.Item) (*start, error) {
	if given == nil {
		return nil, nil
	}
	wanted := r.positionOf(given)
	if len(wanted) != len(given) {
		return nil, wire.ValidationError("The provided starting key is invalid")
	}
	for name := range wanted {
		if value, present := given[name]; !present || string(value.Kind()) != r.table.Attributes[name] {
			return nil, wire.ValidationError("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	id := keyOf(r.table.Key, given)
	return &start{r.index.entry(&record{id: id}, given), keyOf(r.index.Key, given).partition}, nil
}

// positionOf returns the attributes of an item that are its position in what is
// read.
func (r *reading) positionOf(item attribute.Item) attribute.Item {
	fields := keyFields(r.table.Key, item)
	for _, name := range r.index.Key.attributes() {
		fields[name] = item[name]
	}
	return fields
}

// page evaluates entries until one page is full. It needs the service's lock.
func (s *Service) page(operation string, r *reading, partition string, entries iter.Seq[entry]) (*ReadOutput, error) {
	cost := load{index: r.index, partition: partition, read: 1}
	if refused := s.throttled([]load{cost}); refused != nil {
		return nil, refused.alone
	}
	out := new(ReadOutput)
	if !r.countsOnly {
		out.Items = []attribute.Item{}
	}
	size := 0
	for found := range entries {
		item, bytes := r.index.read(found)
		out.ScannedCount++
		size += bytes
		if r.filter.Holds(item) {
			out.Count++
			if !r.countsOnly {
				out.Items = append(out.Items, r.projection.Of(item))
			}
		}
		if out.ScannedCount == r.limit || size >= maximumPage {
			out.LastEvaluatedKey = r.positionOf(item)
			break
		}
	}
	cost.read = readUnits(size, r.consistent)
	out.ConsumedCapacity = s.chargeOne(operation, r.capacity, cost)
	return out, nil
}
