package dynamodb

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

func keyOf(schema KeySchema, item Item) key {
	k := key{partition: item[schema.Partition].Text()}
	if schema.Sort != "" {
		k.sort = item[schema.Sort].Text()
	}
	return k
}

// keyFields is the part of an item that is its key.
func keyFields(schema KeySchema, item Item) Item {
	fields := make(Item)
	for _, name := range schema.attributes() {
		fields[name] = item[name]
	}
	return fields
}

// checkKeyMap checks a key given by itself: exactly the table's key attributes.
func (t Table) checkKeyMap(given Item) error {
	if len(given) != len(t.Key.attributes()) {
		return validation("The provided key element does not match the schema")
	}
	for _, name := range t.Key.attributes() {
		if value, present := given[name]; !present || string(value.kind) != t.Attributes[name] {
			return validation("The provided key element does not match the schema")
		}
		if given[name].text == "" && given[name].kind != KindNumber {
			return emptyKey(given[name].kind, "Key: "+name)
		}
	}
	return checkKeySizes(t.Key, given)
}

func emptyKey(kind Kind, where string) error {
	name := "string"
	if kind == KindBinary {
		name = "binary"
	}
	return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. %s", name, where)
}

func checkKeySizes(schema KeySchema, item Item) error {
	if item[schema.Partition].size() > maximumPartitionKey {
		return validation("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if item[schema.Sort].size() > maximumSortKey {
		return validation("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

// checkItem checks a whole item given to be put.
func (t Table) checkItem(item Item) error {
	for _, name := range t.Key.attributes() {
		value, present := item[name]
		if !present {
			return validation("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if string(value.kind) != t.Attributes[name] {
			return validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.Attributes[name], value.kind)
		}
	}
	if err := t.checkKeyMap(keyFields(t.Key, item)); err != nil {
		return err
	}
	if err := item.check(); err != nil {
		return err
	}
	return t.checkIndexKeys(item)
}

// checkIndexKeys refuses index keys that the item has but cannot be indexed by.
func (t Table) checkIndexKeys(item Item) error {
	for _, index := range t.Indexes {
		for _, name := range index.Key.attributes() {
			value, present := item[name]
			switch {
			case !present:
				continue
			case string(value.kind) != t.Attributes[name]:
				return validation("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.Attributes[name], value.kind, index.Name)
			case value.text == "" && value.kind != KindNumber:
				return emptyKey(value.kind, "IndexName: "+index.Name+", IndexKey: "+name)
			}
		}
		if err := checkKeySizes(index.Key, item); err != nil {
			return err
		}
	}
	return nil
}

// checkUpdate refuses paths into or over key attributes.
func (t Table) checkUpdate(u *update) error {
	for _, p := range u.paths {
		if t.Key.has(p[0].name) {
			return validation("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", p[0].name)
		}
	}
	return t.checkPaths(u.paths)
}

// checkPaths refuses paths that go into a key attribute, which is a scalar.
func (t Table) checkPaths(paths []path) error {
	const refusal = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
	for _, p := range paths {
		if len(p) == 1 {
			continue
		}
		name := p[0].name
		if t.Key.has(name) {
			return validation(refusal+"Key: %s", name)
		}
		if _, isKey := t.Attributes[name]; isKey {
			return validation(refusal+"IndexKey: %s", name)
		}
	}
	return nil
}
