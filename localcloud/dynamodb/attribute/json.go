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
	if w == nil {
		return Value{}, emptyValue()
	}
	var value Value
	var err error
	count := 0
	read := func(isPresent bool, of func() (Value, error)) {
		if isPresent {
			count++
			value, err = of()
		}
	}
	read(w.S != nil, func() (Value, error) { return String(*w.S), nil })
	read(w.N != nil, func() (Value, error) { return Number(*w.N) })
	read(w.B != nil, func() (Value, error) { return binaryOf(*w.B) })
	read(w.BOOL != nil, func() (Value, error) { return Scalar(KindBool, strconv.FormatBool(*w.BOOL)), nil })
	read(w.NULL != nil, func() (Value, error) { return null(*w.NULL) })
	read(w.L != nil, func() (Value, error) { return listOf(*w.L) })
	read(w.M != nil, func() (Value, error) { return mapOf(*w.M) })
	read(w.SS != nil, func() (Value, error) {
		return set(KindStringSet, *w.SS, func(text string) (Value, error) { return String(text), nil })
	})
	read(w.NS != nil, func() (Value, error) { return set(KindNumberSet, *w.NS, Number) })
	read(w.BS != nil, func() (Value, error) { return set(KindBinarySet, *w.BS, binaryOf) })
	switch {
	case count == 0:
		return Value{}, emptyValue()
	case count > 1:
		return Value{}, wire.ValidationError("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	return value, err
}

func binaryOf(data []byte) (Value, error) { return Scalar(KindBinary, string(data)), nil }

func null(isNull bool) (Value, error) {
	if !isNull {
		return Value{}, wire.ValidationError("One or more parameter values were invalid: Null attribute value types must have the value of true")
	}
	return Scalar(KindNull, ""), nil
}

func listOf(read []*wireValue) (Value, error) {
	elements, err := convert(read, (*wireValue).value)
	return List(elements), err
}

func mapOf(read map[string]*wireValue) (Value, error) {
	fields, err := fieldsOf(read)
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

func emptySet(kind Kind) error {
	return wire.ValidationError("One or more parameter values were invalid: %s", map[Kind]string{
		KindStringSet: "An string set  may not be empty",
		KindNumberSet: "An number set  may not be empty",
		KindBinarySet: "Binary sets should not be empty",
	}[kind])
}

func duplicates(kind Kind, members []Value) error {
	switch kind {
	case KindStringSet:
		texts := make([]string, len(members))
		for i, member := range members {
			texts[i] = member.Text()
		}
		return wire.ValidationError("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(texts, ", "))
	case KindNumberSet:
		return wire.ValidationError("Input collection contains duplicates")
	default:
		return wire.ValidationError("One or more parameter values were invalid: Input collection of type BS contains duplicates.")
	}
}

// MarshalJSON writes the wire form: an object with one member, the kind.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.kind == "" {
		return nil, emptyValue()
	}
	return json.Marshal(v.document())
}

// MarshalJSON writes an object of values.
func (i Item) MarshalJSON() ([]byte, error) {
	if i == nil {
		return []byte("null"), nil
	}
	return json.Marshal(documents(i))
}

// document returns a value as a document of encoding/json's own types, which is written
// in one go. Were every level a Marshaler, each would be checked again by all levels
// around it.
func (v Value) document() any { return map[Kind]any{v.kind: v.content()} }

// content returns a value without its kind.
func (v Value) content() any {
	switch {
	case v.kind == KindBool:
		return v.text == "true"
	case v.kind == KindNull:
		return true
	case v.kind == KindBinary:
		return []byte(v.text)
	case v.kind == KindMap:
		return documents(v.fields)
	case v.kind == KindList:
		return each(v.list, Value.document)
	case v.kind.IsSet():
		return each(v.list, Value.content)
	}
	return v.text
}

func documents(fields map[string]Value) map[string]any {
	all := make(map[string]any, len(fields))
	for name, value := range fields {
		all[name] = value.document()
	}
	return all
}

func each(list []Value, convert func(Value) any) []any {
	all := make([]any, len(list))
	for i, element := range list {
		all[i] = convert(element)
	}
	return all
}
