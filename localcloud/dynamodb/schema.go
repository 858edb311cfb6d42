package dynamodb

import (
	"cmp"
	"slices"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
	"example.com/saga/localcloud/wire"
)

// KeySchema names the attributes of a key. Sort is empty for a simple key.
type KeySchema struct {
	Partition, Sort string
}

// ProjectAll is the projection of an index that has all attributes of its items.
const ProjectAll = "ALL"

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

// The limits of key attributes, in bytes.
const (
	maximumPartitionKey = 2048
	maximumSortKey      = 1024
)

// key identifies an item in its table: the texts of its key attributes, whose
// types the table fixes. Sort is empty for a simple key.
type key struct {
	partition, sort string
}

func keyOf(schema KeySchema, item attribute.Item) key {
	k := key{partition: item[schema.Partition].Text()}
	if schema.Sort != "" {
		k.sort = item[schema.Sort].Text()
	}
	return k
}

// keyFields is the part of an item that is its key.
func keyFields(schema KeySchema, item attribute.Item) attribute.Item {
	fields := make(attribute.Item)
	for _, name := range schema.attributes() {
		fields[name] = item[name]
	}
	return fields
}

// checkKeyMap checks a key given by itself: exactly the table's key attributes.
func (t Table) checkKeyMap(given attribute.Item) error {
	if len(given) != len(t.Key.attributes()) {
		return wire.ValidationError("The provided key element does not match the schema")
	}
	for _, name := range t.Key.attributes() {
		if value, present := given[name]; !present || string(value.Kind()) != t.Attributes[name] {
			return wire.ValidationError("The provided key element does not match the schema")
		}
		if given[name].Text() == "" {
			return emptyKey(given[name].Kind(), "Key: "+name)
		}
	}
	return checkKeySizes(t.Key, given)
}

func emptyKey(kind attribute.Kind, where string) error {
	name := "string"
	if kind == attribute.KindBinary {
		name = "binary"
	}
	return wire.ValidationError("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. %s", name, where)
}

func checkKeySizes(schema KeySchema, item attribute.Item) error {
	if item[schema.Partition].Size() > maximumPartitionKey {
		return wire.ValidationError("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if item[schema.Sort].Size() > maximumSortKey {
		return wire.ValidationError("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

// checkItem checks a whole item given to be put.
func (t Table) checkItem(item attribute.Item) error {
	for _, name := range t.Key.attributes() {
		value, present := item[name]
		if !present {
			return wire.ValidationError("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if string(value.Kind()) != t.Attributes[name] {
			return wire.ValidationError("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.Attributes[name], value.Kind())
		}
	}
	return cmp.Or(t.checkKeyMap(keyFields(t.Key, item)), item.Check(), t.checkIndexKeys(item))
}

// checkIndexKeys refuses index keys that the item has but cannot be indexed by.
func (t Table) checkIndexKeys(item attribute.Item) error {
	for _, index := range t.Indexes {
		for _, name := range index.Key.attributes() {
			value, present := item[name]
			switch {
			case !present:
				continue
			case string(value.Kind()) != t.Attributes[name]:
				return wire.ValidationError("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.Attributes[name], value.Kind(), index.Name)
			case value.Text() == "":
				return emptyKey(value.Kind(), "IndexName: "+index.Name+", IndexKey: "+name)
			}
		}
		if err := checkKeySizes(index.Key, item); err != nil {
			return err
		}
	}
	return nil
}

// checkUpdate refuses paths into or over key attributes.
func (t Table) checkUpdate(u *expression.Update) error {
	for _, p := range u.Paths() {
		if t.Key.has(p.Attribute()) {
			return wire.ValidationError("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", p.Attribute())
		}
	}
	return t.checkPaths(u.Paths())
}

// checkPaths refuses paths that go into a key attribute, which is a scalar.
func (t Table) checkPaths(paths []expression.Path) error {
	const refusal = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
	for _, p := range paths {
		if !p.IsNested() {
			continue
		}
		name := p.Attribute()
		if t.Key.has(name) {
			return wire.ValidationError(refusal+"Key: %s", name)
		}
		if _, isKey := t.Attributes[name]; isKey {
			return wire.ValidationError(refusal+"IndexKey: %s", name)
		}
	}
	return nil
}
