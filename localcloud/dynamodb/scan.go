package dynamodb

import (
	"context"
	"iter"
	"slices"
)

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
