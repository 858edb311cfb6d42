package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/saga/localcloud/eventbridge/pattern"
)

// pairs is the pattern of two fields that have to equal the two in an object
// beside them.
const pairs = `{"s":["1"],"d":{"s":["1"]},"$or":[{"t":["a"],"d":{"t":["a"]}},{"t":["b"],"d":{"t":["b"]}}]}`

func TestWhatAPatternMatches(t *testing.T) {
	tests := []struct {
		rule, pattern, event string
		want                 bool
	}{
		{"every field must match", `{"a":["1"],"b":["2"]}`, `{"a":"1","b":"2"}`, true},
		{"one field that differs is enough", `{"a":["1"],"b":["2"]}`, `{"a":"1","b":"3"}`, false},
		{"the members of an array are alternatives", `{"a":["1","2"]}`, `{"a":"2"}`, true},
		{"fields that are not mentioned do not matter", `{"a":["1"]}`, `{"a":"1","z":true}`, true},
		{"a missing field does not match", `{"a":["1"]}`, `{"b":"1"}`, false},
		{"a field at another level does not match", `{"detail":{"a":["1"]}}`, `{"a":"1","detail":{}}`, false},
		{"names of fields are case-sensitive", `{"A":["1"]}`, `{"a":"1"}`, false},
		{"strings are case-sensitive", `{"a":["X"]}`, `{"a":"x"}`, false},
		{"a trailing space is significant", `{"a":["x"]}`, `{"a":"x "}`, false},
		{"text beyond ASCII matches itself", `{"a":["🦥é"]}`, `{"a":"🦥é"}`, true},
		{"of two equal keys the last wins", `{"a":["1"],"a":["2"]}`, `{"a":"2"}`, true},
		{"the account is an ordinary field", `{"account":["*"]}`, `{"account":"111122223333"}`, false},

		{"null matches null", `{"a":[null]}`, `{"a":null}`, true},
		{"null does not match its name", `{"a":[null]}`, `{"a":"null"}`, false},
		{"null does not match a missing field", `{"a":[null]}`, `{}`, false},
		{"null does not match an empty array", `{"a":[null]}`, `{"a":[]}`, false},
		{"the empty string matches the empty string", `{"a":[""]}`, `{"a":""}`, true},
		{"the empty string matches nothing else", `{"a":[""]}`, `{"a":"x"}`, false},
		{"true matches true", `{"a":[true]}`, `{"a":true}`, true},
		{"true does not match false", `{"a":[true]}`, `{"a":false}`, false},
		{"true does not match its name", `{"a":[true]}`, `{"a":"true"}`, false},
		{"numbers match by value", `{"a":[300]}`, `{"a":300.0}`, true},
		{"numbers match by value in exponents", `{"a":[300]}`, `{"a":3.0e2}`, true},
		{"a number does not match a string", `{"a":[300]}`, `{"a":"300"}`, false},
		{"a string does not match a number", `{"a":["300"]}`, `{"a":300}`, false},
		{"large numbers match by value", `{"a":[123456789012]}`, `{"a":1.23456789012e11}`, true},
		{"zero has no sign", `{"a":[0]}`, `{"a":-0.0}`, true},
		{"a number that no double holds matches itself", `{"a":[9007199254740993]}`, `{"a":9007199254740993}`, true},
		{"a number that no double holds does not match another spelling", `{"a":[9007199254740993]}`, `{"a":9007199254740993.0}`, false},
		{"numbers beyond doubles are compared as written", `{"a":[9007199254740993]}`, `{"a":9007199254740992}`, false},
		{"detail as a string is not looked into", `{"detail":{"a":["1"]}}`, `{"detail":"{\"a\":\"1\"}"}`, false},

		{"prefix", `{"a":[{"prefix":"ab"}]}`, `{"a":"abc"}`, true},
		{"prefix elsewhere", `{"a":[{"prefix":"bc"}]}`, `{"a":"abc"}`, false},
		{"the empty prefix matches any string", `{"a":[{"prefix":""}]}`, `{"a":"x"}`, true},
		{"the empty prefix matches no number", `{"a":[{"prefix":""}]}`, `{"a":1}`, false},
		{"prefix ignoring case", `{"a":[{"prefix":{"equals-ignore-case":"AB"}}]}`, `{"a":"abc"}`, true},
		{"prefix ignoring case of a short string", `{"a":[{"prefix":{"equals-ignore-case":"ABC"}}]}`, `{"a":"ab"}`, false},
		{"suffix", `{"a":[{"suffix":"bc"}]}`, `{"a":"abc"}`, true},
		{"suffix elsewhere", `{"a":[{"suffix":"ab"}]}`, `{"a":"abc"}`, false},
		{"suffix ignoring case", `{"a":[{"suffix":{"equals-ignore-case":"BC"}}]}`, `{"a":"abc"}`, true},
		{"equals-ignore-case", `{"a":[{"equals-ignore-case":"ÄB"}]}`, `{"a":"äB"}`, true},
		{"equals-ignore-case of the whole string only", `{"a":[{"equals-ignore-case":"a"}]}`, `{"a":"ab"}`, false},
		{"equals-ignore-case of the empty string", `{"a":[{"equals-ignore-case":""}]}`, `{"a":"x"}`, false},

		{"wildcard in the middle", `{"a":[{"wildcard":"a*c"}]}`, `{"a":"abbc"}`, true},
		{"wildcard for nothing", `{"a":[{"wildcard":"a*c"}]}`, `{"a":"ac"}`, true},
		{"wildcard alone", `{"a":[{"wildcard":"*"}]}`, `{"a":""}`, true},
		{"wildcard matches the whole string", `{"a":[{"wildcard":"a*c"}]}`, `{"a":"abcd"}`, false},
		{"wildcards do not overlap", `{"a":[{"wildcard":"ab*ba"}]}`, `{"a":"aba"}`, false},
		{"several wildcards", `{"a":[{"wildcard":"*/b*/d"}]}`, `{"a":"a/bb/c/d"}`, true},
		{"several wildcards in order", `{"a":[{"wildcard":"*x*y*"}]}`, `{"a":"yx"}`, false},
		{"an escaped asterisk is one", `{"a":[{"wildcard":"a\\*c"}]}`, `{"a":"a*c"}`, true},
		{"an escaped asterisk is nothing else", `{"a":[{"wildcard":"a\\*c"}]}`, `{"a":"abc"}`, false},
		{"an escaped backslash is one", `{"a":[{"wildcard":"a\\\\*"}]}`, `{"a":"a\\b"}`, true},
		{"the empty wildcard matches nothing", `{"a":[{"wildcard":""}]}`, `{"a":""}`, false},

		{"anything-but another string", `{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, true},
		{"anything-but the string", `{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, false},
		{"anything-but matches null", `{"a":[{"anything-but":"x"}]}`, `{"a":null}`, true},
		{"anything-but matches other types", `{"a":[{"anything-but":["1"]}]}`, `{"a":1}`, true},
		{"anything-but a list of numbers", `{"a":[{"anything-but":[1,2]}]}`, `{"a":2.0}`, false},
		{"anything-but does not match a missing field", `{"a":[{"anything-but":"x"}]}`, `{}`, false},
		{"anything-but or missing", `{"a":[{"anything-but":["x"]},{"exists":false}]}`, `{}`, true},
		{"anything-but or missing, with the value", `{"a":[{"anything-but":["x"]},{"exists":false}]}`, `{"a":"x"}`, false},
		{"anything-but prefix", `{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, false},
		{"anything-but prefix, a number", `{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":1}`, true},
		{"anything-but a list of suffixes", `{"a":[{"anything-but":{"suffix":["x","y"]}}]}`, `{"a":"ay"}`, false},
		{"anything-but ignoring case", `{"a":[{"anything-but":{"equals-ignore-case":["X"]}}]}`, `{"a":"x"}`, false},
		{"anything-but wildcard", `{"a":[{"anything-but":{"wildcard":"*/x"}}]}`, `{"a":"a/x"}`, false},
		{"anything-but the empty wildcard", `{"a":[{"anything-but":{"wildcard":""}}]}`, `{"a":"a"}`, true},

		{"numeric equal", `{"a":[{"numeric":["=",5]}]}`, `{"a":5.0}`, true},
		{"numeric less", `{"a":[{"numeric":["<",5]}]}`, `{"a":5}`, false},
		{"numeric at most", `{"a":[{"numeric":["<=",5]}]}`, `{"a":5}`, true},
		{"numeric range", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{"numeric range, below", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{"numeric beyond 5.0e9", `{"a":[{"numeric":[">",5000000001]}]}`, `{"a":1e300}`, true},
		{"numeric does not match a number that no double holds", `{"a":[{"numeric":[">",0]}]}`, `{"a":9007199254740993}`, false},
		{"numeric does not match strings", `{"a":[{"numeric":["=",5]}]}`, `{"a":"5"}`, false},
		{"numeric does not match null", `{"a":[{"numeric":["<",5]}]}`, `{"a":null}`, false},
		{"cidr", `{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.255"}`, true},
		{"cidr outside", `{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.1.0"}`, false},
		{"cidr of IPv6", `{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:db8::1"}`, true},
		{"cidr of an address with a host part", `{"a":[{"cidr":"10.0.0.7/24"}]}`, `{"a":"10.0.0.9"}`, true},
		{"cidr of something else", `{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":10}`, false},

		{"an IP address matches in another spelling", `{"a":["2001:db8::1"]}`, `{"a":"2001:DB8:0:0:0:0:0:1"}`, true},
		{"an IP address does not match another one", `{"a":["10.0.0.1"]}`, `{"a":"10.0.0.2"}`, false},
		{"exactly compares IP addresses as text", `{"a":[{"exactly":"::1"}]}`, `{"a":"0:0:0:0:0:0:0:1"}`, false},
		{"exactly", `{"a":[{"exactly":"x"}]}`, `{"a":"x"}`, true},
		{"exactly does not match a number", `{"a":[{"exactly":"1"}]}`, `{"a":1}`, false},

		{"exists", `{"a":[{"exists":true}]}`, `{"a":null}`, true},
		{"exists does not match an object", `{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, false},
		{"exists does not match an empty array", `{"a":[{"exists":true}]}`, `{"a":[]}`, false},
		{"exists not", `{"a":[{"exists":false}]}`, `{"b":1}`, true},
		{"exists not, but it does", `{"a":[{"exists":false}]}`, `{"a":1}`, false},
		{"exists not matches an object", `{"a":[{"exists":false}]}`, `{"a":{"b":1}}`, true},
		{"exists not matches below a missing field", `{"a":{"b":{"c":[{"exists":false}]}}}`, `{}`, true},

		{"one of $or", `{"$or":[{"a":["1"]},{"b":["2"]}]}`, `{"b":"2"}`, true},
		{"none of $or", `{"$or":[{"a":["1"]},{"b":["2"]}]}`, `{"a":"2","b":"1"}`, false},
		{"$or and its sibling", `{"c":["3"],"$or":[{"a":["1"]},{"b":["2"]}]}`, `{"a":"1","c":"4"}`, false},
		{"$or below", `{"d":{"$or":[{"a":["1"]},{"b":["2"]}]}}`, `{"d":{"b":"2"}}`, true},
		{"$or of pairs", pairs, `{"s":"1","t":"a","d":{"s":"1","t":"a"}}`, true},
		{"$or of pairs, the other one", pairs, `{"s":"1","t":"b","d":{"s":"1","t":"b"}}`, true},
		{"$or of pairs, one half of each", pairs, `{"s":"1","t":"a","d":{"s":"1","t":"b"}}`, false},
		{"$or of pairs, without what is beside it", pairs, `{"s":"1","t":"a","d":{"s":"2","t":"a"}}`, false},
		{"$or of pairs, half of one", pairs, `{"s":"1","t":"a","d":{"s":"1"}}`, false},
		{"$or of pairs, in a text", pairs, `{"s":"1","t":"a","d":"{\"s\":\"1\",\"t\":\"a\"}"}`, false},
		{"the name of an operator outside of $or", `{"prefix":{"exists":["1"]}}`, `{"prefix":{"exists":"1"}}`, true},
		{"a field in several alternatives of $or", `{"$or":[{"a":["1"]},{"a":["2"]}]}`, `{"a":"2"}`, true},
		{"$or in $or", `{"$or":[{"a":["1"]},{"$or":[{"b":["2"]},{"c":["3"]}]}]}`, `{"c":"3"}`, true},

		{"any element of an array", `{"a":["2"]}`, `{"a":["1","2"]}`, true},
		{"no element of an array", `{"a":["3"]}`, `{"a":["1","2"]}`, false},
		{"an element of an array of arrays", `{"a":["2"]}`, `{"a":[["1"],["2"]]}`, true},
		{"fields in the same element", `{"a":{"b":["1"],"c":["2"]}}`, `{"a":[{"b":"1","c":"2"},{"b":"3"}]}`, true},
		{"fields in different elements", `{"a":{"b":["1"],"c":["2"]}}`, `{"a":[{"b":"1"},{"c":"2"}]}`, false},
		{"fields in different elements further down", `{"a":{"b":{"c":["1"]},"d":["2"]}}`, `{"a":[{"b":[{"c":"1"}],"d":"3"},{"b":[{"c":"4"}],"d":"2"}]}`, false},
		{"fields of different arrays", `{"a":{"b":["1"]},"c":{"d":["2"]}}`, `{"a":[{"b":"0"},{"b":"1"}],"c":[{"d":"2"}]}`, true},
		{"absence in the whole array", `{"a":{"b":[{"exists":false}]}}`, `{"a":[{"b":"1"},{"c":"2"}]}`, false},
		{"absence beside a field", `{"a":{"b":["1"],"c":[{"exists":false}]}}`, `{"a":[{"b":"1"},{"b":"2","c":"3"}]}`, true},

		{"a dot in the pattern is nesting", `{"detail":{"a.b":["1"]}}`, `{"detail":{"a":{"b":"1"}}}`, true},
		{"a dot in the event is nesting", `{"detail":{"a":{"b":["1"]}}}`, `{"detail":{"a.b":"1"}}`, true},
		{"a replay can be excluded", `{"replay-name":[{"exists":false}]}`, `{"source":"x"}`, true},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			parsed, err := pattern.Parse([]byte(test.pattern))
			if err != nil {
				t.Fatal(err)
			}
			event, err := pattern.Prepare([]byte(test.event))
			if err != nil {
				t.Fatal(err)
			}
			if got := parsed.Match(event); got != test.want {
				t.Errorf("%s on %s: matches = %t, want %t", test.pattern, test.event, got, test.want)
			}
		})
	}
}

func TestWhatIsRefusedAsAPattern(t *testing.T) {
	tests := []struct{ pattern, reason string }{
		{`{"a":"x"}`, `"a" must be an object or an array`},
		{`{"a":42}`, `"a" must be an object or an array`},
		{`{"a":[]}`, "Empty arrays are not allowed"},
		{`{"a":{}}`, "Empty objects are not allowed"},
		{`{}`, "Empty objects are not allowed"},
		{`[]`, "Filter is not an object"},
		{`{`, "unexpected EOF"},
		{`{"a":["x"]} {}`, "text after"},
		{`{"a":[["x"]]}`, "Match value must be String, number, true, false, or null"},
		{`{"a":[{}]}`, "Match expression name not found"},
		{`{"a":[{"EXISTS":true}]}`, "Unrecognized match type EXISTS"},
		{`{"a":[{"NUMERIC":["=",1]}]}`, "Unrecognized match type NUMERIC"},
		{`{"a":[{"regex":"x"}]}`, "Unrecognized match type regex"},
		{`{"a":[{"prefix":"x","suffix":"y"}]}`, "Only one key allowed"},
		{`{"a":[{"exists":"true"}]}`, "must be either true or false"},
		{`{"a":[{"prefix":1}]}`, "prefix match pattern must be a string"},
		{`{"a":[{"prefix":["x"]}]}`, "prefix match pattern must be a string"},
		{`{"a":[{"prefix":{"suffix":"x"}}]}`, "Unsupported prefix pattern: suffix"},
		{`{"a":[{"suffix":null}]}`, "suffix match pattern must be a string"},
		{`{"a":[{"equals-ignore-case":["x"]}]}`, "equals-ignore-case match pattern must be a string"},
		{`{"a":[{"equals-ignore-case":{"prefix":"x"}}]}`, "equals-ignore-case match pattern must be a string"},
		{`{"a":[{"wildcard":["x"]}]}`, "wildcard match pattern must be a string"},
		{`{"a":[{"wildcard":"a**b"}]}`, "Consecutive wildcard characters"},
		{`{"a":[{"wildcard":"a\\b"}]}`, "Invalid escape character"},
		{`{"a":[{"wildcard":"a\\"}]}`, "Invalid escape character"},
		{`{"a":[{"anything-but":null}]}`, "Value of anything-but must be"},
		{`{"a":[{"anything-but":["x",null]}]}`, "Value of anything-but must be"},
		{`{"a":[{"anything-but":["x",1]}]}`, "mixed type is not supported"},
		{`{"a":[{"anything-but":[]}]}`, "Empty arrays are not allowed"},
		{`{"a":[{"anything-but":{"prefix":""}}]}`, "Null prefix/suffix not allowed"},
		{`{"a":[{"anything-but":{"suffix":["x",""]}}]}`, "Null prefix/suffix not allowed"},
		{`{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}`, "prefix match pattern must be a string"},
		{`{"a":[{"anything-but":{"numeric":["=",1]}}]}`, "Unsupported anything-but pattern: numeric"},
		{`{"a":[{"numeric":"5"}]}`, "Value of numeric must be an array"},
		{`{"a":[{"numeric":[">"]}]}`, "one or two pairs"},
		{`{"a":[{"numeric":[">",0,"<"]}]}`, "one or two pairs"},
		{`{"a":[{"numeric":[">",0,">",0]}]}`, "Unrecognized numeric range operator: >"},
		{`{"a":[{"numeric":["<",5,">",0]}]}`, "Unrecognized numeric range operator: <"},
		{`{"a":[{"numeric":[">",5,"<",5]}]}`, "Bottom must be less than top"},
		{`{"a":[{"numeric":["!=",5]}]}`, "Unrecognized numeric range operator: !="},
		{`{"a":[{"numeric":["=","5"]}]}`, "Value of = must be numeric"},
		{`{"a":[{"numeric":["=",9007199254740993]}]}`, "Cannot compare number : 9007199254740993"},
		{`{"a":[{"numeric":["<",1e400]}]}`, "Cannot compare number : 1e400"},
		{`{"a":[{"numeric":[">",0,"<",0.12345678901234567890]}]}`, "Cannot compare number : 0.12345678901234567890"},
		{`{"a":[{"numeric":[">",1e-999999999999999999999]}]}`, "Cannot compare number"},
		{`{"a":[{"anything-but":[1,9007199254740993]}]}`, "Cannot compare number : 9007199254740993"},
		{`{"a":[{"anything-but":1e400}]}`, "Cannot compare number : 1e400"},
		{`{"a":[{"cidr":"10.0.0.0"}]}`, "Malformed CIDR, one '/' required"},
		{`{"a":[{"cidr":"10.0.0.0/8/8"}]}`, "Malformed CIDR, one '/' required"},
		{`{"a":[{"cidr":"10.0.0.0/x"}]}`, "Malformed CIDR, mask bits must be an integer"},
		{`{"a":[{"cidr":"10.0.0.0/-1"}]}`, "Malformed CIDR, mask bits must not be negative"},
		{`{"a":[{"cidr":"10.0.0.0/32"}]}`, "IPv4 mask bits must be < 32"},
		{`{"a":[{"cidr":"10.0.0.0/33"}]}`, "IPv4 mask bits must be < 32"},
		{`{"a":[{"cidr":"2001:db8::1/128"}]}`, "IPv6 mask bits must be < 128"},
		{`{"a":[{"cidr":"host/8"}]}`, "Nonstandard IP address: host"},
		{`{"a":[{"cidr":"fe80::1%eth0/64"}]}`, "Nonstandard IP address: fe80::1%eth0"},
		{`{"a":[{"exactly":1}]}`, "exactly match pattern must be a string"},
		{`{"a":["1"],"$or":[{"a":["2"]},{"b":["3"]}]}`, "Path `a` cannot be allowed multiple times"},
		{`{"d":{"$or":[{"a":["2"]},{"b":["3"]}],"b":["4"]}}`, "Path `d.b` cannot be allowed multiple times"},
		{`{"$or":[{"d":{"a":["2"]}},{"b":["3"]}],"d":{"a":["4"]}}`, "Path `d.a` cannot be allowed multiple times"},
		{`{"d":{"$or":[{"a":["1"]},{"b":["2"]}]},"$or":[{"d":{"a":["3"]}},{"c":["4"]}]}`, "Path `d.a` cannot be allowed multiple times"},
		{`{"d.a":["1"],"d":{"a":["2"]}}`, "Path `d.a` cannot be allowed multiple times"},
		{`{"d":{"a.b":["1"],"a":{"b":["2"]}}}`, "Path `d.a.b` cannot be allowed multiple times"},
		{`{"$or":[{"d.a":["1"],"d":{"a":["2"]}},{"b":["3"]}]}`, "Path `d.a` cannot be allowed multiple times"},
		{`{"$or":[{"a":["1"]}]}`, "at least 2 Objects in $or"},
		{`{"$or":[{"a":["1"]},"x"]}`, "Only JSON object is allowed in array of $or"},
		{`{"$or":{"a":["1"]}}`, "It must be an Array followed with $or"},
		{`{"$or":"x"}`, "It must be an Array followed with $or"},
		{`{"$or":[{"a":["1"]},{}]}`, "Empty objects are not allowed"},
		{`{"$or":[{"a":["1"]},{"prefix":["x"]}]}`, "prefix is Ruler reserved fieldName which cannot be used inside $or"},
		{`{"$or":[{"a":["1"]},{"b":{"regex":["x"]}}]}`, "regex is Ruler reserved fieldName which cannot be used inside $or"},
		{`{"a":["` + strings.Repeat("x", 4096) + `"]}`, "longer than 4096 characters"},
		{manyAlternatives(), "more than 1000 combinations"},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			_, err := pattern.Parse([]byte(test.pattern))
			if err == nil {
				t.Fatalf("%s was accepted", test.pattern)
			}
			if !strings.HasPrefix(err.Error(), "Event pattern is not valid. Reason: ") || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("%s is refused with %q, want the reason %q", test.pattern, err, test.reason)
			}
		})
	}
}

// manyAlternatives is a pattern of 2048 combinations, eleven fields of two.
func manyAlternatives() string {
	text := `{"x":["1"]`
	closing := "}"
	for i := range 11 {
		text += fmt.Sprintf(`,"o%d":{"$or":[{"a":["1"]},{"b":["2"]}]}`, i)
	}
	return text + closing
}

func TestAnEventMustBeAnObject(t *testing.T) {
	for _, text := range []string{`[]`, `"x"`, `{`, ``} {
		if _, err := pattern.Prepare([]byte(text)); err == nil {
			t.Errorf("%q was taken for an event", text)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	parsed, err := pattern.Parse([]byte(`{"account":["1"],"source":["order"],"detail-type":["order.placed"]}`))
	if err != nil {
		b.Fatal(err)
	}
	event, err := pattern.Prepare([]byte(`{"account":"1","source":"order","detail-type":"order.placed","detail":{"items":[{"sku":"1","n":2},{"sku":"2","n":3}]}}`))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !parsed.Match(event) {
			b.Fatal("no match")
		}
	}
}
