package dynamodb

import "slices"

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

// Table describes a table to create. It has to be valid.
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
