package dynamodb

import (
	"maps"
	"strings"
	"time"

	"example.com/saga/localcloud/dynamodb/attribute"
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
	Calls      map[string]int `json:"calls"`
	ReadUnits  float64        `json:"readUnits"`
	WriteUnits float64        `json:"writeUnits"`
	// Kinds has the part of it that operations on one item caused, by the prefix
	// of the partition key: "charge" is that of "charge#1". Tables of several
	// kinds of items name them so. A key without a # is not in it.
	Kinds map[string]Usage `json:"kinds,omitempty"`
}

// add adds one call.
func (u *Usage) add(operation string, loads []load) {
	if u.Calls == nil {
		u.Calls = make(map[string]int)
	}
	u.Calls[operation]++
	for _, l := range loads {
		u.ReadUnits += l.read
		u.WriteUnits += l.write
	}
}

func cloneUsage(u Usage) Usage {
	u.Calls, u.Kinds = maps.Clone(u.Calls), maps.Clone(u.Kinds)
	for kind, used := range u.Kinds {
		u.Kinds[kind] = cloneUsage(used)
	}
	return u
}

// Capacity is a number of capacity units. Only transactions say which of them are
// for reads and which for writes.
type Capacity struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

func (c *Capacity) add(more Capacity) {
	c.CapacityUnits += more.CapacityUnits
	c.ReadCapacityUnits += more.ReadCapacityUnits
	c.WriteCapacityUnits += more.WriteCapacityUnits
}

// ConsumedCapacity is the cost of one request on one table, and if requested the parts
// of the table itself and of its indexes.
type ConsumedCapacity struct {
	TableName string
	Capacity
	Table                  *Capacity            `json:",omitempty"`
	GlobalSecondaryIndexes map[string]*Capacity `json:",omitempty"`
}

// load is capacity units of one partition of an index, or of the table itself. The
// partition of a scan has no name, and no limit.
type load struct {
	index       *index
	partition   string
	read, write float64
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

// writeLoads returns the cost of bringing a secondary index up to date: nothing if
// what it has did not change, one write if an entry is added, changed or removed, and
// two if the entry moves to another key.
func (x *index) writeLoads(before, after attribute.Item) []load {
	before, after = x.project(before), x.project(after)
	at, from := keyOf(x.Key, after), keyOf(x.Key, before)
	switch {
	case attribute.Map(before).Equal(attribute.Map(after)):
		return nil
	case before == nil, after != nil && at == from:
		return []load{{index: x, partition: at.partition, write: writeUnits(max(before.Size(), after.Size()))}}
	}
	removal := load{index: x, partition: from.partition, write: writeUnits(before.Size())}
	if after == nil {
		return []load{removal}
	}
	return []load{removal, {index: x, partition: at.partition, write: writeUnits(after.Size())}}
}

// detail is the value of ReturnConsumedCapacity.
type detail string

func (d detail) check() error {
	return oneOf("returnConsumedCapacity", string(d), "INDEXES", "TOTAL", "NONE")
}

// charge adds a call and its cost to the tables that it needed. It returns what is
// requested of the cost.
func (s *Service) charge(operation string, requested detail, loads []load) []ConsumedCapacity {
	now := s.config.Clock()
	byTable := make(map[*storage][]load)
	var tables []*storage // in the order of the request
	for _, l := range loads {
		if byTable[l.index.table] == nil {
			tables = append(tables, l.index.table)
		}
		byTable[l.index.table] = append(byTable[l.index.table], l)
		l.use(now)
	}
	var all []ConsumedCapacity
	for _, table := range tables {
		table.usage.add(operation, byTable[table])
		if requested == "TOTAL" || requested == "INDEXES" {
			all = append(all, consumed(operation, requested, byTable[table]))
		}
	}
	return all
}

func (l load) use(now time.Time) {
	if l.partition == "" {
		return
	}
	if l.read > 0 {
		l.index.reads.use(l.partition, l.read, now)
	}
	if l.write > 0 {
		l.index.writes.use(l.partition, l.write, now)
	}
}

func consumed(operation string, requested detail, loads []load) ConsumedCapacity {
	c := ConsumedCapacity{TableName: loads[0].index.table.Name}
	if requested == "INDEXES" {
		c.Table = new(Capacity)
	}
	for _, l := range loads {
		units := Capacity{CapacityUnits: l.read + l.write}
		if strings.HasPrefix(operation, "Transact") {
			units.ReadCapacityUnits, units.WriteCapacityUnits = l.read, l.write
		}
		c.add(units)
		switch {
		case requested != "INDEXES":
		case l.index.Name == "":
			c.Table.add(units)
		case c.GlobalSecondaryIndexes[l.index.Name] == nil:
			if c.GlobalSecondaryIndexes == nil {
				c.GlobalSecondaryIndexes = make(map[string]*Capacity)
			}
			c.GlobalSecondaryIndexes[l.index.Name] = &units
		default:
			c.GlobalSecondaryIndexes[l.index.Name].add(units)
		}
	}
	return c
}

// chargeOne is charge for a request on one table.
func (s *Service) chargeOne(operation string, requested detail, loads ...load) *ConsumedCapacity {
	if all := s.charge(operation, requested, loads); len(all) > 0 {
		return &all[0]
	}
	return nil
}

// chargeItem is charge for an operation on one item.
func (s *Service) chargeItem(id key, operation string, requested detail, loads ...load) *ConsumedCapacity {
	if kind, _, has := strings.Cut(id.partition, "#"); has {
		table := loads[0].index.table
		used := table.usage.Kinds[kind]
		used.add(operation, loads)
		if table.usage.Kinds == nil {
			table.usage.Kinds = make(map[string]Usage)
		}
		table.usage.Kinds[kind] = used
	}
	return s.chargeOne(operation, requested, loads...)
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
