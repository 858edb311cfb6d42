package dynamodb

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sort"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// QueryInput is a request for the items of one partition.
type QueryInput struct {
	Read
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

// Query reads a part of one partition in the order of the sort key.
func (s *Service) Query(ctx context.Context, in *QueryInput) (*ReadOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "Query", table: in.TableName, index: in.IndexName})
	if err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, wire.ValidationError("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	r, variables, err := planRead(table, &in.Read, expression.Parameter{Name: "KeyConditionExpression", Text: in.KeyConditionExpression})
	if err != nil {
		return nil, err
	}
	q, err := r.query(*in.KeyConditionExpression, variables)
	if err != nil {
		return nil, err
	}
	if err := variables.CheckUsed(); err != nil {
		return nil, err
	}
	q.backward = in.ScanIndexForward != nil && !*in.ScanIndexForward
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.page("Query", r, q.partition.Text(), q.entries())
}

// query is a reading of one partition.
type query struct {
	*reading
	partition attribute.Value
	sort      expression.KeyTest
	backward  bool
}

func (r *reading) query(keyCondition string, variables *expression.Variables) (*query, error) {
	tests, err := expression.ParseKeyCondition(keyCondition, variables)
	if err != nil {
		return nil, err
	}
	q, err := r.partitionQuery(tests)
	if err != nil {
		return nil, err
	}
	return q, cmp.Or(r.filtersNoKey(), q.checkStart())
}

// partitionQuery returns the query of the tests on the key of what is read.
func (r *reading) partitionQuery(tests map[string]expression.KeyTest) (*query, error) {
	if len(tests) > 2 {
		return nil, wire.ValidationError("Conditions can be of length 1 or 2 only")
	}
	schema := r.index.Key
	partition, present := tests[schema.Partition]
	if !present {
		return nil, wire.ValidationError("Query condition missed key schema element: %s", schema.Partition)
	}
	if partition.Operator != "=" || schema.Sort == "" && len(tests) > 1 {
		return nil, wire.ValidationError("Query key condition not supported")
	}
	sorted, hasSort := tests[schema.Sort]
	if len(tests) > 1 && !hasSort {
		return nil, wire.ValidationError("Query condition missed key schema element: %s", schema.Sort)
	}
	for name, test := range tests {
		if err := checkBounds(test, name, r.table.Attributes[name]); err != nil {
			return nil, err
		}
	}
	return &query{reading: r, partition: partition.Bounds[0], sort: sorted}, nil
}

// checkBounds returns an error if a key attribute is compared with a value of
// another type or with an empty one.
func checkBounds(test expression.KeyTest, attributeName, kind string) error {
	for _, bound := range test.Bounds {
		if string(bound.Kind()) != kind {
			return wire.ValidationError("One or more parameter values were invalid: Condition parameter type does not match schema type")
		}
		if bound.Text() == "" {
			return emptyKey(bound.Kind(), "Key: "+attributeName)
		}
	}
	return nil
}

// filtersNoKey refuses a filter on the key: that belongs in the key condition.
func (r *reading) filtersNoKey() error {
	for _, p := range r.filter.Paths() {
		if r.index.Key.has(p.Attribute()) {
			return wire.ValidationError("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", p.Attribute())
		}
	}
	return nil
}

func (q *query) checkStart() error {
	switch {
	case q.start == nil:
		return nil
	case q.start.partition != q.partition.Text():
		return wire.ValidationError("The provided starting key is outside query boundaries based on provided conditions")
	case q.sort.Before(q.start.sort) || q.sort.After(q.start.sort):
		return wire.ValidationError("The provided starting key does not match the range key predicate")
	}
	return nil
}

// entries returns the entries of the query by binary search: the sort test accepts one
// unbroken stretch of the partition.
func (q *query) entries() iter.Seq[entry] {
	p := q.index.partitions[q.partition.Text()]
	if p == nil {
		return slices.Values([]entry(nil))
	}
	from := sort.Search(len(p.entries), func(i int) bool { return !q.sort.Before(p.entries[i].sort) })
	to := sort.Search(len(p.entries), func(i int) bool { return q.sort.After(p.entries[i].sort) })
	if q.start != nil {
		at, found := p.search(q.start.entry)
		switch {
		case q.backward:
			to = min(to, at)
		case found:
			from = max(from, at+1)
		default:
			from = max(from, at)
		}
	}
	stretch := p.entries[from:max(from, to)]
	if !q.backward {
		return slices.Values(stretch)
	}
	return func(yield func(entry) bool) {
		for _, e := range slices.Backward(stretch) {
			if !yield(e) {
				return
			}
		}
	}
}

// ScanInput is a request for all items.
type ScanInput struct {
	Read
}

// Scan reads everything in a table or an index.
func (s *Service) Scan(ctx context.Context, in *ScanInput) (*ReadOutput, error) {
	table, err := s.authorizedTable(ctx, permission{action: "Scan", table: in.TableName, index: in.IndexName})
	if err != nil {
		return nil, err
	}
	r, variables, err := planRead(table, &in.Read)
	if err != nil {
		return nil, err
	}
	if err := variables.CheckUsed(); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.page("Scan", r, "", r.entries())
}

// entries is all entries after the start, partition by partition.
func (r *reading) entries() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		partitions := r.index.inOrder()
		first, skip := r.resume(partitions)
		for _, p := range partitions[first:] {
			for _, found := range p.entries[skip:] {
				if !yield(found) {
					return
				}
			}
			skip = 0
		}
	}
}

// resume finds the partition to begin in and how many of its entries to skip.
func (r *reading) resume(partitions []*partition) (first, skip int) {
	if r.start == nil {
		return 0, 0
	}
	name := r.start.partition
	first, found := slices.BinarySearchFunc(partitions, &partition{name: name, hash: hashOf(name)}, comparePartitions)
	if !found {
		return first, 0
	}
	skip, found = partitions[first].search(r.start.entry)
	if found {
		skip++
	}
	return first, skip
}
