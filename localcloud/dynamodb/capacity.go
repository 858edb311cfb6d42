package dynamodb

import (
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

const (
	readStep  = 4 << 10
	writeStep = 1 << 10
)

// Transactions do every read and write twice: to prepare and to commit.
const transactionFactor = 2

// Usage is the calls of a table and what they cost on demand.
type Usage struct {
	// Calls counts by operation. A refused conditional write is a call; a
	// request that is not valid is not.
	Calls                 map[string]int
	ReadUnits, WriteUnits float64
	// Kinds has the part of it that operations on one item caused, by the prefix
	// of the partition key: "charge" is that of "charge#1". Tables of several
	// kinds of items name them so. A key without a # is not in it.
	Kinds map[string]Usage
}

// add adds one call.
func (u *Usage) add(operation string, read, write float64) {
	if u.Calls == nil {
		u.Calls = make(map[string]int)
	}
	u.Calls[operation]++
	u.ReadUnits += read
	u.WriteUnits += write
}

func cloneUsage(u Usage) Usage {
	u.Calls, u.Kinds = maps.Clone(u.Calls), maps.Clone(u.Kinds)
	for kind, used := range u.Kinds {
		u.Kinds[kind] = cloneUsage(used)
	}
	return u
}

// ConsumedCapacity is the cost of one request on one table.
type ConsumedCapacity struct {
	TableName     string
	CapacityUnits float64
}

// countSteps returns the number of started steps, which is at least one.
func countSteps(size, step int) float64 {
	return float64(max((size+step-1)/step, 1))
}

func writeUnits(size int) float64 { return countSteps(size, writeStep) }

// readUnits is the cost of reading so many bytes: an eventually consistent read
// costs half.
func readUnits(size int, consistent bool) float64 {
	units := countSteps(size, readStep)
	if !consistent {
		units /= 2
	}
	return units
}

// indexUnits is the cost of bringing a secondary index up to date: nothing if
// what it keeps did not change, one write if an entry is added, changed or
// removed, and two if the entry moves to another key.
func indexUnits(schema KeySchema, before, after *record) float64 {
	switch {
	case before == nil && after == nil:
		return 0
	case before == nil || after == nil:
		return writeUnits(max(sizeOfRecord(before), sizeOfRecord(after)))
	case keyOf(schema, before.item) != keyOf(schema, after.item):
		return writeUnits(before.size) + writeUnits(after.size)
	case attribute.Map(before.item).Equal(attribute.Map(after.item)):
		return 0
	}
	return writeUnits(max(before.size, after.size))
}

// capacityMode checks ReturnConsumedCapacity and reports whether to return it.
func capacityMode(requested string) (bool, error) {
	if requested == "INDEXES" {
		return false, wire.ValidationError("the local cloud does not support ReturnConsumedCapacity INDEXES, only TOTAL and NONE")
	}
	return requested == "TOTAL", oneOf("returnConsumedCapacity", requested, "INDEXES", "TOTAL", "NONE")
}

// charge adds one call to the table's usage. It returns the cost if wanted.
func (s *storage) charge(operation string, read, write float64, wanted bool) *ConsumedCapacity {
	s.usage.add(operation, read, write)
	if !wanted {
		return nil
	}
	return &ConsumedCapacity{TableName: s.Name, CapacityUnits: read + write}
}

// chargeItem is charge for an operation on one item.
func (s *storage) chargeItem(id key, operation string, read, write float64, wanted bool) *ConsumedCapacity {
	if kind, _, has := strings.Cut(id.partition, "#"); has {
		used := s.usage.Kinds[kind]
		used.add(operation, read, write)
		if s.usage.Kinds == nil {
			s.usage.Kinds = make(map[string]Usage)
		}
		s.usage.Kinds[kind] = used
	}
	return s.charge(operation, read, write, wanted)
}

// tableCosts collects the cost of a request on several tables, for each of
// them.
type tableCosts map[*storage]*cost

type cost struct{ read, write float64 }

func (b tableCosts) of(s *storage) *cost {
	if b[s] == nil {
		b[s] = new(cost)
	}
	return b[s]
}

// charge charges every table, each with one call.
func (b tableCosts) charge(operation string, wanted bool) []ConsumedCapacity {
	byName := make(map[string]*storage, len(b))
	for s := range b {
		byName[s.Name] = s
	}
	var all []ConsumedCapacity
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s := byName[name]
		if consumed := s.charge(operation, b[s].read, b[s].write, wanted); consumed != nil {
			all = append(all, *consumed)
		}
	}
	return all
}

// Usage returns the usage of each table so far, by table name.
func (s *Service) Usage() map[string]Usage {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := make(map[string]Usage, len(s.tables))
	for name, table := range s.tables {
		all[name] = cloneUsage(table.usage)
	}
	return all
}
