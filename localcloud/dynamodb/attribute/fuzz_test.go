package attribute_test

import (
	"encoding/json"
	"testing"

	"example.com/saga/localcloud/dynamodb/attribute"
)

// FuzzValues reads any JSON as a value. What it takes it must write and pack so that
// it reads the same again.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{`{"S":"a"}`, `{"N":"-1.50E+3"}`, `{"B":"AQ=="}`, `{"NS":["1","2"]}`, `{"L":[{"M":{"x":{"NULL":true}}}]}`, `{"N":"1E-130"}`, `{}`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var value, again attribute.Value
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		written, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", text, err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s was written as %s, which cannot be read: %v", text, written, err)
		}
		rewritten, err := json.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		if string(rewritten) != string(written) {
			t.Errorf("%s was read and written as %s", written, rewritten)
		}
		unpacked := attribute.Unpack(attribute.Item{"a": value, "": value}.Pack())
		if len(unpacked) != 2 || !unpacked["a"].Equal(value) || !unpacked[""].Equal(value) {
			t.Errorf("%s was packed and unpacked as %v", written, unpacked)
		}
	})
}
