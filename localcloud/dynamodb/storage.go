package dynamodb

import (
	"cmp"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/wire"
)

// storage is one table's items, indexes and use. The service's lock guards
// everything in it but the Table itself, which never changes.
type storage struct {
	Table
	created time.Time
	primary *index   // which has all items
	indexes []*index // in the order of Table.Indexes
	usage   Usage
}

func newStorage(t Table, created time.Time) *storage {
	t.Attributes = maps.Clone(t.Attributes)
	s := &storage{Table: t, created: created, usage: Usage{Calls: make(map[string]int)}}
	s.primary = newIndex(s, Index{Key: t.Key, Projection: ProjectAll})
	for _, described := range t.Indexes {
		described.NonKey = slices.Clone(described.NonKey)
		s.indexes = append(s.indexes, newIndex(s, described))
	}
	return s
}

// find returns the record of an item, or nil.
func (s *storage) find(k key) *record {
	p := s.primary.partitions[k.partition]
	if p == nil {
		return nil
	}
	kind := attribute.Kind(s.Attributes[s.Key.Sort])
	at, found := p.search(entry{sort: attribute.Scalar(kind, k.sort), record: &record{id: k}})
	if !found {
		return nil
	}
	return p.entries[at].record
}

// size returns the bytes of the item under a key; 0 if there is none.
func (s *storage) size(k key) int {
	if r := s.find(k); r != nil {
		return r.size
	}
	return 0
}

// writeLoads returns what it costs to write next in the place of old in the table and
// in its indexes; either may be nil. The indexes follow a transaction when it is
// done, and cost no more for it.
func (s *storage) writeLoads(k key, old, next attribute.Item, factor float64) []load {
	all := []load{{index: s.primary, partition: k.partition, write: factor * writeUnits(max(old.Size(), next.Size()))}}
	for _, x := range s.indexes {
		all = append(all, x.writeLoads(old, next)...)
	}
	return all
}

// write puts next in the place of old, in the table and in its indexes.
func (s *storage) write(k key, old, next attribute.Item) {
	var stored *record
	if next != nil {
		stored = &record{id: k, packed: next.Pack(), size: next.Size()}
		next = stored.item() // The indexes refer to parts of the packed item instead of to copies.
	}
	s.primary.replace(k, old, stored, next)
	for _, x := range s.indexes {
		x.replace(k, old, stored, next)
	}
}

// index returns the index with a name, or the table's own order for an empty
// name.
func (s *storage) index(name string) (*index, error) {
	for _, x := range append([]*index{s.primary}, s.indexes...) {
		if x.Name == name {
			return x, nil
		}
	}
	return nil, wire.ValidationError("The table does not have the specified index: %s", name)
}

// record is one item of a table. It is replaced, never changed.
type record struct {
	id     key
	packed string
	size   int
}

// item returns the item, which is the caller's own; nil for no record.
func (r *record) item() attribute.Item {
	if r == nil {
		return nil
	}
	return attribute.Unpack(r.packed)
}

// entry is one item's place in an index.
type entry struct {
	sort attribute.Value // the attribute by which its partition is ordered; may be none
	*record
}

// partition holds the entries of one partition key in order.
type partition struct {
	hash    uint32
	name    string
	entries []entry
}

func (p *partition) search(e entry) (at int, found bool) {
	return slices.BinarySearchFunc(p.entries, e, func(a, b entry) int {
		return cmp.Or(a.sort.Compare(b.sort), strings.Compare(a.id.partition, b.id.partition), strings.Compare(a.id.sort, b.id.sort))
	})
}

// index orders items by a key: the table's own, or a secondary index's. An Index
// without a name is the table's own.
// Partitions come in the order of a hash, as in DynamoDB, so that no program
// relies on an order that is not promised.
type index struct {
	Index
	table         *storage
	partitions    map[string]*partition
	ordered       []*partition // for scans; stale is set when it must be made anew
	stale         bool
	reads, writes rate
}

func newIndex(table *storage, described Index) *index {
	return &index{
		Index: described, table: table, partitions: make(map[string]*partition),
		reads: newRate(maximumReads), writes: newRate(maximumWrites),
	}
}

func (x *index) arn() string {
	if x.Name == "" {
		return x.table.ARN
	}
	return x.table.ARN + "/index/" + x.Name
}

// has reports whether an item has the index's key. An item without it is not in the
// index.
func (x *index) has(item attribute.Item) bool {
	return !slices.ContainsFunc(x.Key.attributes(), func(name string) bool {
		_, present := item[name]
		return !present
	})
}

// projects reports whether an attribute of the table's items is in the index.
func (x *index) projects(attribute string) bool {
	return x.Projection == ProjectAll || x.table.Key.has(attribute) || x.Key.has(attribute) || slices.Contains(x.NonKey, attribute)
}

// project returns what the index has of an item; nil for an item that it has not.
func (x *index) project(item attribute.Item) attribute.Item {
	if !x.has(item) {
		return nil
	}
	if x.Projection == ProjectAll {
		return item
	}
	kept := make(attribute.Item)
	for name, value := range item {
		if x.projects(name) {
			kept[name] = value
		}
	}
	return kept
}

// read returns what the index has of an entry's item, and its size.
func (x *index) read(e entry) (attribute.Item, int) {
	if x.Projection == ProjectAll {
		return e.item(), e.size
	}
	item := x.project(e.item())
	return item, item.Size()
}

// entry returns the place of an item that has the index's key.
func (x *index) entry(r *record, item attribute.Item) entry {
	return entry{sort: item[x.Key.Sort], record: r}
}

// replace puts an item's record in the place of its old one; either may be nil.
func (x *index) replace(id key, old attribute.Item, r *record, next attribute.Item) {
	if x.has(old) && (!x.has(next) || keyOf(x.Key, old) != keyOf(x.Key, next)) {
		x.remove(keyOf(x.Key, old).partition, x.entry(&record{id: id}, old))
	}
	if x.has(next) {
		x.put(keyOf(x.Key, next).partition, x.entry(r, next))
	}
}

func (x *index) put(name string, e entry) {
	p := x.partitions[name]
	if p == nil {
		name = strings.Clone(name) // It outlives the record of which it is a part.
		p = &partition{name: name, hash: hashOf(name)}
		x.partitions[name] = p
		x.stale = true
	}
	at, found := p.search(e)
	if found {
		p.entries[at] = e
		return
	}
	p.entries = slices.Insert(p.entries, at, e)
}

func (x *index) remove(name string, e entry) {
	p := x.partitions[name]
	at, _ := p.search(e)
	p.entries = slices.Delete(p.entries, at, at+1)
	if len(p.entries) == 0 {
		delete(x.partitions, name)
		x.stale = true
	}
}

// inOrder is all partitions in the order of a scan.
func (x *index) inOrder() []*partition {
	if x.stale {
		x.ordered, x.stale = slices.SortedFunc(maps.Values(x.partitions), comparePartitions), false
	}
	return x.ordered
}

func comparePartitions(a, b *partition) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.name, b.name))
}

func hashOf(name string) uint32 {
	return crc32.ChecksumIEEE([]byte(name))
}
