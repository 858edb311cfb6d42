package dynamodb

import (
	"cmp"
	"fmt"
	"slices"
)

// KeySchema names the attributes of a key. Sort is empty for a simple key.
type KeySchema struct {
	Partition, Sort string
}

// The projections of an index.
const (
	ProjectAll      = "ALL"
	ProjectKeysOnly = "KEYS_ONLY"
	ProjectInclude  = "INCLUDE"
)

// Index is a global secondary index. An item without the index's key is not in
// it.
type Index struct {
	Name string
	Key  KeySchema
	// Projection is ALL, KEYS_ONLY or INCLUDE, the last with NonKey.
	Projection string
	NonKey     []string
}

// Table describes a table to create.
type Table struct {
	Name, ARN string
	Key       KeySchema
	// Attributes are the types of the attributes of keys: S, N or B.
	Attributes map[string]string
	Indexes    []Index
	// Provisioned is whether capacity is provisioned, instead of paid for by request.
	// How much is not limited, only what one partition takes.
	Provisioned bool
	// TimeToLive is the attribute with the time after which an item may be deleted;
	// "" if there is none. It is described only: no item is deleted.
	TimeToLive string
}

func (k KeySchema) attributes() []string {
	if k.Sort == "" {
		return []string{k.Partition}
	}
	return []string{k.Partition, k.Sort}
}

func (k KeySchema) has(attribute string) bool {
	return slices.Contains(k.attributes(), attribute)
}

// check refuses a table that DynamoDB would not create.
func (t Table) check() error {
	if t.Name == "" || t.ARN == "" {
		return fmt.Errorf("table %q needs a name and an ARN", t.Name)
	}
	used := make(map[string]bool)
	if err := t.checkKey(t.Name, t.Key, used); err != nil {
		return err
	}
	names := make(map[string]bool)
	for _, index := range t.Indexes {
		if index.Name == "" || names[index.Name] {
			return fmt.Errorf("table %s: an index needs a name of its own, not %q", t.Name, index.Name)
		}
		names[index.Name] = true
		if err := cmp.Or(t.checkKey(t.Name+"/index/"+index.Name, index.Key, used), index.checkProjection(t.Name)); err != nil {
			return err
		}
	}
	for attribute := range t.Attributes {
		if !used[attribute] {
			return fmt.Errorf("table %s: the attribute %s is defined but in no key", t.Name, attribute)
		}
	}
	return nil
}

func (t Table) checkKey(owner string, key KeySchema, used map[string]bool) error {
	if key.Partition == "" || key.Partition == key.Sort {
		return fmt.Errorf("%s: the key needs a partition attribute, and another one to sort by", owner)
	}
	for _, attribute := range key.attributes() {
		used[attribute] = true
		switch kind := t.Attributes[attribute]; kind {
		case "S", "N", "B":
		default:
			return fmt.Errorf("%s: the key attribute %s has the type %q, not S, N or B", owner, attribute, kind)
		}
	}
	return nil
}

func (i Index) checkProjection(table string) error {
	switch i.Projection {
	case ProjectAll, ProjectKeysOnly, ProjectInclude:
	default:
		return fmt.Errorf("%s/index/%s: the projection %q is none of ALL, KEYS_ONLY, INCLUDE", table, i.Name, i.Projection)
	}
	if (i.Projection == ProjectInclude) != (len(i.NonKey) > 0) {
		return fmt.Errorf("%s/index/%s: non-key attributes go with the projection INCLUDE and with no other", table, i.Name)
	}
	return nil
}
