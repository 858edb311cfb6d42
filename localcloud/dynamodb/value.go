package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind is the type of an attribute value, written as on the wire.
type Kind string

// The kinds of attribute values.
const (
	KindString    Kind = "S"
	KindNumber    Kind = "N"
	KindBinary    Kind = "B"
	KindBool      Kind = "BOOL"
	KindNull      Kind = "NULL"
	KindList      Kind = "L"
	KindMap       Kind = "M"
	KindStringSet Kind = "SS"
	KindNumberSet Kind = "NS"
	KindBinarySet Kind = "BS"
)

// Value is one attribute value. It is never changed once made, so values may
// be shared freely: between items, indexes, callers and goroutines.
type Value struct {
	kind   Kind
	text   string           // S, and the bytes of B
	number number           // N
	truth  bool             // BOOL
	list   []Value          // L, and the members of a set
	fields map[string]Value // M
}

// Item is a whole item, or the key of one.
type Item map[string]Value

// String makes a value of kind S.
func String(text string) Value { return Value{kind: KindString, text: text} }

// Number makes a value of kind N, or refuses what is not a number that
// DynamoDB can hold.
func Number(text string) (Value, error) {
	parsed, err := parseNumber(text)
	if err != nil {
		return Value{}, err
	}
	return numeric(parsed), nil
}

func numeric(n number) Value            { return Value{kind: KindNumber, number: n} }
func document(f map[string]Value) Value { return Value{kind: KindMap, fields: f} }

// Kind is the value's type; it is empty for the zero Value, which is no valid
// attribute value.
func (v Value) Kind() Kind { return v.kind }

// Text is the text of a string, the digits of a number and the bytes of a
// binary; other kinds have none.
func (v Value) Text() string {
	if v.kind == KindNumber {
		return v.number.text()
	}
	return v.text
}

func (k Kind) isSet() bool {
	return k == KindStringSet || k == KindNumberSet || k == KindBinarySet
}

// isOrdered tells whether values of this kind can be compared with < and >.
func (k Kind) isOrdered() bool {
	return k == KindString || k == KindNumber || k == KindBinary
}

// equal compares by type and value: numbers numerically, sets without order,
// lists and maps deeply.
func (v Value) equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch {
	case v.kind.isSet():
		return len(v.list) == len(w.list) && !slices.ContainsFunc(v.list, func(m Value) bool { return !w.hasMember(m) })
	case v.kind == KindList:
		return slices.EqualFunc(v.list, w.list, Value.equal)
	case v.kind == KindMap:
		return maps.EqualFunc(v.fields, w.fields, Value.equal)
	}
	return v.text == w.text && v.number == w.number && v.truth == w.truth
}

func (v Value) hasMember(member Value) bool {
	return slices.ContainsFunc(v.list, member.equal)
}

// compare orders two values of one ordered kind: strings by their UTF-8 bytes,
// binaries by unsigned bytes, numbers by value.
func (v Value) compare(w Value) int {
	if v.kind == KindNumber {
		return v.number.compare(w.number)
	}
	return strings.Compare(v.text, w.text)
}

// size counts a value as DynamoDB does for limits and capacity.
func (v Value) size() int {
	switch {
	case v.kind == KindNumber:
		return v.number.size()
	case v.kind == KindBool, v.kind == KindNull:
		return 1
	case v.kind.isSet():
		size := 0
		for _, member := range v.list {
			size += member.size()
		}
		return size
	case v.kind == KindList:
		// A list or map costs 3 bytes and 1 for each element.
		size := 3
		for _, element := range v.list {
			size += element.size() + 1
		}
		return size
	case v.kind == KindMap:
		return 3 + len(v.fields) + Item(v.fields).size()
	}
	return len(v.text)
}

func (i Item) size() int {
	size := 0
	for name, value := range i {
		size += len(name) + value.size()
	}
	return size
}

// depth is how many lists and maps are inside one another.
func (v Value) depth() int {
	deepest := 0
	for _, element := range v.list {
		deepest = max(deepest, element.depth())
	}
	for _, field := range v.fields {
		deepest = max(deepest, field.depth())
	}
	if v.kind == KindList || v.kind == KindMap {
		return deepest + 1
	}
	return deepest
}

// maximumDepth is how deep lists and maps may be nested.
const maximumDepth = 32

// check refuses values that the decoder cannot see: none at all, and those
// nested too deep.
func (i Item) check() error {
	for _, value := range i {
		if value.kind == "" {
			return emptyValue()
		}
		if value.depth() > maximumDepth {
			return validation("Nesting Levels have exceeded supported limits")
		}
	}
	return nil
}

func emptyValue() error {
	return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

// show writes a value the way DynamoDB quotes it in error messages.
func (v Value) show() string {
	if v.kind.isOrdered() {
		return fmt.Sprintf("{%s:%s}", v.kind, v.Text())
	}
	return fmt.Sprintf("{%s}", v.kind)
}
