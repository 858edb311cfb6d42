package attribute

import "encoding/binary"

// Pack returns an item as one string, which takes a few bytes more than the names
// and values. A map of values takes a multiple of that.
func (i Item) Pack() string {
	buffer := make([]byte, 0, 2*i.Size())
	return string(packFields(buffer, i))
}

// Unpack returns the item of a packed one. The texts in it are parts of the string.
func Unpack(packed string) Item {
	u := unpacker(packed)
	return u.fields()
}

// A text is its length and its bytes, a value its kind and what it has, and a list or
// a map the number of its elements and these.
func pack(buffer []byte, v Value) []byte {
	buffer = packText(buffer, string(v.kind))
	switch {
	case v.kind == KindMap:
		return packFields(buffer, v.fields)
	case v.kind == KindList, v.kind.IsSet():
		buffer = binary.AppendUvarint(buffer, uint64(len(v.list)))
		for _, element := range v.list {
			buffer = pack(buffer, element)
		}
		return buffer
	}
	return packText(buffer, v.text)
}

func packText(buffer []byte, text string) []byte {
	return append(binary.AppendUvarint(buffer, uint64(len(text))), text...)
}

func packFields(buffer []byte, fields map[string]Value) []byte {
	buffer = binary.AppendUvarint(buffer, uint64(len(fields)))
	for name, value := range fields {
		buffer = pack(packText(buffer, name), value)
	}
	return buffer
}

// unpacker is what is not read yet of a packed item.
type unpacker string

func (u *unpacker) count() int {
	count, width := binary.Uvarint([]byte((*u)[:min(len(*u), binary.MaxVarintLen64)]))
	*u = (*u)[width:]
	return int(count) //nolint:gosec // It was an int when it was packed.
}

func (u *unpacker) text() string {
	length := u.count()
	text := (*u)[:length]
	*u = (*u)[length:]
	return string(text)
}

func (u *unpacker) value() Value {
	v := Value{kind: Kind(u.text())}
	switch {
	case v.kind == KindMap:
		v.fields = u.fields()
	case v.kind == KindList, v.kind.IsSet():
		v.list = make([]Value, u.count())
		for i := range v.list {
			v.list[i] = u.value()
		}
	default:
		v.text = u.text()
	}
	return v
}

func (u *unpacker) fields() map[string]Value {
	count := u.count()
	fields := make(map[string]Value, count)
	for range count {
		name := u.text()
		fields[name] = u.value()
	}
	return fields
}
