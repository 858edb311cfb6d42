package dynamodb

import (
	"cmp"
	"hash/crc32"
	"slices"
	"strings"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// record is one item in a table or in an index, with what is needed of it again
// and again. It is replaced, never changed.
type record struct {
	id   key             // the item's key in the table
	sort attribute.Value // the attribute by which its partition is ordered; may be none
	item attribute.Item
	size int
}

// partition holds the records of one partition key in order.
type partition struct {
	hash    uint32
	name    string
	records []*record
}

// index orders items by a key: the table's own, or a secondary index's.
// Partitions come in the order of a hash, as in DynamoDB, so that no program
// relies on an order that is not promised.
type index struct {
	schema     KeySchema
	partitions map[string]*partition
	ordered    []*partition // for scans; stale is set when it must be made anew
	stale      bool
}

func newIndex(schema KeySchema) *index {
	return &index{schema: schema, partitions: make(map[string]*partition)}
}

// record returns the record of an item, or none if the item lacks the index's key.
func (x *index) record(id key, item attribute.Item) *record {
	for _, name := range x.schema.attributes() {
		if _, present := item[name]; !present {
			return nil
		}
	}
	return &record{id: id, sort: item[x.schema.Sort], item: item, size: item.Size()}
}

func (x *index) partitionName(r *record) string { return r.item[x.schema.Partition].Text() }

func compareRecords(a, b *record) int {
	return cmp.Or(a.sort.Compare(b.sort), strings.Compare(a.id.partition, b.id.partition), strings.Compare(a.id.sort, b.id.sort))
}

// put adds a record, or replaces the one at the same place.
func (x *index) put(r *record) {
	name := x.partitionName(r)
	p := x.partitions[name]
	if p == nil {
		p = &partition{name: name, hash: hashOf(name)}
		x.partitions[name] = p
		x.stale = true
	}
	at, found := slices.BinarySearchFunc(p.records, r, compareRecords)
	if found {
		p.records[at] = r
		return
	}
	p.records = slices.Insert(p.records, at, r)
}

func (x *index) remove(r *record) {
	name := x.partitionName(r)
	p := x.partitions[name]
	if p == nil {
		return
	}
	if at, found := slices.BinarySearchFunc(p.records, r, compareRecords); found {
		p.records = slices.Delete(p.records, at, at+1)
	}
	if len(p.records) == 0 {
		delete(x.partitions, name)
		x.stale = true
	}
}

// replace puts an item's new record in the place of its old one; either may
// be nil.
func (x *index) replace(old, next *record) {
	if old != nil {
		x.remove(old)
	}
	if next != nil {
		x.put(next)
	}
}

// inOrder is all partitions in the order of a scan.
func (x *index) inOrder() []*partition {
	if x.stale {
		x.ordered = x.ordered[:0]
		for _, p := range x.partitions {
			x.ordered = append(x.ordered, p)
		}
		slices.SortFunc(x.ordered, comparePartitions)
		x.stale = false
	}
	return x.ordered
}

func comparePartitions(a, b *partition) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.name, b.name))
}

func hashOf(name string) uint32 {
	return crc32.ChecksumIEEE([]byte(name))
}
