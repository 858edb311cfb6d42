package language

import (
	"encoding"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/jsonschema"
)

// Definition defines an event: its publisher and its consumers, the version of its
// schema that is published, and how each version that is read is decoded: the published
// one, and others beside it.
type Definition struct {
	// source is the context that the event belongs to, and publisher the party that
	// publishes it: the same, unless By names another one.
	source, publisher string
	consumers         []string
	version           string
	example           event.Data
	decode            map[string]decode
	problems          []error
}

// decode returns the data of an event, given its JSON, which was validated.
type decode func(encoded []byte) (event.Data, error)

// Publish defines an event that a context publishes in a version of its schema. D is its
// data: a type that is no pointer, whose EventType depends on nothing.
func Publish[D event.Data](source, version string) Definition {
	var example D
	return Definition{
		source: source, publisher: source, version: version, example: example,
		decode: map[string]decode{version: decodeAs(func(data D) event.Data { return data })},
	}
}

// To defines the consumers: contexts, and other parties.
func (d Definition) To(consumers ...string) Definition {
	d.consumers = consumers
	return d
}

// By defines a publisher that is not the context of the event.
func (d Definition) By(publisher string) Definition {
	d.publisher = publisher
	return d
}

// AlsoReads defines that an event is read in another version of its schema too, and
// converted, so that no decision ever gets that version. Every consumer reads a newer
// version before it is published, and the older one for as long as an event in it can
// still arrive, which is the retention:
//
//	AlsoReads(Publish[Taken]("payment", "1").To(…), "2", func(newer TakenV2) Taken { … })    // deploy, and then
//	AlsoReads(Publish[Taken]("payment", "2").To(…), "1", func(older TakenV1) Taken { … })
func AlsoReads[D, Other event.Data](d Definition, version string, convert func(Other) D) Definition {
	d.decode, d.problems = maps.Clone(d.decode), slices.Clone(d.problems)
	if _, isRead := d.decode[version]; isRead {
		d.problems = append(d.problems, errors.New("version "+version+" is read twice: remove one AlsoReads"))
	}
	if want, got := reflect.TypeOf(d.example), reflect.TypeFor[D](); got != want {
		d.problems = append(d.problems, errors.New("version "+version+" is converted to "+got.String()+", not to "+want.String()))
	}
	d.decode[version] = decodeAs(func(other Other) event.Data { return convert(other) })
	return d
}

// decodeAs decodes members by their exact names, as a schema does: encoding/json
// would accept "Quantity" for "quantity". As in a schema, 5.0 and 5e0 are integers.
func decodeAs[D event.Data](convert func(D) event.Data) decode {
	integers := jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(decodeInteger))
	return func(encoded []byte) (event.Data, error) {
		var data D
		if err := jsonv2.Unmarshal(encoded, &data, integers); err != nil {
			return nil, err
		}
		return convert(data), nil
	}
}

// decodeInteger decodes a number into an integer of any type without a decoder of its
// own.
func decodeInteger(decoder *jsontext.Decoder, into any) error {
	value := reflect.ValueOf(into).Elem()
	switch into.(type) {
	case json.Unmarshaler, jsonv2.UnmarshalerFrom, encoding.TextUnmarshaler:
		return errors.ErrUnsupported
	}
	if !value.CanInt() && !value.CanUint() {
		return errors.ErrUnsupported
	}
	text, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	number, err := jsonschema.Integer(string(text))
	switch {
	case err != nil:
		return err
	case value.CanInt() && !value.OverflowInt(number):
		value.SetInt(number)
	case value.CanUint() && number >= 0 && !value.OverflowUint(uint64(number)):
		value.SetUint(uint64(number))
	default:
		return errors.New("the number does not fit into " + value.Type().String())
	}
	return nil
}
