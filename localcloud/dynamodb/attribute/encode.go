package attribute

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
)

// MarshalJSON writes the wire form: an object with one member, the kind.
func (v Value) MarshalJSON() ([]byte, error) {
	return v.appendJSON(nil)
}

// MarshalJSON writes an object of values.
func (i Item) MarshalJSON() ([]byte, error) {
	if i == nil {
		return []byte("null"), nil
	}
	return appendFields(nil, i)
}

// appendJSON writes a whole document in one go. Were every level a Marshaler of
// its own, each would be checked again by all levels around it.
func (v Value) appendJSON(buffer []byte) ([]byte, error) {
	if v.kind == "" {
		return nil, emptyValue()
	}
	buffer = append(buffer, `{"`+string(v.kind)+`":`...)
	var err error
	switch {
	case v.kind.IsSet():
		buffer, err = appendAll(buffer, v.list, Value.appendContent)
	case v.kind == KindList:
		buffer, err = appendAll(buffer, v.list, Value.appendJSON)
	case v.kind == KindMap:
		buffer, err = appendFields(buffer, v.fields)
	default:
		buffer, err = v.appendContent(buffer)
	}
	return append(buffer, '}'), err
}

// appendContent writes a scalar without its kind.
func (v Value) appendContent(buffer []byte) ([]byte, error) {
	switch v.kind {
	case KindBool:
		return append(buffer, v.text...), nil
	case KindNull:
		return append(buffer, "true"...), nil
	case KindBinary:
		buffer = append(buffer, '"')
		return append(base64.StdEncoding.AppendEncode(buffer, []byte(v.text)), '"'), nil
	default:
		return appendText(buffer, v.text)
	}
}

func appendText(buffer []byte, text string) ([]byte, error) {
	quoted, err := json.Marshal(text)
	return append(buffer, quoted...), err
}

func appendAll(buffer []byte, list []Value, write func(Value, []byte) ([]byte, error)) ([]byte, error) {
	buffer = append(buffer, '[')
	for i, element := range list {
		if i > 0 {
			buffer = append(buffer, ',')
		}
		var err error
		if buffer, err = write(element, buffer); err != nil {
			return nil, err
		}
	}
	return append(buffer, ']'), nil
}

// appendFields writes the fields by name, so that equal maps are equal text.
func appendFields(buffer []byte, fields map[string]Value) ([]byte, error) {
	buffer = append(buffer, '{')
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			buffer = append(buffer, ',')
		}
		var err error
		if buffer, err = appendText(buffer, name); err != nil {
			return nil, err
		}
		if buffer, err = fields[name].appendJSON(append(buffer, ':')); err != nil {
			return nil, err
		}
	}
	return append(buffer, '}'), nil
}
