package attribute

import "encoding/json"

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
