// Package attribute has DynamoDB's attribute values: their types, the form that
// they have on the wire, how they are compared, and how large they are.
package attribute

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"example.com/saga/localcloud/wire"
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
	text   string           // S, the bytes of B, the digits of N in their normal form, and BOOL
	list   []Value          // L, and the members of a set
	fields map[string]Value // M
}

// Item is a whole item, or the key of one.
type Item map[string]Value

// String returns a value of kind S.
func String(text string) Value { return Scalar(KindString, text) }

// Scalar returns the value of a kind and a Text.
func Scalar(kind Kind, text string) Value { return Value{kind: kind, text: text} }

// Number returns a value of kind N. An error is returned if the text is not a
// number that DynamoDB can hold.
func Number(text string) (Value, error) {
	normal, err := parseNumber(text)
	if err != nil {
		return Value{}, err
	}
	return Scalar(KindNumber, normal), nil
}

// List returns a value of kind L.
func List(elements []Value) Value { return Value{kind: KindList, list: elements} }

// Map returns a value of kind M.
func Map(fields map[string]Value) Value { return Value{kind: KindMap, fields: fields} }

// Set returns a set of the given kind. Its members must be of the kind of which
// it is a set, and no two of them equal.
func Set(kind Kind, members []Value) Value { return Value{kind: kind, list: members} }

// Kind returns the value's type. It is empty for the zero Value, which is not a
// valid attribute value.
func (v Value) Kind() Kind { return v.kind }

// Text returns the text of a string, the digits of a number, the bytes of a binary,
// and true or false; other kinds have none.
func (v Value) Text() string { return v.text }

// Elements returns the elements of a list or the members of a set; other kinds
// have none. The caller must not change them.
func (v Value) Elements() []Value { return v.list }

// Fields returns the values in a map; other kinds have none. The caller must not
// change them.
func (v Value) Fields() map[string]Value { return v.fields }

// IsSet reports whether values of this kind are sets.
func (k Kind) IsSet() bool {
	return k == KindStringSet || k == KindNumberSet || k == KindBinarySet
}

// IsOrdered reports whether values of this kind can be compared with < and >.
func (k Kind) IsOrdered() bool {
	return k == KindString || k == KindNumber || k == KindBinary
}

// Equal reports whether two values have the same type and value: numbers are
// compared numerically, sets without order, lists and maps deeply.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch {
	case v.kind.IsSet():
		return len(v.list) == len(w.list) && !slices.ContainsFunc(v.list, func(m Value) bool { return !w.HasMember(m) })
	case v.kind == KindList:
		return slices.EqualFunc(v.list, w.list, Value.Equal)
	case v.kind == KindMap:
		return maps.EqualFunc(v.fields, w.fields, Value.Equal)
	}
	return v.text == w.text
}

// HasMember reports whether a list or a set contains a value.
func (v Value) HasMember(member Value) bool {
	return slices.ContainsFunc(v.list, member.Equal)
}

// HasPrefix reports whether a string or binary begins with another one.
func (v Value) HasPrefix(prefix Value) bool {
	isText := v.kind == KindString || v.kind == KindBinary
	return isText && v.kind == prefix.kind && strings.HasPrefix(v.text, prefix.text)
}

// Plus returns the sum of two numbers. An error is returned if DynamoDB cannot
// hold it.
func (v Value) Plus(w Value) (Value, error) {
	return exact(new(big.Rat).Add(rational(v.text), rational(w.text)))
}

// Minus returns the difference of two numbers. An error is returned if DynamoDB
// cannot hold it.
func (v Value) Minus(w Value) (Value, error) {
	return exact(new(big.Rat).Sub(rational(v.text), rational(w.text)))
}

// Compare orders two values of one ordered kind: strings by their UTF-8 bytes,
// binaries by unsigned bytes, numbers by value.
func (v Value) Compare(w Value) int {
	if v.kind == KindNumber {
		return rational(v.text).Cmp(rational(w.text))
	}
	return strings.Compare(v.text, w.text)
}

// Size returns the bytes of a value, counted as DynamoDB does for limits and capacity.
func (v Value) Size() int {
	size := 0
	for _, element := range v.list {
		size += element.Size()
	}
	switch v.kind {
	case KindNumber:
		return numberSize(v.text)
	case KindBool, KindNull:
		return 1
	case KindMap: // It or a list costs 3 bytes, and 1 for each element.
		return 3 + len(v.fields) + Item(v.fields).Size()
	case KindList:
		return 3 + len(v.list) + size
	default:
		return len(v.text) + size
	}
}

// Size returns the bytes of an item: of its names and values.
func (i Item) Size() int {
	size := 0
	for name, value := range i {
		size += len(name) + value.Size()
	}
	return size
}

// depth returns how many lists and maps are nested in one another.
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

// Check returns an error for what the decoder cannot refuse: a missing value,
// and lists and maps that are nested too deep.
func (i Item) Check() error {
	for _, value := range i {
		if value.kind == "" {
			return emptyValue()
		}
		if value.depth() > maximumDepth {
			return wire.ValidationError("Nesting Levels have exceeded supported limits")
		}
	}
	return nil
}

func emptyValue() error {
	return wire.ValidationError("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

// Quote returns a value as DynamoDB quotes it in error messages.
func (v Value) Quote() string {
	if v.kind.IsOrdered() {
		return fmt.Sprintf("{%s:%s}", v.kind, v.Text())
	}
	return fmt.Sprintf("{%s}", v.kind)
}
