package conformance_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// matches reports whether, according to EventBridge, an event with this detail
// matches a pattern of the detail.
func matches(t *testing.T, pattern, detail string) (bool, error) {
	t.Helper()
	return matchesEvent(t, `{"detail": `+pattern+`}`, detail)
}

func matchesEvent(t *testing.T, pattern, detail string) (bool, error) {
	t.Helper()
	event := fmt.Sprintf(`{"version": "0", "id": "1", "detail-type": "tested", "source": "conformance", "account": "111122223333",
		"time": "2026-11-22T10:15:30Z", "region": "eu-west-1", "resources": ["arn:aws:one"], "detail": %s}`, detail)
	out, err := cloud.events.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{Event: &event, EventPattern: &pattern})
	if err != nil {
		return false, err
	}
	return out.Result, nil
}

func TestPatternsMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule, pattern, detail string
		want                  bool
	}{
		// PAT-1, PAT-2, PAT-5, PAT-6, PAT-8.
		{"all fields have to match", `{"a": ["x"], "b": ["y"]}`, `{"a": "x", "b": "z"}`, false},
		{"one of several values is enough", `{"a": ["x", "y"]}`, `{"a": "y", "other": 1}`, true},
		{"a field of the pattern must exist", `{"a": ["x"]}`, `{}`, false},
		{"field names have case", `{"A": ["x"]}`, `{"a": "x"}`, false},
		{"texts are compared as they are", `{"a": ["x"]}`, `{"a": "x "}`, false},
		// PAT-13, PAT-14.
		{"a text is not a number", `{"a": ["1"]}`, `{"a": 1}`, false},
		{"a number is not a text", `{"a": [1]}`, `{"a": "1"}`, false},
		// The documentation calls 300 and 300.0 different; it was observed that
		// they match.
		{"numbers are compared as numbers", `{"a": [300]}`, `{"a": 300.0}`, true},
		// PAT-10, PAT-11, PAT-12, PAT-15, PAT-42.
		{"null matches null", `{"a": [null]}`, `{"a": null}`, true},
		{"null does not match the text null", `{"a": [null]}`, `{"a": "null"}`, false},
		{"null does not match a missing field", `{"a": [null]}`, `{}`, false},
		{"null does not match an empty array", `{"a": [null]}`, `{"a": []}`, false},
		{"an empty text matches an empty text", `{"a": [""]}`, `{"a": ""}`, true},
		{"an empty text matches nothing else", `{"a": [""]}`, `{"a": " "}`, false},
		{"true matches true", `{"a": [true]}`, `{"a": true}`, true},
		{"true does not match its text", `{"a": [true]}`, `{"a": "true"}`, false},
		{"a detail in a text is not read", `{"a": {"b": ["x"]}}`, `{"a": "{\"b\": \"x\"}"}`, false},

		// PAT-20 to PAT-24.
		{"prefix", `{"a": [{"prefix": "or"}]}`, `{"a": "order"}`, true},
		{"prefix has case", `{"a": [{"prefix": "Or"}]}`, `{"a": "order"}`, false},
		{"an empty prefix matches every text", `{"a": [{"prefix": ""}]}`, `{"a": "order"}`, true},
		{"an empty prefix matches no number", `{"a": [{"prefix": ""}]}`, `{"a": 1}`, false},
		{"prefix without case", `{"a": [{"prefix": {"equals-ignore-case": "OR"}}]}`, `{"a": "order"}`, true},
		{"suffix", `{"a": [{"suffix": "er"}]}`, `{"a": "order"}`, true},
		{"suffix does not match the middle", `{"a": [{"suffix": "de"}]}`, `{"a": "order"}`, false},
		{"suffix without case", `{"a": [{"suffix": {"equals-ignore-case": "ER"}}]}`, `{"a": "order"}`, true},
		{"equals-ignore-case", `{"a": [{"equals-ignore-case": "ORDER"}]}`, `{"a": "oRdEr"}`, true},
		{"equals-ignore-case compares all of it", `{"a": [{"equals-ignore-case": "ORDER"}]}`, `{"a": "orders"}`, false},
		{"wildcard", `{"a": [{"wildcard": "o*r*"}]}`, `{"a": "order"}`, true},
		{"a wildcard matches nothing in between too", `{"a": [{"wildcard": "o*rder"}]}`, `{"a": "order"}`, true},
		{"a wildcard's ends are fixed", `{"a": [{"wildcard": "*rde"}]}`, `{"a": "order"}`, false},
		{"an escaped asterisk is one", `{"a": [{"wildcard": "o\\*r"}]}`, `{"a": "o*r"}`, true},
		{"an escaped asterisk is no wildcard", `{"a": [{"wildcard": "o\\*r"}]}`, `{"a": "order"}`, false},

		// PAT-25, PAT-26, PAT-27.
		{"anything-but another text", `{"a": [{"anything-but": "x"}]}`, `{"a": "y"}`, true},
		{"anything-but the text", `{"a": [{"anything-but": "x"}]}`, `{"a": "x"}`, false},
		{"anything-but one of a list", `{"a": [{"anything-but": ["x", "y"]}]}`, `{"a": "y"}`, false},
		{"anything-but a number", `{"a": [{"anything-but": [1, 2]}]}`, `{"a": 3}`, true},
		{"anything-but matches null", `{"a": [{"anything-but": "x"}]}`, `{"a": null}`, true},
		{"anything-but does not match a missing field", `{"a": [{"anything-but": "x"}]}`, `{}`, false},
		{"anything-but a prefix", `{"a": [{"anything-but": {"prefix": "or"}}]}`, `{"a": "order"}`, false},
		{"anything-but another prefix", `{"a": [{"anything-but": {"prefix": ["x", "y"]}}]}`, `{"a": "order"}`, true},
		{"anything-but a suffix", `{"a": [{"anything-but": {"suffix": "er"}}]}`, `{"a": "order"}`, false},
		{"anything-but without case", `{"a": [{"anything-but": {"equals-ignore-case": "ORDER"}}]}`, `{"a": "order"}`, false},
		{"anything-but a wildcard", `{"a": [{"anything-but": {"wildcard": "o*r"}}]}`, `{"a": "order"}`, false},
		{"a number has no prefix", `{"a": [{"anything-but": {"prefix": "or"}}]}`, `{"a": 1}`, true},

		// PAT-28, PAT-29.
		{"numeric equal", `{"a": [{"numeric": ["=", 3.0e2]}]}`, `{"a": 300}`, true},
		{"numeric above", `{"a": [{"numeric": [">", 0]}]}`, `{"a": 0}`, false},
		{"numeric range, lower end", `{"a": [{"numeric": [">=", 1, "<", 5]}]}`, `{"a": 1}`, true},
		{"numeric range, upper end", `{"a": [{"numeric": [">=", 1, "<", 5]}]}`, `{"a": 5}`, false},
		{"numeric does not match a text", `{"a": [{"numeric": [">", 0]}]}`, `{"a": "1"}`, false},
		{"cidr", `{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.0.255"}`, true},
		{"cidr outside", `{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.1.0"}`, false},
		// PAT-28, PAT-13: what a double holds is compared as a number.
		{"numeric beyond 5.0e9", `{"a": [{"numeric": [">", 5000000001]}]}`, `{"a": 6e9}`, true},
		{"large numbers are compared as numbers", `{"a": [123456789012]}`, `{"a": 1.23456789012e11}`, true},
		{"a number that no double holds is compared as it is written", `{"a": [9007199254740993]}`, `{"a": 9007199254740992}`, false},
		{"a number that no double holds matches itself", `{"a": [9007199254740993]}`, `{"a": 9007199254740993}`, true},
		// PAT-29.
		{"an IP address has several spellings", `{"a": ["2001:db8::1"]}`, `{"a": "2001:db8:0:0:0:0:0:1"}`, true},
		{"exactly", `{"a": [{"exactly": "x"}]}`, `{"a": "x"}`, true},
		{"cidr of IPv6", `{"a": [{"cidr": "2001:db8::/32"}]}`, `{"a": "2001:db8::1"}`, true},

		// PAT-30, PAT-31, PAT-33.
		{"exists", `{"a": [{"exists": true}]}`, `{"a": null}`, true},
		{"exists does not match an object", `{"a": [{"exists": true}]}`, `{"a": {"b": 1}}`, false},
		{"exists does not match an empty array", `{"a": [{"exists": true}]}`, `{"a": []}`, false},
		{"does not exist", `{"a": [{"exists": false}]}`, `{"b": 1}`, true},
		{"does not exist, but does", `{"a": [{"exists": false}]}`, `{"a": 1}`, false},
		{"an object does not count as existing", `{"a": [{"exists": false}]}`, `{"a": {"b": 1}}`, true},
		{"nothing exists in what is missing", `{"a": {"b": [{"exists": false}]}}`, `{}`, true},
		{"missing, or not this", `{"a": [{"anything-but": ["x"]}, {"exists": false}]}`, `{}`, true},

		// PAT-32.
		{"one of $or", `{"$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"b": "y"}`, true},
		{"none of $or", `{"$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"a": "y"}`, false},
		{"$or of pairs", `{"$or": [{"a": ["x"], "b": {"c": ["x"]}}, {"a": ["y"], "b": {"c": ["y"]}}], "b": {"d": ["z"]}}`, `{"a": "y", "b": {"c": "y", "d": "z"}}`, true},
		{"$or of pairs, one half of each", `{"$or": [{"a": ["x"], "b": {"c": ["x"]}}, {"a": ["y"], "b": {"c": ["y"]}}], "b": {"d": ["z"]}}`, `{"a": "x", "b": {"c": "y", "d": "z"}}`, false},
		{"$or beside a field", `{"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"a": "x"}`, false},

		// PAT-40, PAT-41, PAT-43.
		{"any element of an array", `{"a": ["x", "z"]}`, `{"a": ["y", "z"]}`, true},
		{"two fields in one object of an array", `{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1, "c": 2}]}`, true},
		{"two fields in two objects of an array", `{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1}, {"c": 2}]}`, false},
		{"a dot in the pattern is nesting", `{"a.b": ["x"]}`, `{"a": {"b": "x"}}`, true},
		{"a dot in the event is nesting", `{"a": {"b": ["x"]}}`, `{"a.b": "x"}`, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := matches(t, c.pattern, c.detail)
			if err != nil || got != c.want {
				t.Errorf("the pattern %s returns %v, %v for %s", c.pattern, got, err, c.detail)
			}
		})
	}
}

