package ijson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/saga/pkg/ijson"
)

// portable are texts that every reader reads the same.
func portable() []string {
	return []string{
		`{}`, `[]`, `null`, `"text"`, ` -0.5e-3 `, "\t{\"a\": [1, {\"a\": 2}, {\"a\": 3}],\n\"b\": {\"a\": true}}\r\n",
		`{"straße": "Straße", "": "\u0000\n\u001f", "é": "\ud83d\ude00"}`, `"` + "\U0001F600\uFFFD" + `"`,
		`[0, -0, 0.0, 0e5, 5.0, 1e308, 5e-324, 9007199254740993]`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500), "\"\uFDCF\uFDF0\"",
		// No two of these members differ in case alone.
		`{"1": 0, "2": 0, ";": 0, "[": 0, "u": 0, "÷": 0, "` + "\U0010FFE0\": 0, \"\U0010FFE1\": 0}",
		`[9223372036854775807, -9223372036854775808]`,
	}
}

func TestATextThatEveryReaderReadsTheSamePasses(t *testing.T) {
	for _, text := range portable() {
		if err := ijson.Check([]byte(text)); err != nil {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

func TestATextIsDecodedAsByEncodingJSON(t *testing.T) {
	for _, text := range append(portable(), `{"a": {"b": [false, null, [], {}, "\n"]}}`) {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got, err := ijson.Decode([]byte(text))
		// Package cmp takes twice the time for each level.
		if !reflect.DeepEqual(want, got) || err != nil {
			t.Errorf("%.80s is decoded as %v, %v", text, got, err)
		}
	}
}

func TestATextThatReadersReadDifferentlyIsAnErrorWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, pointer, want string }{
		"nothing":                             {"", "", "not JSON"},
		"white space":                         {" \n", "", "not JSON"},
		"a byte order mark":                   {"\uFEFF{}", "", "not JSON"},
		"half a text":                         {`{"a": [1, `, "/a", "not JSON"},
		"two values":                          {`{} {}`, "", "more than one"},
		"something behind the value":          {`{} x`, "", "not JSON"},
		"a comment":                           {`{"a": 1 /* one */}`, "", "not JSON"},
		"a trailing comma":                    {`[1,]`, "", "not JSON"},
		"NaN":                                 {`NaN`, "", "not JSON"},
		"a raw control character":             {"\"a\x01\"", "", "not JSON"},
		"a repeated member":                   {`{"a": 1, "a": 1}`, "/a", "repeated"},
		"a repeated member, escaped":          {`{"a": 1, "\u0061": 2}`, "/a", "repeated"},
		"a repeated member inside":            {`{"a": [{"b": 1, "c": 2, "b": 3}]}`, "/a/0/b", "repeated"},
		"members that differ in case":         {`{"quantity": 1, "Quantity": 2}`, "/Quantity", "case"},
		"members that differ in case, folded": {`{"sku": 1, "\u017fKU": 2}`, "/ſKU", "case"},
		"a kelvin sign for a k":               {`{"\u212a": 1, "k": 2}`, "/k", "case"},
		"Latin-1":                             {"{\"a\": \"Stra\xdfe\"}", "/a", "UTF-8"},
		"Latin-1 in a name":                   {"{\"Stra\xdfe\": 1}", "", "UTF-8"},
		"an overlong encoding":                {"\"\xc0\xaf\"", "", "UTF-8"},
		"a surrogate in UTF-8":                {"\"\xed\xa0\x80\"", "", "UTF-8"},
		"an unpaired high surrogate":          {`{"id": "a\ud800"}`, "/id", "surrogate"},
		"an unpaired low surrogate":           {`{"id": "\udc00a"}`, "/id", "surrogate"},
		"surrogates in the wrong order":       {`["\udc00\ud800"]`, "/0", "surrogate"},
		"U+FFFE":                              {"{\"a\": \"\uFFFE\"}", "/a", "U+FFFE"},
		"U+FFFF, escaped":                     {`{"a": ["x", "\uffff"]}`, "/a/1", "U+FFFF"},
		"U+FFFF in a name":                    {`{"\uffff": 1}`, "/\uffff", "U+FFFF"},
		"U+FDD0":                              {`"\ufdd0"`, "", "U+FDD0"},
		"U+FDEF":                              {`"\ufdef"`, "", "U+FDEF"},
		"the last code point of a plane":      {"\"\U0001FFFF\"", "", "U+1FFFF"},
		"the last code point of all, escaped": {`"\udbff\udfff"`, "", "U+10FFFF"},
		"a number that is too large":          {`{"a": 1e309}`, "/a", "number"},
		"a number that is too large below 0":  {`[-1e999999999]`, "/0", "number"},
		"a number that would become 0":        {`1e-400`, "", "number"},
		"more levels than allowed":            {strings.Repeat("[", 501) + strings.Repeat("]", 501), "", "500 levels"},
		"an integer above 64 bits":            {`{"a": 9223372036854775808}`, "/a", "number"},
		"an integer below 64 bits":            {`[-9223372036854775809]`, "/0", "number"},
	} {
		t.Run(name, func(t *testing.T) {
			err, ok := errors.AsType[*ijson.Error](ijson.Check([]byte(test.text)))
			isRepeated := test.want == "repeated" || test.want == "case"
			if !ok || err.Pointer != test.pointer || !strings.Contains(err.Reason, test.want) || err.IsRepeated != isRepeated {
				t.Errorf("the error is %v, want %q at %q", err, test.want, test.pointer)
			}
		})
	}
}

func TestATextOfUTF8WithoutNoncharactersCanBecomeAString(t *testing.T) {
	for text, want := range map[string]string{"": "<nil>", "é😀\x00": "<nil>", "a\xff": "a byte that is not UTF-8", "a\uFFFE": "the noncharacter U+FFFE"} {
		if err := ijson.CheckText(text); fmt.Sprint(err) != want {
			t.Errorf("%q: the error is %v, not %s", text, err, want)
		}
	}
}

func TestAnErrorIsItsReasonAndItsPlace(t *testing.T) {
	for err, want := range map[*ijson.Error]string{{Reason: "wrong"}: "wrong", {Reason: "wrong", Pointer: "/a/0"}: "wrong at /a/0"} {
		if err.Error() != want {
			t.Errorf("the error is %q, not %q", err, want)
		}
	}
}

// A text that passes is read by encoding/json without loss of a member or a
// character.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"a": 1, "A": 2}`, `{"a":{"b":[1,2.5e3,null,true,"\u00e9\ud83d\ude00"]}}`, `"\ud800"`, "\"\xff\"", `{"a":1,"a":2}`, `1e400`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := ijson.Check(text); err != nil {
			if _, ok := errors.AsType[*ijson.Error](err); !ok {
				t.Fatalf("the error is %T", err)
			}
			return
		}
		var value any
		if !utf8.Valid(text) || json.Unmarshal(text, &value) != nil {
			t.Fatal("encoding/json cannot read a text that passed")
		}
		written, err := json.Marshal(json.RawMessage(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := ijson.Check(written); err != nil {
			t.Fatalf("a text that passed does not pass after encoding: %v", err)
		}
	})
}
