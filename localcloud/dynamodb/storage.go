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
	items   map[key]*record
	primary *index
	indexes []*index // in the order of Table.Indexes
	usage   Usage
}

func newStorage(t Table, created time.Time) *storage {
	t.Attributes = maps.Clone(t.Attributes)
	t.Indexes = slices.Clone(t.Indexes)
	s := &storage{
		Table: t, created: created, items: make(map[key]*record), primary: newIndex(t.Key),
		usage: Usage{Calls: make(map[string]int)},
	}
	for i, described := range t.Indexes {
		t.Indexes[i].NonKey = slices.Clone(described.NonKey)
		s.indexes = append(s.indexes, newIndex(described.Key))
	}
	return s
}

// get returns an item, or nil. The caller must not change it.
func (s *storage) get(k key) attribute.Item {
	if r := s.items[k]; r != nil {
		return r.item
	}
	return nil
}

// size returns the bytes of the item under a key; 0 if there is none.
func (s *storage) size(k key) int { return sizeOfRecord(s.items[k]) }

// write replaces the item under a key, or deletes it if next is nil, in the
// table and in its indexes. It returns the write units that each of the two
// costs.
func (s *storage) write(k key, next attribute.Item) (own, indexes float64) {
	old := s.items[k]
	var fresh *record
	if next != nil {
		fresh = s.primary.record(k, next)
	}
	s.primary.replace(old, fresh)
	if fresh == nil {
		delete(s.items, k)
	} else {
		s.items[k] = fresh
	}
	return writeUnits(max(sizeOfRecord(old), sizeOfRecord(fresh))), s.writeIndexes(k, old, fresh)
}

func (s *storage) writeIndexes(k key, old, fresh *record) float64 {
	units := 0.0
	for i, described := range s.Indexes {
		before, after := s.indexed(i, k, old), s.indexed(i, k, fresh)
		units += indexUnits(described.Key, before, after)
		s.indexes[i].replace(before, after)
	}
	return units
}

// indexed returns the record that a secondary index keeps of an item, if any.
func (s *storage) indexed(i int, k key, r *record) *record {
	if r == nil {
		return nil
	}
	return s.indexes[i].record(k, s.project(s.Indexes[i], r.item))
}

// index returns the index with a name, or the table's own order for an empty
// name.
func (s *storage) index(name string) (*index, *Index, error) {
	if name == "" {
		return s.primary, nil, nil
	}
	for i := range s.Indexes {
		if s.Indexes[i].Name == name {
			return s.indexes[i], &s.Indexes[i], nil
		}
	}
	return nil, nil, wire.ValidationError("The table does not have the specified index: %s", name)
}

func sizeOfRecord(r *record) int {
	if r == nil {
		return 0
	}
	return r.size
}
