package dynamodb

import (
	"maps"
	"slices"
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
