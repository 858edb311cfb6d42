package attribute

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/wire"
)

// wireValue is a value as it comes over the wire: exactly one member has to be
// there. It takes a whole document apart in one go, where a Value that decoded
// itself level by level would read each level once for all levels around it.
type wireValue struct {
	S, N *string
	B    *[]byte
	BOOL *bool
	NULL *bool
	L    *[]*wireValue
	M    *map[string]*wireValue
	SS   *[]string
	NS   *[]string
	BS   *[][]byte
}

// UnmarshalJSON reads the wire form and refuses what DynamoDB would.
func (v *Value) UnmarshalJSON(data []byte) error {
	var read *wireValue
	if err := decode(data, &read); err != nil {
		return err
	}
	decoded, err := read.value()
	*v = decoded
	return err
}

// UnmarshalJSON reads an object of values.
func (i *Item) UnmarshalJSON(data []byte) error {
	var read map[string]*wireValue
	if err := decode(data, &read); err != nil || read == nil {
		return err
	}
	fields, err := fieldsOf(read)
	*i = fields
	return err
}

func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return wire.Errorf("SerializationException", "%s", err)
	}
	return nil
}

func (w *wireValue) value() (Value, error) {
	switch w.members() {
	case 0:
		return Value{}, emptyValue()
	case 1:
	default:
		return Value{}, wire.ValidationError("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	switch {
	case w.S != nil:
		return String(*w.S), nil
	case w.N != nil:
		return Number(*w.N)
	case w.B != nil:
		return binaryOf(*w.B), nil
	case w.BOOL != nil:
		return Scalar(KindBool, strconv.FormatBool(*w.BOOL)), nil
	case w.NULL != nil:
		if !*w.NULL {
			return Value{}, wire.ValidationError("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return Scalar(KindNull, ""), nil
	}
	return w.collection()
}

func (w *wireValue) members() int {
	if w == nil {
		return 0
	}
	count := 0
	for _, present := range []bool{
		w.S != nil, w.N != nil, w.B != nil, w.BOOL != nil, w.NULL != nil,
		w.L != nil, w.M != nil, w.SS != nil, w.NS != nil, w.BS != nil,
	} {
		if present {
			count++
		}
	}
	return count
}

func (w *wireValue) collection() (Value, error) {
	switch {
	case w.L != nil:
		list, err := convert(*w.L, (*wireValue).value)
		return Value{kind: KindList, list: list}, err
	case w.SS != nil:
		return set(KindStringSet, *w.SS, func(text string) (Value, error) { return String(text), nil })
	case w.NS != nil:
		return set(KindNumberSet, *w.NS, Number)
	case w.BS != nil:
		return set(KindBinarySet, *w.BS, func(data []byte) (Value, error) { return binaryOf(data), nil })
	}
	fields, err := fieldsOf(*w.M)
	return Map(fields), err
}

func fieldsOf(read map[string]*wireValue) (map[string]Value, error) {
	fields := make(map[string]Value, len(read))
	for _, name := range slices.Sorted(maps.Keys(read)) {
		field, err := read[name].value()
		if err != nil {
			return nil, err
		}
		fields[name] = field
	}
	return fields, nil
}

func binaryOf(data []byte) Value { return Scalar(KindBinary, string(data)) }

func convert[T any](elements []T, value func(T) (Value, error)) ([]Value, error) {
	list := make([]Value, len(elements))
	for i, element := range elements {
		var err error
		if list[i], err = value(element); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func set[T any](kind Kind, elements []T, value func(T) (Value, error)) (Value, error) {
	members, err := convert(elements, value)
	if err != nil {
		return Value{}, err
	}
	if len(members) == 0 {
		return Value{}, emptySet(kind)
	}
	seen := make(map[string]bool, len(members))
	for _, member := range members {
		if seen[member.Text()] {
			return Value{}, duplicates(kind, members)
		}
		seen[member.Text()] = true
	}
	return Value{kind: kind, list: members}, nil
}

func texts(members []Value) []string {
	all := make([]string, len(members))
	for i, member := range members {
		all[i] = member.Text()
	}
	return all
}

func emptySet(kind Kind) error {
	switch kind {
	case KindStringSet:
		return wire.ValidationError("One or more parameter values were invalid: An string set  may not be empty")
	case KindNumberSet:
		return wire.ValidationError("One or more parameter values were invalid: An number set  may not be empty")
	default:
		return wire.ValidationError("One or more parameter values were invalid: Binary sets should not be empty")
	}
}

func duplicates(kind Kind, members []Value) error {
	switch kind {
	case KindStringSet:
		return wire.ValidationError("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(texts(members), ", "))
	case KindNumberSet:
		return wire.ValidationError("Input collection contains duplicates")
	default:
		return wire.ValidationError("One or more parameter values were invalid: Input collection of type BS contains duplicates.")
	}
}