// PAT-9, PAT-50, PAT-51, PAT-52.
func TestPatternsMatchTheEnvelopeToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule, pattern string
		want          bool
	}{
		{"source and detail type", `{"source": ["conformance"], "detail-type": ["tested"]}`, true},
		{"the account", `{"account": ["111122223333"]}`, true},
		{"an asterisk is no account", `{"account": ["*"]}`, false},
		{"every event", `{"source": [{"prefix": ""}]}`, true},
		{"a resource", `{"resources": ["arn:aws:one"]}`, true},
		{"a region", `{"region": [{"wildcard": "eu-*"}]}`, true},
		{"what is not a replay", `{"replay-name": [{"exists": false}]}`, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := matchesEvent(t, c.pattern, `{}`)
			if err != nil || got != c.want {
				t.Errorf("the pattern %s returns %v, %v", c.pattern, got, err)
			}
		})
	}
}

// PAT-3, PAT-4, PAT-5, PAT-20 to PAT-29, PAT-32.
func TestPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for rule, pattern := range map[string]string{
		"a value that is no array":              `{"a": "x"}`,
		"an empty array":                        `{"a": []}`,
		"no JSON":                               `{"a": [}`,
		"an unknown operator":                   `{"a": [{"like": "x"}]}`,
		"an operator in capitals":               `{"a": [{"EXISTS": true}]}`,
		"prefix of a number":                    `{"a": [{"prefix": 1}]}`,
		"prefix of a list":                      `{"a": [{"prefix": ["x"]}]}`,
		"equals-ignore-case of a list":          `{"a": [{"equals-ignore-case": ["x"]}]}`,
		"wildcard with two asterisks in a row":  `{"a": [{"wildcard": "a**b"}]}`,
		"wildcard of a list":                    `{"a": [{"wildcard": ["a*"]}]}`,
		"anything-but null":                     `{"a": [{"anything-but": null}]}`,
		"anything-but an empty prefix":          `{"a": [{"anything-but": {"prefix": ""}}]}`,
		"anything-but a prefix without case":    `{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}`,
		"numeric with an odd number of members": `{"a": [{"numeric": [">"]}]}`,
		"numeric with two lower bounds":         `{"a": [{"numeric": [">", 0, ">", 0]}]}`,
		"cidr that is none":                     `{"a": [{"cidr": "10.0.0.0/33"}]}`,
		// PAT-29: a network of one address is none.
		"cidr of one IPv4 address": `{"a": [{"cidr": "10.0.0.1/32"}]}`,
		"cidr of one IPv6 address": `{"a": [{"cidr": "2001:db8::1/128"}]}`,
		// PAT-28, PAT-25: numbers that no double holds.
		"numeric with more digits than a double": `{"a": [{"numeric": ["=", 9007199254740993]}]}`,
		"numeric beyond a double":                `{"a": [{"numeric": ["<", 1e400]}]}`,
		"anything-but more digits than a double": `{"a": [{"anything-but": [9007199254740993]}]}`,
		// PAT-32, PAT-43: a field that is written twice.
		"a field beside and inside $or":       `{"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]}`,
		"a field nested and by a dotted name": `{"a": {"b": ["x"]}, "a.b": ["y"]}`,
		"one in $or":                          `{"$or": [{"a": ["x"]}]}`,
		"$or of an object":                    `{"$or": {"a": ["x"], "b": ["y"]}}`,
		"the name of an operator in $or":      `{"$or": [{"a": ["x"]}, {"prefix": ["y"]}]}`,
		"exists of a text":                    `{"a": [{"exists": "yes"}]}`,
	} {
		t.Run(rule, func(t *testing.T) {
			_, err := matches(t, pattern, `{}`)
			if err == nil {
				t.Fatalf("the pattern %s is taken", pattern)
			}
			wantRefusal(t, err, "InvalidEventPatternException", "Event pattern is not valid")
		})
	}
}
